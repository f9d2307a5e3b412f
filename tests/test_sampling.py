"""Sampling by class in the estimators: what an epoch sees, and that everything else stays as it is."""

import numpy as np
import pytest
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.datasets import load_digit_images

SAMPLINGS = ["balanced", "oversample", "undersample"]


def small(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 3, "batch_size": 16, "random_state": 0, **params})


class Note(Callback):
    """Keep the codes and weights of the training batches of each epoch."""

    def __init__(self, notes):
        self.notes = notes

    def on_epoch_begin(self, net, **kwargs):
        self.notes.append([])

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        self.notes[-1].append((training, batch[1].tolist(), None if batch.weights is None else batch.weights.tolist()))


@pytest.fixture(scope="module")
def all_digits():
    return load_digit_images(return_X_y=True)


@pytest.fixture
def unbalanced(all_digits):
    """Digits of which the last five classes have 6 images each."""
    X, y = all_digits
    kept = np.concatenate([np.flatnonzero(y == digit)[: 60 if digit < 5 else 6] for digit in range(10)])
    return X[kept], y[kept]


def drawn_counts(notes, epoch, training=True):
    codes = [code for is_training, batch, _ in notes[epoch] if is_training is training for code in batch]
    return np.bincount(codes, minlength=10).tolist()


@pytest.mark.parametrize(("sampling", "each"), [("balanced", 33), ("oversample", 60), ("undersample", 6)])
def test_every_epoch_sees_all_classes_equally_often(sampling, each, unbalanced):
    notes = []
    clf = small(sampling=sampling, callbacks=[Note(notes)]).fit(*unbalanced)
    assert [drawn_counts(notes, epoch) for epoch in range(3)] == [[each] * 10] * 3
    assert len(notes[0]) == -(-each * 10 // 16)
    assert clf.history_["train_loss"].notna().all()


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_calls_of_partial_fit_equal_fit_to_the_bit(sampling, unbalanced):
    whole = small(sampling=sampling, lr_schedule="onecycle").fit(*unbalanced)
    stepped = small(sampling=sampling, lr_schedule="onecycle")
    for _ in range(3):
        stepped.partial_fit(*unbalanced)
    np.testing.assert_array_equal(whole.predict_proba(unbalanced[0]), stepped.predict_proba(unbalanced[0]))


def test_the_lean_loop_and_the_one_with_callbacks_draw_the_same(unbalanced):
    lean = small(sampling="balanced").fit(*unbalanced)
    hooked = small(sampling="balanced", callbacks=[Note([])]).fit(*unbalanced)
    np.testing.assert_array_equal(lean.predict_proba(unbalanced[0]), hooked.predict_proba(unbalanced[0]))


def test_rare_classes_are_found_more_often(unbalanced, all_digits):
    X, y = all_digits
    recalls = {
        sampling: recall_score(y, small(sampling=sampling, max_epochs=10).fit(*unbalanced).predict(X), average="macro")
        for sampling in (None, "oversample")
    }
    assert recalls["oversample"] > recalls[None] + 0.05


def test_images_for_validation_are_not_drawn(unbalanced):
    notes = []
    X, y = unbalanced
    small(sampling="oversample", callbacks=[Note(notes)]).fit(X, y, X_val=X, y_val=y)
    assert drawn_counts(notes, 0, training=False) == np.bincount(y).tolist()
    held_out = small(sampling="oversample", validation_fraction=0.2).fit(X, y)
    assert held_out._class_counts[1].sum() == 66


def test_weights_apply_to_what_is_drawn_and_a_weight_of_zero_is_never_drawn(unbalanced):
    X, y = unbalanced
    weights = np.where(y < 5, 1.0, 3.0)
    weights[y == 0] = 0
    notes = []
    clf = small(sampling="undersample", callbacks=[Note(notes)]).fit(X, y, sample_weight=weights)
    assert drawn_counts(notes, 1) == [0, *[6] * 9]
    assert len(clf.classes_) == 10
    for _, codes, of_batch in notes[1]:
        ratio = np.array(of_batch) / np.where(np.array(codes) < 5, 1, 3)
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_the_scale_is_learnt_from_all_images(unbalanced):
    sampled, plain = (small(sampling=sampling, max_epochs=1).fit(*unbalanced) for sampling in ("undersample", None))
    buffers = [dict(clf.net_.module_.named_buffers()) for clf in (sampled, plain)]
    assert buffers[0]
    for name, values in buffers[0].items():
        assert values.equal(buffers[1][name]), name


def test_speed_counts_the_images_that_were_drawn(unbalanced):
    net = small(sampling="undersample").fit(*unbalanced).net_
    assert net.images_per_epoch_ == 60


def test_advice_on_imbalance_is_silent_once_classes_are_drawn_equally(unbalanced):
    counts = {sampling: small(sampling=sampling).fit(*unbalanced)._class_counts[0] for sampling in (None, "balanced")}
    assert counts[None].tolist() == [60] * 5 + [6] * 5
    assert counts["balanced"].tolist() == [33] * 10


def test_sampling_may_change_between_epochs(unbalanced):
    notes = []
    clf = small(callbacks=[Note(notes)]).partial_fit(*unbalanced)
    clf.set_params(sampling="undersample").partial_fit(*unbalanced)
    assert [sum(drawn_counts(notes, epoch)) for epoch in range(2)] == [330, 60]


def test_sampling_and_balanced_weights_together_are_refused(unbalanced):
    with pytest.raises(ValueError, match=r"sampling='oversample' and class_weight='balanced' .* Choose one"):
        small(sampling="oversample", class_weight="balanced").fit(*unbalanced)


def test_a_search_chooses_among_samplings_and_focal_loss(unbalanced):
    clf = CNNClassifier(conv_channels=(4,), hidden_units=(), max_epochs=1, random_state=0)
    grid = [{"sampling": [None, *SAMPLINGS]}, {"criterion": ["focal"]}, {"class_weight": ["balanced"]}]
    search = GridSearchCV(clf, grid, cv=2, scoring="balanced_accuracy").fit(*unbalanced)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()

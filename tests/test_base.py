import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.base import BaseImageClassifier
from skimgcls.metrics import TrainingCurveDisplay

FIT_PARAMETERS = """hidden_units norm activation dropout optimizer lr momentum weight_decay l1 lr_schedule criterion
label_smoothing class_weight batch_size max_epochs gradient_clip early_stopping validation_fraction patience tol
time_limit image_shape channels n_jobs callbacks net_params device precision dtype warm_start random_state verbose"""


def small(**params):
    return MLPClassifier(**{"hidden_units": (8,), "max_epochs": 3, "batch_size": 64, "random_state": 0, **params})


class Note(Callback):
    """Keep what a function makes of the net at the end of each epoch."""

    def __init__(self, function, notes):
        self.function = function
        self.notes = notes

    def on_epoch_end(self, net, **kwargs):
        self.notes.append(self.function(net))


# --------------------------------------------------------------- a subclass


@pytest.mark.parametrize("cls", [MLPClassifier, CNNClassifier])
def test_every_parameter_has_a_constraint_and_a_place_in_the_constructor(cls):
    assert set(FIT_PARAMETERS.split()) <= set(cls().get_params())
    assert set(cls._parameter_constraints) == set(cls().get_params())
    assert set(cls._architecture_params) <= set(cls().get_params())


def test_a_subclass_needs_nothing_but_its_network(digits):
    class LinearClassifier(MLPClassifier):
        def _build_module(self, image_shape, n_classes):
            from skimgcls.architectures import MLP

            height, width, channels = image_shape
            return MLP((channels, height, width), n_classes, hidden_units=())

    clf = LinearClassifier(max_epochs=20, lr=0.01, random_state=0).fit(*digits)
    assert clf.n_parameters_ == 64 * 10 + 10
    assert clf.score(*digits) > 0.9


def test_the_base_itself_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        BaseImageClassifier()


# ------------------------------------------------------------- fitted attributes


def test_fit_returns_itself_and_sets_what_it_learnt(digits):
    X, y = digits
    clf = small()
    assert clf.fit(X, y) is clf
    assert clf.classes_.tolist() == list(range(10))
    assert clf.image_shape_ == (8, 8, 1)
    assert clf.n_features_in_ == 64
    assert (clf.n_epochs_, type(clf.n_epochs_)) == (3, int)
    assert clf.best_epoch_ == clf.history_.train_loss.idxmin() + 1
    assert clf.device_ == "cpu"
    assert clf.n_parameters_ == 64 * 8 + 8 + 8 * 10 + 10
    assert not hasattr(clf, "feature_names_in_")


def test_training_never_changes_a_parameter(digits):
    given = {"hidden_units": [8], "callbacks": [Note(id, [])], "net_params": {"optimizer__eps": 1e-7}}
    clf = small(early_stopping=True, **given)
    before = {name: (value, copy.copy(value)) for name, value in clf.get_params(deep=False).items()}
    clf.fit(*digits).partial_fit(*digits)
    for name, value in clf.get_params(deep=False).items():
        same, equal = before[name]
        assert value is same
        assert value == equal


def test_history_has_one_row_per_epoch_with_its_columns_and_types(digits):
    history = small(validation_fraction=0.2).fit(*digits).history_
    assert isinstance(history, pd.DataFrame)
    expected = [
        "epoch",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "lr",
        "seconds",
        "images_per_second",
    ]
    assert list(history.columns) == expected
    assert [dtype.kind for dtype in history.dtypes] == ["i"] + ["f"] * 7
    assert history.epoch.tolist() == [1, 2, 3]
    assert history.notna().all(axis=None)
    assert history.train_accuracy.between(0, 1).all()
    assert (history.seconds > 0).all()
    np.testing.assert_allclose(history.lr, 0.001)


def test_columns_of_validation_are_nan_without_it(digits):
    history = small().fit(*digits).history_
    assert history[["valid_loss", "valid_accuracy"]].isna().all(axis=None)


def test_history_may_be_changed_without_changing_the_model(digits):
    clf = small().fit(*digits)
    history = clf.history_
    history["train_loss"] = 0.0
    assert (clf.history_.train_loss > 0).all()


def test_fit_time_counts_all_epochs_and_goes_on_with_partial_fit(digits):
    clf = small().fit(*digits)
    assert clf.fit_time_ >= clf.history_.seconds.sum()
    before = clf.fit_time_
    clf.partial_fit(*digits)
    assert clf.fit_time_ > before
    assert clf.fit(*digits).n_epochs_ == 3


def test_attributes_of_a_fit_are_absent_before_it():
    clf = small()
    for name in ("net_", "classes_", "history_", "device_", "n_parameters_", "image_shape_", "n_features_in_"):
        assert not hasattr(clf, name)
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted yet"):
        clf.predict(np.zeros((1, 8, 8)))


def test_plot_history_draws_the_curves_of_the_fit(digits):
    display = small().fit(*digits).plot_history()
    assert isinstance(display, TrainingCurveDisplay)
    with pytest.raises(NotFittedError):
        small().plot_history()


# ------------------------------------------------------------------ predictions


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_predictions_come_from_the_same_logits(dtype, digits):
    X, y = digits
    clf = small(dtype=dtype, max_epochs=10, lr=0.01).fit(X, y)
    logits, proba = clf.decision_function(X), clf.predict_proba(X)
    assert {array.dtype for array in (logits, proba, clf.predict_log_proba(X))} == {np.dtype(dtype)}
    exp = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(proba, exp / exp.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(proba), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(clf.predict(X), clf.classes_[logits.argmax(1)])
    assert clf.score(X, y) == (clf.predict(X) == y).mean()


def test_two_classes_have_one_decision_value_whose_sign_is_the_prediction(digits):
    X, y = digits
    labels = np.where(y < 5, "small", "large")
    clf = small(max_epochs=10).fit(X, labels)
    decision = clf.decision_function(X)
    assert decision.shape == (len(X),)
    np.testing.assert_array_equal(clf.predict(X), np.where(decision > 0, "small", "large"))
    log_proba = clf.predict_log_proba(X)
    np.testing.assert_allclose(decision, log_proba[:, 1] - log_proba[:, 0], rtol=1e-4, atol=1e-5)


def test_log_probabilities_stay_finite_where_probabilities_round_to_zero(digits):
    X, y = digits
    clf = small(optimizer="sgd").fit(X, y)
    with torch.no_grad():
        clf.net_.module_.network.classifier.weight.mul_(1e4)
    assert clf.predict_proba(X).min() == 0
    assert np.isfinite(clf.predict_log_proba(X)).all()


@pytest.mark.parametrize(
    "labels", [np.array(["ant", "bee"]), np.array([10, 20]), np.array([False, True]), np.array([-1.0, 1.0])]
)
def test_predictions_are_in_the_users_labels_and_their_type(labels, digits):
    X, y = digits
    clf = small(max_epochs=15, lr=0.01).fit(X, labels[y % 2])
    assert clf.predict(X).dtype == labels.dtype
    assert clf.classes_.tolist() == labels.tolist()
    assert clf.score(X, labels[y % 2]) > 0.8


COLOUR_FORMS = {
    "channels first": lambda X: X,
    "channels last": lambda X: X.transpose(0, 2, 3, 1),
    "tensor": torch.from_numpy,
    "bfloat16 tensor": lambda X: torch.from_numpy(X).bfloat16(),
    "list of images": list,
    "nested lists": lambda X: X.tolist(),
    "float64": lambda X: X.astype(np.float64),
    "int64": lambda X: X.astype(np.int64),
    "Fortran order": np.asfortranarray,
    "reversed strides": lambda X: X[..., ::-1].copy()[..., ::-1],
}


@pytest.mark.parametrize("form", COLOUR_FORMS)
def test_the_form_of_the_images_at_predict_does_not_matter(form, rng):
    X, y = rng.integers(0, 256, (30, 3, 6, 7), dtype=np.uint8), np.arange(30) % 3
    clf = small().fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(COLOUR_FORMS[form](X)), clf.predict_proba(X))


def test_rows_with_either_order_of_channels_equal_the_images_they_came_from(rng):
    X, y = rng.integers(0, 256, (30, 3, 6, 7), dtype=np.uint8), np.arange(30) % 3
    make = {"conv_channels": (4,), "hidden_units": (), "max_epochs": 2, "dtype": "float64", "random_state": 0}
    expected = CNNClassifier(**make).fit(X, y).predict_proba(X)
    for order, images in (("first", X), ("last", X.transpose(0, 2, 3, 1))):
        rows = images.reshape(30, -1)
        clf = CNNClassifier(**make, image_shape=(6, 7, 3), channels=order).fit(rows, y)
        np.testing.assert_allclose(clf.predict_proba(rows), expected, rtol=1e-9)


def test_a_memory_map_is_trained_on_where_it_lies(digits, tmp_path):
    X, y = digits
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(small().fit(mapped, y).predict_proba(mapped), small().fit(X, y).predict_proba(X))


def test_a_data_frame_gives_its_column_names_and_other_names_are_refused_at_predict(digits):
    X, y = digits
    frame = pd.DataFrame(X.reshape(len(X), -1), columns=[f"pixel{i}" for i in range(64)])
    clf = small().fit(frame, y)
    assert clf.feature_names_in_.tolist() == list(frame.columns)
    np.testing.assert_array_equal(clf.predict(frame), small().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame.rename(columns=str.upper))


def test_predictions_of_one_image_and_of_many_agree(digits):
    X, y = digits
    clf = small().fit(X, y)
    one_by_one = np.concatenate([clf.predict_proba(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(one_by_one, clf.predict_proba(X)[:20], rtol=1e-5)


# --------------------------------------------------------- weights, validation


def test_a_weight_of_two_equals_the_image_twice(digits):
    X, y = digits[0][:40], digits[1][:40]
    # in one batch and without chance both must be the same but for rounding
    settings = {"batch_size": 1000, "dtype": "float64", "optimizer": "sgd", "lr": 0.1, "max_epochs": 5}
    weights = 1 + np.arange(40) % 2
    weighted = small(**settings).fit(X, y, sample_weight=weights)
    repeated = small(**settings).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-8)


def test_only_the_proportions_of_weights_count(digits):
    X, y = digits
    weights = np.linspace(1, 2, len(y))
    first = small(dtype="float64").fit(X, y, sample_weight=weights)
    scaled = small(dtype="float64").fit(X, y, sample_weight=1000 * weights)
    np.testing.assert_allclose(scaled.predict_proba(X), first.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 9.0}])
def test_class_weights_raise_the_rare_class(class_weight, digits):
    X, y = digits
    labels = (y == 3).astype(int)
    plain, weighted = (
        small(class_weight=weight, max_epochs=10).fit(X, labels).predict_proba(X)[:, 1].mean()
        for weight in (None, class_weight)
    )
    assert weighted > 1.3 * plain


def test_validation_does_not_change_what_is_learnt(digits):
    X, y = digits
    params = {"norm": "batch", "dropout": 0.2}
    without = small(**params).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(small(**params).fit(X, y, X_val=X[:9], y_val=y[:9]).predict_proba(X), without)


# -------------------------------------------------------------------- going on


def test_a_fit_starts_anew_and_a_warm_start_goes_on(digits):
    assert small().fit(*digits).fit(*digits).n_epochs_ == 3
    clf = small(warm_start=True).fit(*digits)
    assert clf.set_params(max_epochs=2).fit(*digits).n_epochs_ == 5
    assert clf.history_.epoch.tolist() == [1, 2, 3, 4, 5]


def test_a_fit_on_other_data_forgets_the_old(digits, rng):
    clf = small().fit(*digits)
    clf.fit(pd.DataFrame(rng.random((6, 16))).add_prefix("x"), ["a", "b"] * 3)
    assert (clf.classes_.tolist(), clf.image_shape_, clf.n_features_in_) == (["a", "b"], (4, 4, 1), 16)
    assert len(clf.feature_names_in_) == 16
    clf.fit(*digits)
    assert not hasattr(clf, "feature_names_in_")


@pytest.mark.parametrize("wrong", [{"net_params": {"lr": 1.0}}, {"hidden_units": (0,)}, {"device": "cuda:99"}])
def test_a_fit_that_is_refused_leaves_the_model_of_the_last_one_whole(wrong, digits, rng):
    X, y = digits
    clf = small().fit(X, y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match=r"net_params|hidden_units|device"):
        clf.set_params(**wrong).fit(rng.random((6, 4, 4)), ["a", "b"] * 3)
    np.testing.assert_array_equal(clf.set_params(**small().get_params()).predict_proba(X), before)
    assert clf.classes_.tolist() == list(range(10))


def test_parameters_that_shape_the_network_may_not_change_between_calls(digits):
    clf = small().partial_fit(*digits)
    for name, value in {"hidden_units": (9,), "dtype": "float64", "norm": "batch", "patch_size": 2}.items():
        before = getattr(clf, name)
        with pytest.raises(ValueError, match=rf"{name}=.* cannot replace {name}=.*Set it back"):
            clf.set_params(**{name: value}).partial_fit(*digits)
        clf.set_params(**{name: before})
    assert clf.partial_fit(*digits).n_epochs_ == 2


@pytest.mark.parametrize("same", [[8], np.array([8]), (8,)])
def test_the_same_network_in_other_words_goes_on(same, digits):
    clf = small().partial_fit(*digits).set_params(hidden_units=same).partial_fit(*digits)
    assert clf.n_epochs_ == 2


def test_callbacks_may_change_between_calls_and_keep_their_state_otherwise(digits):
    first, second = [], []
    clf = small(callbacks=[Note(id, first)]).partial_fit(*digits).partial_fit(*digits)
    clf.set_params(callbacks=[Note(id, second)]).partial_fit(*digits)
    assert (len(first), len(second)) == (2, 1)


def test_validation_may_come_and_go_between_calls(digits):
    X, y = digits
    clf = small().partial_fit(X, y).partial_fit(X, y, X_val=X, y_val=y).partial_fit(X, y)
    assert clf.history_.valid_loss.notna().tolist() == [False, True, False]
    assert clf.best_epoch_ == 2


# --------------------------------------------------------- copies and pickles


def through_joblib(clf):
    file = io.BytesIO()
    joblib.dump(clf, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("copied", [lambda clf: pickle.loads(pickle.dumps(clf)), copy.deepcopy, through_joblib])
@pytest.mark.parametrize("cls", [MLPClassifier, CNNClassifier])
def test_a_copy_predicts_and_goes_on_as_the_original(cls, copied, digits):
    X, y = digits
    epochs = []
    clf = cls(max_epochs=1, hidden_units=[8], dropout=0.2, random_state=0).partial_fit(X, y)
    again = copied(clf)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    np.testing.assert_array_equal(again.partial_fit(X, y).predict_proba(X), clf.partial_fit(X, y).predict_proba(X))
    assert again.history_.notna().sum().tolist() == clf.history_.notna().sum().tolist()
    again.set_params(callbacks=[Note(id, epochs)]).partial_fit(X, y)
    assert len(epochs) == 1


def test_a_pickle_holds_weights_and_moments_but_no_images(digits):
    X, y = digits
    clf = MLPClassifier(random_state=0, max_epochs=2, early_stopping=True).fit(X.repeat(20, axis=0), y.repeat(20))
    n_bytes = len(pickle.dumps(clf))
    assert n_bytes < 3 * 4 * clf.n_parameters_ + 30_000  # weights and Adam's two moments
    assert n_bytes < 20 * X.nbytes + 3 * 4 * clf.n_parameters_


def test_a_clone_is_unfitted_and_shares_what_callbacks_hold(digits):
    notes = []
    clf = small(callbacks=[Note(id, notes)]).fit(*digits)
    cloned = clone(clf)
    assert not hasattr(cloned, "net_")
    assert cloned.get_params() == clf.get_params()
    cloned.fit(*digits)
    assert len(notes) == 6

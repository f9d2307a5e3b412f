import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from skimgcls import MLPClassifier
from skimgcls.ensemble._fit_members import fit_members
from skimgcls.preprocessing import ImageNormalizer


class Recorder(SGDClassifier):
    """Keeps what it is fitted on."""

    def fit(self, X, y, sample_weight=None):
        self.seen_ = np.ravel(X).tolist(), list(y), None if sample_weight is None else list(sample_weight)
        return self


X, Y = np.arange(30).reshape(30, 1), np.arange(30) % 3


def fit(estimator, members, n_members=4, *, n_jobs=None, X=X, y=Y, seed=0, **fit_params):
    plan = {"members": members, "n_members": n_members, "n_jobs": n_jobs, "rng": np.random.RandomState(seed)}
    return fit_members(estimator, X, y, fit_params, **plan)


def test_members_of_other_seeds_see_all_images():
    members = fit(Recorder(), "seeds")
    assert [member.seen_ for member in members] == [(X.ravel().tolist(), Y.tolist(), None)] * 4
    assert len({member.random_state for member in members}) == 4


def test_members_of_folds_leave_out_each_image_once_and_every_class_alike():
    members = fit(Recorder(), "folds", 5)
    assert sorted(row for member in members for row in set(range(30)) - set(member.seen_[0])) == list(range(30))
    assert all(np.bincount(member.seen_[1]).tolist() == [8, 8, 8] for member in members)


def test_members_of_bagging_draw_with_replacement():
    for member in fit(Recorder(), "bagging"):
        rows, labels, _ = member.seen_
        assert len(rows) == 30
        assert 10 < len(set(rows)) < 28
        assert labels == Y[rows].tolist()


@pytest.mark.parametrize("members", ["seeds", "folds", "bagging"])
def test_each_image_keeps_its_weight(members):
    for member in fit(Recorder(), members, sample_weight=X.ravel() / 10):
        assert member.seen_[2] == pytest.approx([row / 10 for row in member.seen_[0]])


def test_a_seed_settles_everything_also_in_threads():
    for members in ("folds", "bagging"):
        one, two, other = (fit(Recorder(), members, n_jobs=jobs, seed=seed) for jobs, seed in ((1, 0), (2, 0), (1, 1)))
        assert [member.seen_ for member in one] == [member.seen_ for member in two]
        assert [member.seen_ for member in one] != [member.seen_ for member in other]


class Rates(Callback):
    """Notes the learning rate of each epoch."""

    def __init__(self, notes):
        self.notes = notes

    def on_epoch_end(self, net, **kwargs):
        self.notes.append(net.optimizer_.param_groups[0]["lr"])


def test_snapshots_are_stages_of_one_network_at_the_ends_of_cosine_cycles(digits):
    notes = []
    mlp = MLPClassifier(hidden_units=8, max_epochs=5, lr=0.01, callbacks=[Rates(notes)])
    members = fit(mlp, "snapshot", 2, X=digits[0], y=digits[1])
    cycle = [0.01 * (1 + np.cos(np.pi * share)) / 2 for share in (0, 1 / 3, 2 / 3, 0, 1 / 2)]
    assert notes == pytest.approx(cycle)
    assert [member.n_epochs_ for member in members] == [3, 5]
    assert [len(member.history_) for member in members] == [3, 5]
    assert [member.lr for member in members] == [0.01, 0.01]
    probas = [member.predict_proba(digits[0]) for member in members]
    assert not np.allclose(*probas)
    assert mlp.get_params()["random_state"] is None


@pytest.mark.parametrize(
    ("estimator", "n_members", "message"),
    [
        (make_pipeline(ImageNormalizer(), MLPClassifier()), 2, "no partial_fit.* not inside a pipeline"),
        (SGDClassifier(loss="log_loss"), 2, "SGDClassifier has no lr"),
        (MLPClassifier(lr_schedule="cosine"), 2, "lr_schedule='cosine'. Leave it None"),
        (MLPClassifier(max_epochs=3), 4, "max_epochs=3 of MLPClassifier is less than n_members=4"),
    ],
    ids=["pipeline", "sgd", "schedule", "few epochs"],
)
def test_what_cannot_be_trained_in_cycles_is_refused(estimator, n_members, message, digits):
    with pytest.raises(ValueError, match=message):
        fit(estimator, "snapshot", n_members, X=digits[0], y=digits[1])


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="n_members of at least 2"):
        fit(Recorder(), "folds", 1)

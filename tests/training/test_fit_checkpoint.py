"""A fit that was stopped goes on where it was, and ends as if nothing had happened."""

import errno
import os
import warnings

import numpy as np
import pytest
from filelock import FileLock
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import Callback, EpochScoring, LRScheduler

from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.training import PreparedImages
from skimgcls.training._fit_checkpoint import _identity
from skimgcls.training._state_bytes import pack_state, unpack_state

MLP = {"hidden_units": (16,), "batch_size": 64, "max_epochs": 6, "random_state": 0, "n_jobs": 1}
CNN = {"conv_channels": (4,), "hidden_units": (8,), "batch_size": 64, "max_epochs": 6, "random_state": 0, "n_jobs": 1}
TIMES = ["seconds", "images_per_second"]


class Broken(Exception):
    """As if the machine had gone."""


class EpochLog(Callback):
    """Writes a line for each epoch that begins to the file that LOG_OF_EPOCHS names; breaks at the one of BREAK_AT."""

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        with open(os.environ["LOG_OF_EPOCHS"], "a") as file:
            file.write(f"{len(net.history)}\n")
        if len(net.history) == int(os.environ.get("BREAK_AT", 0)):
            raise Broken


@pytest.fixture(name="log", autouse=True)
def log_of_epochs(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("LOG_OF_EPOCHS", str(path))
    return lambda: [int(line) for line in path.read_text().split()]


@pytest.fixture(name="break_at")
def break_in_an_epoch(monkeypatch):
    def fit(model, X, y, epoch, **params):
        monkeypatch.setenv("BREAK_AT", str(epoch))
        with pytest.raises(Broken):
            model.fit(X, y, **params)
        monkeypatch.delenv("BREAK_AT")

    return fit


def assert_same_fit(model, other, X):
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    assert model.history_.drop(columns=TIMES).equals(other.history_.drop(columns=TIMES))
    assert (model.n_epochs_, model.best_epoch_) == (other.n_epochs_, other.best_epoch_)
    np.testing.assert_array_equal(model.classes_, other.classes_)


CASES = {
    "MLP": (MLPClassifier, MLP | {"dropout": 0.3, "augment": "light"}),
    "RMSprop, weight decay": (MLPClassifier, MLP | {"optimizer": "rmsprop", "weight_decay": 1e-3}),
    "CNN, one cycle": (CNNClassifier, CNN | {"lr_schedule": "onecycle", "optimizer": "sgd", "lr": 0.05}),
    "early stopping": (MLPClassifier, MLP | {"early_stopping": True, "lr": 0.05, "patience": 2, "max_epochs": 30}),
    "best epoch before the break": (MLPClassifier, MLP | {"early_stopping": True, "lr": 0.3, "patience": 9}),
    "plateau": (MLPClassifier, MLP | {"lr_schedule": "plateau", "validation_fraction": 0.2}),
    "class weights": (MLPClassifier, MLP | {"class_weight": "balanced"}),
    "sampling": (MLPClassifier, MLP | {"sampling": "balanced"}),
    "float64": (MLPClassifier, MLP | {"dtype": "float64"}),
    "bf16": (CNNClassifier, CNN | {"precision": "bf16"}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_fit_ends_as_if_nothing_had_happened(case, digits, tmp_path, log, break_at):
    X, y = digits
    kind, params = CASES[case]
    whole = kind(**params, callbacks=[EpochLog()]).fit(X, y)
    n_begun = len(log())
    break_at(kind(**params, callbacks=[EpochLog()], checkpoint_dir=tmp_path / "fits"), X, y, 4)
    resumed = kind(**params, callbacks=[EpochLog()], checkpoint_dir=tmp_path / "fits").fit(X, y)
    assert_same_fit(resumed, whole, X)
    assert len(log()) == 2 * n_begun + 1  # the broken epoch is begun twice
    assert resumed.fit_time_ > resumed.history_["seconds"].sum()


def test_a_finished_fit_returns_at_once(digits, tmp_path, log):
    X, y = digits
    model = MLPClassifier(**MLP, early_stopping=True, checkpoint_dir=tmp_path, callbacks=[EpochLog()]).fit(X, y)
    begun = log()
    again = clone(model).fit(X, y)
    assert log() == begun
    assert_same_fit(again, model, X)
    assert again.history_.equals(model.history_)
    assert again.fit_time_ == pytest.approx(model.fit_time_, rel=0.5)


def test_a_drawn_seed_is_taken_up(digits, tmp_path, break_at):
    X, y = digits
    params = MLP | {"random_state": None, "validation_fraction": 0.2, "callbacks": [EpochLog()]}
    break_at(MLPClassifier(**params, checkpoint_dir=tmp_path), X, y, 4)
    resumed = MLPClassifier(**params, checkpoint_dir=tmp_path).fit(X, y)
    whole = MLPClassifier(**params | {"random_state": np.random.RandomState(0)})
    whole.set_params(random_state=resumed.net_.seed).fit(X, y)
    assert_same_fit(resumed, whole, X)


def test_a_pretrained_network_goes_on_with_its_phases(digits, tmp_path, break_at):
    X, y = digits[0][:60], digits[1][:60]
    params = {"backbone": "resnet18", "weights": None, "image_size": 32, "max_epochs": 3, "batch_size": 20}
    params |= {"unfreeze_after": 1, "random_state": 0, "n_jobs": 1, "callbacks": [EpochLog()]}
    whole = PretrainedClassifier(**params).fit(X, y)
    break_at(PretrainedClassifier(**params, checkpoint_dir=tmp_path), X, y, 3)
    assert_same_fit(PretrainedClassifier(**params, checkpoint_dir=tmp_path).fit(X, y), whole, X)


def test_validation_images_and_weights_belong_to_the_fit(digits, tmp_path):
    X, y = digits
    model = MLPClassifier(**MLP | {"max_epochs": 1}, checkpoint_dir=tmp_path)
    weights = np.linspace(0.5, 1.5, len(y))
    fits = [{}, {"sample_weight": weights}, {"X_val": X[:50], "y_val": y[:50]}, {"X_val": X[:60], "y_val": y[:60]}]
    for params in fits:
        clone(model).fit(X, y, **params)
    assert len(list(tmp_path.glob("*.safetensors"))) == len(fits)
    clone(model).fit(X.copy(), y.copy(), **fits[1])
    assert len(list(tmp_path.glob("*.safetensors"))) == len(fits)


@pytest.mark.parametrize(
    ("change", "is_shared"),
    [
        ({"verbose": 1}, True),
        ({"n_jobs": 2}, True),
        ({"device": "cpu"}, True),
        ({"max_epochs": 2}, False),
        ({"lr": 0.01}, False),
        ({"random_state": 1}, False),
        ({"dropout": 0.1}, False),
        ({"callbacks": [EpochLog()]}, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_counts_for_the_result_has_a_file_of_its_own(change, is_shared, digits, tmp_path, capsys):
    model = MLPClassifier(**MLP | {"max_epochs": 1}, checkpoint_dir=tmp_path)
    for each in (model, clone(model).set_params(**change)):
        each.fit(*digits)
    assert len(list(tmp_path.glob("*.safetensors"))) == (1 if is_shared else 2)


def test_other_weights_in_the_file_that_a_network_begins_with_are_another_fit(digits, tmp_path):
    path = tmp_path / "weights.pth"
    identities = []
    for content in (b"one", b"another"):
        path.write_bytes(content)
        model = PretrainedClassifier("resnet18", weights=str(path), checkpoint_dir=tmp_path)
        identities += [_identity(model, *digits, None, None, None) for _ in range(2)]
    assert len(set(identities)) == 2


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_folds_and_candidates_have_files_of_their_own(n_jobs, digits, tmp_path):
    X, y = digits[0][:200], digits[1][:200]
    model = MLPClassifier(**MLP | {"max_epochs": 2}, checkpoint_dir=tmp_path / "fits")
    plain = clone(model).set_params(checkpoint_dir=None)
    searches = [GridSearchCV(each, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=n_jobs).fit(X, y) for each in (model, plain)]
    np.testing.assert_array_equal(*(search.cv_results_["mean_test_score"] for search in searches))
    np.testing.assert_array_equal(*(search.predict_proba(X) for search in searches))
    assert len(list((tmp_path / "fits").glob("*.safetensors"))) == 2 * 2 + 1


def test_members_of_an_ensemble_have_files_of_their_own(digits, tmp_path):
    member = MLPClassifier(**MLP | {"max_epochs": 1}, checkpoint_dir=tmp_path)
    model = EnsembleClassifier(member, n_members=3, random_state=0).fit(*digits)
    plain = EnsembleClassifier(clone(member).set_params(checkpoint_dir=None), n_members=3, random_state=0).fit(*digits)
    assert len(list(tmp_path.glob("*.safetensors"))) == 3
    np.testing.assert_array_equal(model.predict_proba(digits[0]), plain.predict_proba(digits[0]))


def test_prepared_images_and_paths_are_the_images_that_they_stand_for(digits, tmp_path, image_files):
    X, y = digits
    model = MLPClassifier(**MLP | {"max_epochs": 1}, checkpoint_dir=tmp_path)
    for images in (X, PreparedImages(X)):
        clone(model).fit(images, y)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    paths, labels = image_files
    for _ in range(2):
        clone(model).fit(paths, labels)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    os.utime(paths[0], (1, 1))  # another picture perhaps
    clone(model).fit(paths, labels)
    assert len(list(tmp_path.glob("*.safetensors"))) == 3


@pytest.fixture(name="image_files")
def files_of_digits(digits, tmp_path):
    from PIL import Image

    X, y = digits
    paths = [tmp_path / f"{i}.png" for i in range(40)]
    for path, image in zip(paths, X, strict=False):
        Image.fromarray(np.asarray(image).reshape(8, 8).astype(np.uint8) * 15).save(path)
    return list(map(str, paths)), y[:40]


def test_a_warm_start_is_a_fit_of_its_own(digits, tmp_path, log, break_at):
    X, y = digits
    params = MLP | {"warm_start": True, "max_epochs": 4, "callbacks": [EpochLog()]}
    whole = MLPClassifier(**params).fit(X, y).fit(X, y)
    model = MLPClassifier(**params, checkpoint_dir=tmp_path).fit(X, y)
    break_at(model, X, y, 7)
    again = MLPClassifier(**params, checkpoint_dir=tmp_path).fit(X, y)
    assert again.n_epochs_ == 4
    n_begun = len(log())
    again.fit(X, y)
    assert len(log()) == n_begun + 2
    assert_same_fit(again, whole, X)


def test_partial_fit_neither_reads_nor_writes(digits, tmp_path):
    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path / "fits").partial_fit(*digits)
    assert not (tmp_path / "fits").exists()
    model.set_params(max_epochs=1).fit(*digits)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "fits").iterdir()}
    model.partial_fit(*digits)
    model.net_.partial_fit(*_prepared(model, *digits), epochs=1)
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "fits").iterdir()}


def _prepared(model, X, y):
    from skimgcls.training import prepare_training_data

    return (prepare_training_data(model, X, y).train,)


# -------------------------------------------------------------------- faults


def test_a_damaged_file_is_told_of_and_the_fit_begins_anew(digits, tmp_path, log):
    X, y = digits
    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path / "fits", callbacks=[EpochLog()]).fit(X, y)
    (path,) = (tmp_path / "fits").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.warns(UserWarning, match=r"checkpoint .*MLPClassifier-.* cannot be used: .*begins anew"):
        again = clone(model).fit(X, y)
    assert len(log()) == 12
    assert_same_fit(again, model, X)


def test_the_same_fit_at_the_same_time_trains_without_a_file(digits, tmp_path):
    X, y = digits
    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path).fit(X, y)
    (path,) = tmp_path.glob("*.safetensors")
    content = path.read_bytes()
    with FileLock(path.with_suffix(".lock")), pytest.warns(UserWarning, match="same fit, of MLPClassifier-.*without"):
        other = clone(model).fit(X, y)
    assert path.read_bytes() == content
    assert_same_fit(other, model, X)


def test_a_full_disk_says_which_folder_and_keeps_file_and_model(digits, tmp_path, monkeypatch):
    X, y = digits
    replace, written = os.replace, []

    def full_after_two(source, target):
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(target)
        replace(source, target)

    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path / "fits")
    monkeypatch.setattr(os, "replace", full_after_two)
    with pytest.raises(
        OSError, match=rf"epoch 3 could not be written to checkpoint_dir='{tmp_path}/fits'.*No space left"
    ):
        model.fit(X, y)
    monkeypatch.undo()
    assert model.n_epochs_ == 3
    assert_same_fit(model, MLPClassifier(**MLP | {"max_epochs": 3}).fit(X, y), X)
    assert [path.suffix for path in sorted((tmp_path / "fits").iterdir())] == [".lock", ".safetensors"]
    assert_same_fit(clone(model).fit(X, y), MLPClassifier(**MLP).fit(X, y), X)


def test_a_folder_that_cannot_be_made_is_told_before_training(digits, tmp_path, log):
    (tmp_path / "file").touch()
    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path / "file", callbacks=[EpochLog()])
    with pytest.raises(OSError, match=r"checkpoint_dir=.*file"):
        model.fit(*digits)
    assert not log()


def test_an_object_that_nobody_can_recognise_names_its_parameter(digits, tmp_path):
    with open(tmp_path / "open", "w") as file:
        callback = EpochLog()
        callback.file = file
        with pytest.raises(TypeError, match=r"'callbacks' holds an object of type .*TextIOWrapper"):
            MLPClassifier(**MLP, checkpoint_dir=tmp_path, callbacks=[callback]).fit(*digits)


def test_a_callback_without_a_state_is_told_of(digits, tmp_path, break_at):
    class Forgetful(Callback):
        pass

    params = MLP | {"callbacks": [EpochLog(), ("counter", Forgetful())]}
    break_at(MLPClassifier(**params, checkpoint_dir=tmp_path), *digits, 4)
    with pytest.warns(UserWarning, match="after epoch 3, but Forgetful in callbacks can only know"):
        MLPClassifier(**params, checkpoint_dir=tmp_path).fit(*digits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(**params, checkpoint_dir=tmp_path).fit(*digits)  # finished


def test_a_history_with_objects_is_refused_after_the_first_epoch(digits, tmp_path):
    class Recorder(Callback):
        def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            net.history.record("picture", object())

    with pytest.raises(TypeError, match="checkpoint_dir cannot keep this fit"):
        MLPClassifier(**MLP, checkpoint_dir=tmp_path, callbacks=[Recorder()]).fit(*digits)


def test_a_diverged_fit_diverges_again_from_its_last_good_epoch(digits, tmp_path):
    X, y = digits
    model = MLPClassifier(**MLP | {"lr": 1e30, "optimizer": "sgd"}, checkpoint_dir=tmp_path)
    for _ in range(2):
        with pytest.raises(DivergedError):
            clone(model).fit(X, y)
    with pytest.raises(ValueError, match="Training diverged in epoch 1"):
        cross_validate(model, X, y, cv=2, error_score="raise")


def test_a_file_of_another_fit_is_not_taken_for_this_one(digits, tmp_path):
    X, y = digits
    others = MLPClassifier(**MLP | {"lr": 0.01, "max_epochs": 3}, checkpoint_dir=tmp_path / "other").fit(X, y)
    model = MLPClassifier(**MLP, checkpoint_dir=tmp_path / "fits").fit(X, y)
    (path,), (source,) = ((tmp_path / name).glob("*.safetensors") for name in ("fits", "other"))
    path.write_bytes(source.read_bytes())
    with pytest.warns(UserWarning, match=r"cannot be used: It is of another fit"):
        again = clone(model).fit(X, y)
    assert_same_fit(again, model, X)
    assert others.n_epochs_ == 3


def test_a_scheduler_of_skorch_goes_on_with_its_rates(digits, tmp_path, break_at):
    X, y = digits
    params = MLP | {"callbacks": [EpochLog(), LRScheduler("StepLR", step_size=2, gamma=0.1)]}
    whole = MLPClassifier(**params).fit(X, y)
    break_at(MLPClassifier(**params, checkpoint_dir=tmp_path), X, y, 4)
    with pytest.warns(UserWarning, match="LRScheduler in callbacks"):
        resumed = MLPClassifier(**params, checkpoint_dir=tmp_path).fit(X, y)
    assert_same_fit(resumed, whole, X)
    assert resumed.history_["lr"].nunique() == 3


def test_scores_of_skorch_go_on_without_a_word(digits, tmp_path, break_at):
    X, y = digits
    params = MLP | {"callbacks": [EpochLog(), EpochScoring("accuracy", on_train=True, name="score")]}
    whole = MLPClassifier(**params).fit(X, y)
    break_at(MLPClassifier(**params, checkpoint_dir=tmp_path), X, y, 4)
    assert_same_fit(MLPClassifier(**params, checkpoint_dir=tmp_path).fit(X, y), whole, X)


def test_what_a_killed_write_left_is_removed(digits, tmp_path):
    model = MLPClassifier(**MLP | {"max_epochs": 1}, checkpoint_dir=tmp_path).fit(*digits)
    (path,) = tmp_path.glob("*.safetensors")
    (tmp_path / f".{path.name}.0123.tmp").touch()
    clone(model).fit(*digits)
    assert not list(tmp_path.glob("*.tmp"))


def test_no_folder_is_told():
    with pytest.raises(ValueError, match="checkpoint_dir='' names no folder"):
        MLPClassifier(checkpoint_dir="").fit(np.zeros((4, 8, 8)), [0, 1, 0, 1])


@pytest.mark.parametrize(
    "change", [{"until": 9}, {"seconds": "3"}, {"callbacks": []}, {"is_finished": None}, {"format": 2}], ids=str
)
def test_whole_files_with_other_contents_are_told_of(change, digits, tmp_path):
    model = MLPClassifier(**MLP | {"max_epochs": 2}, checkpoint_dir=tmp_path).fit(*digits)
    (path,) = tmp_path.glob("*.safetensors")
    state, notes = unpack_state(path.read_bytes())
    path.write_bytes(pack_state(state, **notes | change))
    with pytest.warns(UserWarning, match=r"cannot be used: It .*begins anew"):
        again = clone(model).fit(*digits)
    assert_same_fit(again, model, digits[0])

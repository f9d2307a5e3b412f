"""Paths of image files in the place of images, through everything that takes an X."""

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_predict,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import _image_cache, _read_image_files, decode_images
from skimgcls.model_selection import EpochHalvingSearchCV, OptunaSearchCV, checkpoint

RATES = optuna.distributions.CategoricalDistribution([1e-3, 1e-2])
NET = {"hidden_units": (8,), "max_epochs": 2, "batch_size": 16, "image_size": 8, "n_jobs": 1, "random_state": 0}


@pytest.fixture
def files(photo_files):
    paths, labels = photo_files
    return list(paths), list(labels)


@pytest.fixture
def n_decoded(monkeypatch):
    """Number of files that were decoded to rows, as a list that grows."""
    seen = []
    for module in (_image_cache, _read_image_files):
        decode_rows = module.decode_rows
        monkeypatch.setattr(module, "decode_rows", lambda p, *a, f=decode_rows, **k: seen.extend(p) or f(p, *a, **k))
    return seen


def as_array(paths, color_mode="rgb"):
    return decode_images(paths, 8, color_mode)


def plain(**params):
    return MLPClassifier(**{**NET, "image_size": None, **params})


# ---------------------------------------------------------------- one estimator


@pytest.mark.parametrize(
    "give",
    [
        pytest.param(list, id="list"),
        pytest.param(np.array, id="array of str"),
        pytest.param(lambda paths: np.array([Path(path) for path in paths], object), id="array of paths"),
        pytest.param(lambda paths: pd.Series(paths, index=range(5, 5 + len(paths))), id="Series"),
        pytest.param(lambda paths: pd.DataFrame({"path": paths}), id="frame of one column"),
    ],
)
def test_a_fit_on_paths_is_the_fit_on_the_decoded_images_to_the_bit(give, files):
    paths, labels = files
    X = give(paths)
    clf, expected = MLPClassifier(**NET).fit(X, labels), plain().fit(as_array(paths), labels)
    np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(as_array(paths)))
    assert clf.history_.drop(columns=["seconds", "images_per_second"]).equals(
        expected.history_.drop(columns=["seconds", "images_per_second"])
    )
    assert (clf.image_shape_, clf.n_features_in_) == ((8, 8, 3), 192)
    assert not hasattr(clf, "feature_names_in_")


@pytest.mark.parametrize("cache", ["auto", None, "streamed"])
@pytest.mark.parametrize("color_mode", ["rgb", "gray"])
@pytest.mark.parametrize("estimator", [MLPClassifier, CNNClassifier])
def test_every_way_of_reading_gives_the_same_model(estimator, color_mode, cache, files, monkeypatch):
    paths, labels = files
    if cache == "streamed":
        monkeypatch.setattr(_read_image_files, "free_memory", lambda: 100)
    net = {**NET, "color_mode": color_mode, "validation_fraction": 0.2, "class_weight": "balanced", "augment": "light"}
    clf = estimator(**{**net, "cache": None if cache == "streamed" else cache}).fit(paths, labels)
    expected = estimator(**{**net, "image_size": None}).fit(as_array(paths, color_mode), labels)
    np.testing.assert_array_equal(clf.predict_proba(paths), expected.predict_proba(as_array(paths, color_mode)))
    np.testing.assert_array_equal(clf.history_["valid_loss"], expected.history_["valid_loss"])


def test_arrays_and_paths_may_be_mixed_between_fit_and_predict(files):
    paths, labels = files
    for fit_on in (paths, as_array(paths)):
        clf = MLPClassifier(**NET).fit(fit_on, labels)
        np.testing.assert_array_equal(clf.predict_proba(paths), clf.predict_proba(as_array(paths)))
        assert clf.predict(paths[:1]).shape == (1,)
        assert clf.score(paths, labels) == clf.score(as_array(paths), labels)
    with pytest.warns(UserWarning, match="was fitted on images that reach to 0.9"):
        plain().fit(as_array(paths) / 255, labels).predict(paths)


def test_validation_images_may_be_files(files):
    paths, labels = files
    clf = MLPClassifier(**NET).fit(paths[:24], labels[:24], X_val=paths[24:], y_val=labels[24:])
    expected = plain().fit(as_array(paths[:24]), labels[:24], X_val=as_array(paths[24:]), y_val=labels[24:])
    np.testing.assert_array_equal(clf.history_["valid_loss"], expected.history_["valid_loss"])


def test_epochs_by_partial_fit_equal_fit_and_the_size_must_stay(files, n_decoded):
    paths, labels = files
    clf = MLPClassifier(**{**NET, "cache": None})
    for _ in range(2):
        clf.partial_fit(paths, labels)
    np.testing.assert_array_equal(
        clf.predict_proba(paths), MLPClassifier(**NET).fit(paths, labels).predict_proba(paths)
    )
    for change in ({"image_size": 9}, {"color_mode": "gray"}):
        with pytest.raises(ValueError, match=f"{next(iter(change))}=.* cannot replace"):
            clone(clf).partial_fit(paths, labels).set_params(**change).partial_fit(paths, labels)


def test_files_of_several_sizes_need_image_size(files):
    with pytest.raises(ValueError, match=r"different sizes .*image_size=64"):
        plain().fit(*files)


def test_an_array_must_have_the_size_that_is_asked_for(files):
    paths, labels = files
    with pytest.raises(ValueError, match=r"8 x 8 pixels, but image_size=\(8, 9\)"):
        MLPClassifier(**{**NET, "image_size": (8, 9)}).fit(as_array(paths), labels)
    with pytest.raises(ValueError, match=r"decode to .* = \(8, 8, 3\), but image_shape=\(8, 9, 3\)"):
        MLPClassifier(**NET, image_shape=(8, 9, 3)).fit(paths, labels)


def test_bad_files_are_named_before_training_and_leave_a_fitted_model_whole(files, tmp_path):
    paths, labels = files
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    clf = MLPClassifier(**NET).fit(paths, labels)
    before = clf.predict_proba(paths)
    for error, path in ((ImageDecodeError, bad), (FileNotFoundError, tmp_path / "gone.jpg")):
        with pytest.raises(error, match=path.name):
            clf.fit([*paths[:-1], path], labels)
        with pytest.raises(error, match=path.name):
            clf.predict([path])
    np.testing.assert_array_equal(clf.predict_proba(paths), before)


def test_a_fitted_model_pickles_without_its_files(files, tmp_path):
    paths, labels = files
    clf = MLPClassifier(**NET, cache=tmp_path).fit(paths, labels)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(paths), clf.predict_proba(paths))
    assert len(pickle.dumps(clf)) < len(pickle.dumps(plain().fit(as_array(paths), labels))) + 500


# ------------------------------------------------------------ scikit-learn's tools


@pytest.mark.parametrize(
    "cv",
    [3, StratifiedKFold(3), StratifiedShuffleSplit(2, test_size=0.3, random_state=0), GroupKFold(3)],
    ids=["int", "stratified", "shuffled", "grouped"],
)
def test_cross_validation_agrees_with_arrays_and_decodes_once(cv, files, n_decoded, tmp_path):
    paths, labels = files
    groups = np.arange(36) // 3 if isinstance(cv, GroupKFold) else None
    scores = []
    for X, clf in ((paths, MLPClassifier(**NET, cache=tmp_path)), (as_array(paths), plain())):
        result = cross_validate(clf, X, labels, cv=cv, groups=groups, scoring="neg_log_loss", error_score="raise")
        scores.append(result["test_score"])
    np.testing.assert_array_equal(*scores)
    assert 24 <= len(n_decoded) == len(set(n_decoded)) <= 36


def test_a_grid_search_agrees_with_arrays(files):
    paths, labels = files
    grid = {"lr": [1e-3, 1e-2]}
    searches = [
        GridSearchCV(clf, grid, cv=2, scoring="neg_log_loss", error_score="raise").fit(X, labels)
        for X, clf in ((np.array(paths), MLPClassifier(**NET)), (as_array(paths), plain()))
    ]
    np.testing.assert_array_equal(*(search.cv_results_["mean_test_score"] for search in searches))
    assert searches[0].predict(paths).shape == (36,)


def test_the_size_can_be_searched(files):
    search = GridSearchCV(MLPClassifier(**NET), {"image_size": [6, 8], "color_mode": ["gray", "rgb"]}, cv=2)
    search.fit(*files)
    assert search.best_estimator_.image_shape_[0] == search.best_params_["image_size"]


@pytest.mark.parametrize(
    "make_search",
    [
        pytest.param(lambda clf: EpochHalvingSearchCV(clf, {"lr": [1e-3, 1e-2, 1e-1]}, cv=2), id="halving"),
        pytest.param(lambda clf: OptunaSearchCV(clf, {"lr": RATES}, n_trials=2, cv=2, random_state=0), id="optuna"),
    ],
)
def test_our_searches_agree_with_arrays_and_decode_once(make_search, files, n_decoded, tmp_path, monkeypatch):
    paths, labels = files
    monkeypatch.chdir(tmp_path)
    scores = []
    for X, clf in ((paths, MLPClassifier(**NET, cache=tmp_path / "cache")), (as_array(paths), plain())):
        search = make_search(clf).fit(X, labels)
        scores.append(search.cv_results_["mean_test_score"])
        assert search.predict(X).shape == (36,)
    np.testing.assert_array_equal(*scores)
    assert len(n_decoded) == 36


def test_a_search_that_goes_on_notices_files_that_changed(files, tmp_path):
    paths, labels = files
    paths[0] = str(tmp_path / "first.png")
    search = GridSearchCV(MLPClassifier(**NET), {"lr": [1e-3, 1e-2]}, cv=2)
    for color, n_reused in (("red", 0), (None, 4), ("blue", 0)):
        if color:
            Image.new("RGB", (20, 20), color).save(paths[0])
        with checkpoint(search, tmp_path / "records") as journal:
            search.fit(paths, labels)
        assert journal.n_reused == n_reused


def test_a_search_of_sizes_reads_each(files, n_decoded):
    paths, labels = files
    search = EpochHalvingSearchCV(MLPClassifier(**{**NET, "cache": None}), {"image_size": [6, 8, 9]}, cv=2).fit(
        paths, labels
    )
    assert search.best_estimator_.image_shape_[0] == search.best_params_["image_size"]
    assert len(n_decoded) == 3 * 36 + 36  # each size once for the folds, and the winner for the refit


def test_other_tools_take_paths(files):
    paths, labels = files
    X_train, X_test, y_train, y_test = train_test_split(paths, labels, stratify=labels, random_state=0)
    clf = MLPClassifier(**NET)
    assert cross_val_predict(clf, paths, labels, cv=2).shape == (36,)
    assert learning_curve(clf, paths, labels, cv=2, train_sizes=[0.5, 1.0])[2].shape == (2, 2)
    assert CalibratedClassifierCV(clf, cv=2).fit(X_train, y_train).predict(X_test).shape == (9,)
    pipeline = make_pipeline(FunctionTransformer(), clf)
    assert pipeline.fit(X_train, y_train).score(X_test, y_test) == clf.fit(X_train, y_train).score(X_test, y_test)
    voting = VotingClassifier([("a", clf), ("b", clf)], voting="soft").fit(np.array(X_train), y_train)
    assert voting.predict(np.array(X_test)).shape == (9,)


# ----------------------------------------------------------------------- memory


@pytest.mark.parametrize("give", ["memmap", "tensor", "read-only memmap"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_rows_that_are_handed_in_are_not_copied(give, dtype, tmp_path, rng, monkeypatch):
    import torch

    from skimgcls.training import TrainingNet

    X = np.memmap(tmp_path / "X", dtype, "w+", shape=(60, 8, 8))
    X[:] = rng.integers(0, 256, X.shape)
    if give == "read-only memmap":
        X = np.memmap(tmp_path / "X", dtype, "r", shape=(60, 8, 8))
    if give == "tensor":
        X = torch.from_numpy(np.array(X))
    address = X.data_ptr() if give == "tensor" else X.ctypes.data
    seen, train = [], TrainingNet.train
    monkeypatch.setattr(TrainingNet, "train", lambda self, data, *a: seen.append(data.rows) or train(self, data, *a))
    clf = plain(max_epochs=1).fit(X, np.arange(60) % 2)
    assert [rows.data_ptr() for rows in seen] == [address]
    assert clf.predict(X).shape == (60,)


BEYOND_MEMORY = textwrap.dedent("""
    import resource, sys
    from skimgcls import MLPClassifier
    from skimgcls.utils._free_memory import free_memory
    folder, cache = sys.argv[1:]
    paths = [f"{folder}/{number % 40}.{number // 40}.bmp" for number in range(4000)]
    clf = MLPClassifier(hidden_units=(2,), max_epochs=1, batch_size=16, n_jobs=1, random_state=0, cache=cache or None)
    clf.partial_fit(paths[:9], [0, 1, 0, 1, 0, 1, 0, 1, 0])  # what torch takes at its first step is not images
    (used,) = [int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmData:")]
    limit = used + 120 * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    assert free_memory() < 4000 * 128 * 128 * 3  # bytes of all images
    clf.fit(paths, [number % 2 for number in range(4000)])
    print(clf.n_epochs_, len(clf.predict(paths)))
""")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts all memory of a process on Linux only")
@pytest.mark.parametrize("cached", [True, False])
def test_a_folder_larger_than_the_memory_limit_trains_to_the_end(cached, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    for number in range(40):
        path = tmp_path / f"{number}.0.bmp"
        Image.fromarray(pixels).save(path)
        for copy in range(1, 100):  # 4000 files, each of which counts by its path
            (tmp_path / f"{number}.{copy}.bmp").hardlink_to(path)
    cache = str(tmp_path / "cache") if cached else ""
    command = [sys.executable, "-c", BEYOND_MEMORY, str(tmp_path), cache]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout.split() == ["1", "4000"], result.stderr

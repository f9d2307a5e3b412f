import threading
import weakref

import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.images import ImageLayout
from skimgcls.training import ImageDataset, PreparedImages, _prepared_images, read_dataset, with_column_names

ROWS = np.array([5, 0, 3, 8])
NET = {"hidden_units": (8,), "batch_size": 64, "max_epochs": 2, "random_state": 0, "n_jobs": 1}


@pytest.fixture
def n_read(monkeypatch):
    """A list that grows by one entry, the number of images, with each reading."""
    seen = []

    def counted(X, **params):
        seen.append(len(X))
        return read_images(X, **params)

    read_images = _prepared_images.read_images
    monkeypatch.setattr(_prepared_images, "read_images", counted)
    return seen


def dataset_of(images, **reading):
    return images.dataset(MLPClassifier(), **{"dtype": "float32"} | reading)


# ------------------------------------------------------------------- indexing


def test_it_has_the_length_and_shape_of_what_was_given(digits):
    X, _ = digits
    assert (len(PreparedImages(X)), PreparedImages(X).shape) == (200, (200, 8, 8))
    assert PreparedImages(X)[ROWS].shape == (4, 8, 8)
    assert PreparedImages(list(X)).shape == (200,)


@pytest.mark.parametrize(
    "key",
    [ROWS, ROWS.tolist(), (ROWS, Ellipsis), np.isin(np.arange(200), ROWS), slice(10, 20, 3), slice(None)],
    ids=["array", "list", "tuple", "mask", "slice", "all"],
)
def test_every_way_to_index_gives_a_view_of_the_same_rows(key, digits):
    X, _ = digits
    view = PreparedImages(X)[key]
    expected = X[key[0] if isinstance(key, tuple) else key]
    np.testing.assert_array_equal(view.unread(), expected)
    np.testing.assert_array_equal(np.asarray(view), expected)
    np.testing.assert_array_equal(dataset_of(view).X[:, 0], expected)


def test_a_view_of_a_view_counts_within_it(digits):
    X, _ = digits
    images = PreparedImages(X)
    assert images[ROWS][[3, 0]] is images[[8, 5]]
    np.testing.assert_array_equal(images[ROWS][[3, 0]].unread(), X[[8, 5]])


def test_the_same_rows_are_the_same_view_as_long_as_somebody_holds_it(digits):
    images = PreparedImages(digits[0])
    view = images[ROWS]
    assert images[ROWS.copy()] is view
    assert images[ROWS[::-1]] is not view
    known = weakref.ref(view)
    del view
    assert known() is None


def test_it_goes_with_its_last_view_without_waiting_for_the_garbage_collector(digits):
    images = PreparedImages(digits[0])
    view = images[ROWS]
    dataset_of(view)
    known, known_view = weakref.ref(images), weakref.ref(view)
    del images
    assert known() is not None
    del view
    assert known() is None
    assert known_view() is None


@pytest.mark.parametrize("convert", [list, lambda X: X.tolist(), torch.from_numpy, lambda X: X.reshape(200, -1)])
def test_what_is_not_ours_gets_the_images_as_the_user_gave_them(convert, digits):
    X = convert(digits[0])
    assert PreparedImages(X).unread() is X
    part = PreparedImages(X)[ROWS].unread()
    assert type(part) is type(X)
    np.testing.assert_array_equal(np.asarray(part), np.asarray(X)[ROWS])


def test_of_a_frame_the_rows_are_a_frame_and_the_names_are_known(digits):
    frame = pd.DataFrame(digits[0].reshape(200, -1)).add_prefix("p")
    images = PreparedImages(frame)
    assert images[ROWS].unread().equals(frame.iloc[ROWS])
    assert with_column_names(images) is with_column_names(images[ROWS]) is with_column_names(frame) is frame
    model = MLPClassifier(**NET).partial_fit(images[ROWS], ["a", "b", "a", "b"])
    assert model.feature_names_in_[-1] == "p63"
    np.testing.assert_array_equal(model.predict(frame), model.predict(images))


# -------------------------------------------------------------------- reading


@pytest.mark.parametrize("image_shape", [None, (8, 8), [8, 8], np.array([8, 8, 1])], ids=repr)
def test_images_are_read_once_for_fits_and_predictions_on_any_of_them(image_shape, n_read, digits):
    X, y = digits
    images, model = PreparedImages(X.reshape(200, -1)), MLPClassifier(**NET, image_shape=image_shape)
    for _ in range(2):
        model.partial_fit(images[:100], y[:100])
        model.predict(images[100:])
        model.score(images[50:], y[50:])
    MLPClassifier(**NET, image_shape=image_shape).fit(images[50:], y[50:])
    assert n_read == [200]


def test_what_is_read_in_another_way_is_read_again(n_read, rng):
    images = PreparedImages(rng.random((6, 3, 4, 3)))
    first, last = (dataset_of(images, channels=channels) for channels in ("first", "last"))
    assert (first.layout, last.layout) == (ImageLayout(4, 3, 3, True), ImageLayout(3, 4, 3, False))
    assert dataset_of(images, fitted_layout=last.layout) is last
    assert dataset_of(images, channels="first", dtype="float64").rows.dtype == torch.float64
    assert n_read == [6, 6, 6]


def test_several_threads_read_once(n_read, digits):
    images, barrier, found = PreparedImages(digits[0]), threading.Barrier(4), []

    def read(rows):
        barrier.wait()
        found.append(dataset_of(images[rows]).rows)

    threads = [threading.Thread(target=read, args=(rows,)) for rows in ([1, 2], [1, 2], [3], slice(None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert n_read == [200]
    assert len({rows.data_ptr() for rows in found}) == 1


def test_what_cannot_be_read_is_refused_at_each_try(digits):
    images = PreparedImages(digits[0])
    for _ in range(2):
        with pytest.raises(ValueError, match=r"image_shape=\(9, 9, 1\) was asked for"):
            dataset_of(images, image_shape=(9, 9))
    assert len(dataset_of(images)) == 200


def test_folds_copy_no_image_and_find_their_scale_once(digits, monkeypatch):
    X, y = digits
    images, seen = PreparedImages(X), []
    monkeypatch.setattr(ImageDataset, "_moments_of_bytes", _counted(ImageDataset._moments_of_bytes, seen))
    folds = [images[:100], images[50:]]
    for lr in (1e-3, 1e-2):
        models = [MLPClassifier(**NET, lr=lr).fit(fold, y[rows]) for fold, rows in zip(folds, _SLICES, strict=True)]
    assert len(seen) == 2
    assert len({dataset_of(each).rows.data_ptr() for each in (images, *folds)}) == 1
    for model, rows in zip(models, _SLICES, strict=True):
        assert model.net_.module_.scaling.mean.item() == pytest.approx(X[rows].mean())


_SLICES = [slice(0, 100), slice(50, 200)]


def _counted(function, seen):
    def counted(*args):
        seen.append(args)
        return function(*args)

    return counted


# ----------------------------------------------------- as good as the images


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dtype": "float64", "norm": "batch"},
        {"validation_fraction": 0.3, "max_epochs": 4},
        {"class_weight": "balanced", "dropout": 0.2},
    ],
    ids=lambda params: next(iter(params), "plain"),
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_model_trained_on_a_view_is_the_one_trained_on_those_images(params, weighted, digits, rng):
    X, y = digits[0], digits[1] % 2
    train, test = np.arange(199, 99, -1), np.arange(100)
    weights = {"sample_weight": rng.integers(0, 3, 100)} if weighted else {}
    images = PreparedImages(X)
    expected = MLPClassifier(**NET | params).fit(X[train], y[train], **weights)
    seen = MLPClassifier(**NET | params).fit(images[train], y[train], **weights)
    np.testing.assert_array_equal(seen.predict_proba(images[test]), expected.predict_proba(X[test]))
    np.testing.assert_array_equal(seen.predict_proba(X[test]), expected.predict_proba(X[test]))
    assert (seen.image_shape_, seen.n_features_in_) == (expected.image_shape_, expected.n_features_in_)


def test_a_dataset_of_images_is_that_of_prepared_ones(rng):
    X = rng.random((6, 4, 4))
    for each in (X, PreparedImages(X)):
        dataset = read_dataset(each, MLPClassifier(), dtype="float64")
        np.testing.assert_array_equal(dataset.X[:, 0], X)
        assert dataset.codes is None
        assert dataset.maximum == X.max()


def test_another_scale_is_warned_of_except_in_prepared_images_which_have_one(digits):
    X, _ = digits
    reading = {"fitted_layout": ImageLayout(8, 8, 1, True), "fitted_maximum": 255.0, "dtype": "float32"}
    with pytest.warns(UserWarning, match="X_val reaches to 1, but MLPClassifier"):
        read_dataset(X / 16, MLPClassifier(), input_name="X_val", **reading)
    read_dataset(PreparedImages(X / 16), MLPClassifier(), **reading)

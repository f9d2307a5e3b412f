from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.images import decode_images
from skimgcls.inspection._shown_images import holds_paths, model_name, names_of, read_shown, short_names, take


class Decode(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return decode_images(list(X), 8)

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture
def files(tmp_path, rng):
    """Images (12, 8, 8, 3), the paths of their files, labels."""
    images = rng.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    paths = [tmp_path / f"image {i}.png" for i in range(12)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return images, paths, np.arange(12) % 2


def as_channels_last(images):
    return images.transpose(0, 2, 3, 1)


@pytest.mark.parametrize(
    "kind", [list, np.array, lambda paths: pd.Series([str(path) for path in paths], index=range(5, 17))]
)
def test_paths_are_decoded_by_the_first_step_that_does(kind, files):
    images, paths, y = files
    X = kind(paths)
    scale = FunctionTransformer(lambda X: X / 255)
    clf = make_pipeline("passthrough", Decode(), scale, MLPClassifier(max_epochs=1, random_state=0)).fit(X, y)
    shown = read_shown(X, [3, 7], estimator=clf)
    np.testing.assert_array_equal(as_channels_last(shown), images[[3, 7]])


def test_paths_that_no_step_decodes_are_decoded_here(files):
    images, paths, y = files
    assert read_shown(paths, [0, 1]).shape == (2, 3, 128, 128)
    np.testing.assert_array_equal(as_channels_last(read_shown(paths, [4], image_shape=(8, 8))), images[[4]])
    clf = MLPClassifier(max_epochs=1, random_state=0).fit(images[..., 0], y)
    assert read_shown(paths, [0, 1], estimator=clf).shape == (2, 1, 8, 8)


def test_images_that_a_step_changes_in_shape_are_read_as_they_are(rng):
    X, y = rng.integers(0, 256, (10, 6, 7, 3), dtype=np.uint8), np.arange(10) % 2
    clf = make_pipeline(FunctionTransformer(lambda X: X.mean(axis=3)), MLPClassifier(max_epochs=1)).fit(X, y)
    np.testing.assert_array_equal(as_channels_last(read_shown(X, [1, 2], estimator=clf)), X[[1, 2]])


def test_rows_are_taken_of_anything_that_holds_images(rng):
    X = rng.random((5, 4))
    for container in (X, list(X), tuple(X), pd.DataFrame(X, index=list("abcde")), torch.from_numpy(X)):
        np.testing.assert_array_equal(
            np.array([np.asarray(row) for row in np.asarray(take(container, [3, 1]))]), X[[3, 1]]
        )


def test_names_are_those_handed_in_else_the_paths_else_none(files):
    images, paths, _ = files
    assert names_of(images) is None
    assert names_of(paths).tolist() == [str(path) for path in paths]
    assert names_of([b"a.png", b"b.png"]).tolist() == ["a.png", "b.png"]
    assert names_of(paths, range(12)).tolist() == list(range(12))
    with pytest.raises(ValueError, match="inconsistent"):
        names_of(images, ["one"])


def test_short_names_are_the_last_parts_of_paths_or_positions():
    names = np.array(["/data/cats/1.png", "C:\\data\\2.png", "3.png", 44, Path("a/b.png"), "folder/"], dtype=object)
    assert short_names(names, range(6)) == ["1.png", "2.png", "3.png", "44", "b.png", "folder"]
    assert short_names(None, [7, 2]) == ["#7", "#2"]


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (["a.png"], True),
        (np.array(["a.png"]), True),
        (pd.Series(["a.png"], index=[9]), True),
        ([Path("a.png")], True),
        ([b"a.png"], True),
        ([], False),
        ([[1, 2]], False),
        (np.zeros((2, 4)), False),
        (pd.DataFrame({"a": ["b"]}), False),
    ],
    ids=["list", "array", "series", "paths", "bytes", "empty", "rows", "2-d", "frame"],
)
def test_paths_are_told_from_images(X, expected):
    assert holds_paths(X) is expected


def test_a_model_has_the_name_of_what_does_the_work():
    search = GridSearchCV(make_pipeline("passthrough", LogisticRegression(max_iter=10)), {}, cv=2)
    assert model_name(LogisticRegression()) == "LogisticRegression"
    assert model_name(make_pipeline("passthrough", LogisticRegression())) == "LogisticRegression"
    assert model_name(search) == "GridSearchCV"  # what it will find is not known
    search.best_estimator_ = search.estimator
    assert model_name(search) == "LogisticRegression"

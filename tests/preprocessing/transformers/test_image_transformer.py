"""What all transformers of images have in common."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from skimgcls import MLPClassifier
from skimgcls.preprocessing import (
    GrayscaleTransformer,
    HistogramEqualizer,
    HOGTransformer,
    ImageCropper,
    ImageFlattener,
    ImageNormalizer,
    ImageResizer,
    ImageSharpener,
)
from skimgcls.preprocessing.transformers import _image_transformer

OF_IMAGES = {
    "resizer": ImageResizer((8, 6)),
    "cropper": ImageCropper((8, 6)),
    "grayscale": GrayscaleTransformer(),
    "normalizer": ImageNormalizer(),
    "equalizer": HistogramEqualizer(),
    "sharpener": ImageSharpener(),
}
TO_ROWS = {"flattener": ImageFlattener(), "hog": HOGTransformer(pixels_per_cell=4)}
ALL = OF_IMAGES | TO_ROWS
of_images = pytest.mark.parametrize("transformer", OF_IMAGES.values(), ids=OF_IMAGES)
to_rows = pytest.mark.parametrize("transformer", TO_ROWS.values(), ids=TO_ROWS)
every = pytest.mark.parametrize("transformer", ALL.values(), ids=ALL)

IN_CHECKS = {  # scikit-learn's checks send rows of two or three numbers
    "resizer": ImageResizer((2, 5)),
    "cropper": ImageCropper((1, 1)),
    "hog": HOGTransformer(pixels_per_cell=1, cells_per_block=1),
}


@pytest.fixture
def bytes_(rng):
    return rng.integers(0, 256, (7, 12, 10, 3), dtype=np.uint8)


def run(transformer, X):
    return clone(transformer).fit_transform(X)


@pytest.mark.filterwarnings("ignore:X has rows of .* features, which is no square:UserWarning")
@pytest.mark.parametrize("name", ALL)
def test_every_check_of_scikit_learn_passes(name):
    results = check_estimator(IN_CHECKS.get(name, ALL[name]), on_skip=None)
    assert len([result for result in results if result["status"] == "passed"]) >= 40


@of_images
def test_channels_stay_where_they_are(transformer, bytes_):
    last = run(transformer, bytes_)
    first = run(transformer, bytes_.transpose(0, 3, 1, 2))
    assert last.ndim == first.ndim == 4
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)
    assert last.flags.c_contiguous


@of_images
def test_flat_rows_give_flat_rows(transformer, bytes_):
    rows = bytes_.reshape(7, -1)
    new = clone(transformer).set_params(image_shape=(12, 10, 3)).fit_transform(rows)
    np.testing.assert_array_equal(new, run(transformer, bytes_).reshape(7, -1))
    first = clone(transformer).set_params(image_shape=(12, 10, 3), channels="first")
    new = first.fit_transform(bytes_.transpose(0, 3, 1, 2).reshape(7, -1))
    np.testing.assert_array_equal(new, run(transformer, bytes_.transpose(0, 3, 1, 2)).reshape(7, -1))


@of_images
def test_grey_images_without_an_axis_of_channels_stay_without(transformer, bytes_):
    grey = bytes_[..., 0]
    new = run(transformer, grey)
    assert new.ndim == 3
    np.testing.assert_array_equal(new, run(transformer, grey[..., None])[..., 0])


@every
def test_tensors_and_lists_are_taken_and_arrays_given(transformer, bytes_):
    expected = run(transformer, bytes_)
    of_list = [image.tolist() for image in bytes_]
    for X in (torch.from_numpy(bytes_), list(bytes_), of_list, list(torch.from_numpy(bytes_))):
        new = run(transformer, X)
        assert type(new) is np.ndarray
        np.testing.assert_array_equal(new, expected)


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_stay_floats_of_their_type(transformer, bytes_, dtype):
    assert run(transformer, bytes_.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("normalizer", "hog")])
def test_bytes_stay_bytes(name, bytes_):
    assert run(ALL[name], bytes_).dtype == np.uint8
    assert run(ALL[name], bytes_.astype(int)).dtype == np.uint8


@every
def test_bytes_and_fractions_are_transformed_alike(transformer, bytes_):
    if isinstance(transformer, (ImageNormalizer, HOGTransformer)):
        scale, tolerance = 1, {"rtol": 1e-3, "atol": 1e-5}
    else:
        scale, tolerance = 255, {"atol": 1.001}
    of_fractions = run(transformer, bytes_ / 255)
    np.testing.assert_allclose(of_fractions * scale, run(transformer, bytes_).astype(float), **tolerance)


@every
def test_images_are_transformed_one_by_one_and_left_as_they_are(transformer, bytes_, monkeypatch):
    monkeypatch.setattr(_image_transformer, "_CHUNK_VALUES", 12 * 10 * 3 * 2)
    before = bytes_.copy()
    bytes_.flags.writeable = False
    fitted = clone(transformer).fit(bytes_)
    whole = fitted.transform(bytes_)
    np.testing.assert_array_equal(bytes_, before)
    for i in (0, 6):
        np.testing.assert_array_equal(fitted.transform(bytes_[i : i + 1])[0], whole[i])


@every
def test_a_pickled_transformer_does_the_same(transformer, bytes_):
    fitted = clone(transformer).fit(bytes_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(bytes_), fitted.transform(bytes_))


@every
def test_names_are_as_many_as_values_and_all_different(transformer, bytes_):
    fitted = clone(transformer).fit(bytes_)
    names = fitted.get_feature_names_out()
    assert len(names) == len(set(names)) == fitted.transform(bytes_)[0].size == fitted._n_features_out


@of_images
def test_pandas_output_is_of_rows_and_leaves_images_as_they_are(transformer, bytes_):
    transformer = clone(transformer).set_output(transform="pandas")
    assert type(transformer.fit_transform(bytes_)) is np.ndarray
    rows = pd.DataFrame(bytes_.reshape(7, -1), columns=[f"p{i}" for i in range(360)], index=list("abcdefg"))
    frame = transformer.set_params(image_shape=(12, 10, 3)).fit_transform(rows)
    assert list(frame.index) == list("abcdefg")
    assert list(frame.columns) == list(transformer.get_feature_names_out())


@to_rows
def test_pandas_output_has_the_names_of_the_features(transformer, bytes_):
    pipeline = make_pipeline(ImageResizer(12), transformer).set_output(transform="pandas")
    frame = pipeline.fit_transform(bytes_)
    assert list(frame.columns) == list(pipeline.get_feature_names_out())


@every
def test_images_of_another_shape_are_refused(transformer, bytes_):
    fitted = clone(transformer).fit(bytes_)
    with pytest.raises(ValueError, match="was fitted on images of"):
        fitted.transform(bytes_[:, :-1])


@every
def test_images_of_another_scale_are_warned_of(transformer, bytes_):
    with pytest.warns(UserWarning, match="multiply or divide by 255"):
        clone(transformer).fit(bytes_).transform(bytes_ / 255)


@every
def test_files_are_read(transformer, bytes_, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(7)]
    for path, image in zip(paths, bytes_, strict=True):
        Image.fromarray(image).save(path)
    fitted = clone(transformer).fit(bytes_)
    if isinstance(transformer, ImageResizer):
        assert run(transformer, paths).shape == (7, 8, 6, 3)
    else:
        np.testing.assert_array_equal(run(transformer, paths), fitted.transform(bytes_))


def test_they_stand_before_a_network_and_before_other_classifiers_in_a_search(rng):
    X = rng.integers(0, 100, (40, 12, 10, 3), dtype=np.uint8)
    y = np.arange(40) % 2
    X[y == 1, :6] += 150
    chain = [ImageCropper(10), GrayscaleTransformer(), HistogramEqualizer(), ImageSharpener(), ImageResizer(6)]
    network = make_pipeline(*chain, MLPClassifier(hidden_units=8, max_epochs=15, lr=0.01, random_state=0))
    assert network.fit(X, y).score(X, y) == 1
    assert network[-1].image_shape_ == (6, 6, 1)
    search = GridSearchCV(
        make_pipeline(*chain, ImageNormalizer(), ImageFlattener(), LogisticRegression()),
        {"imageresizer__size": [5, 8], "imagecropper__position": ["center", (0, 0)]},
        cv=2,
    )
    assert search.fit(X, y).best_score_ == 1


@pytest.mark.parametrize("size", [0, -1, (2, 0), (2, 3, 4), 2.5, (2.5, 1)])
@pytest.mark.parametrize("transformer", [ImageResizer(), ImageCropper()], ids=["resizer", "cropper"])
def test_a_size_that_is_none_is_refused(transformer, size, bytes_):
    with pytest.raises(ValueError, match="size"):
        clone(transformer).set_params(size=size).fit(bytes_)

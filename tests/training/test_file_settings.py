from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.training._file_settings import READING_CONSTRAINTS, SHAPING_PARAMS, file_settings


def test_settings_are_those_of_the_estimator_or_the_defaults():
    clf = MLPClassifier(image_size=(8, 9), color_mode="gray", cache=None)
    assert file_settings(clf) == ((8, 9), "gray", None, True)
    assert file_settings(MLPClassifier(image_size=np.array([8, 9]))) == ((8, 9), "auto", "auto", True)
    assert file_settings(BaseEstimator()) == (None, "auto", "auto", True)


def test_an_estimator_that_resizes_says_what_files_become():
    assert file_settings(SimpleNamespace(image_size=96, _file_size=224)) == (224, "auto", "auto", False)


@pytest.mark.parametrize("estimator", [CNNClassifier, MLPClassifier])
def test_the_estimators_have_the_parameters(estimator, tmp_path):
    assert set(READING_CONSTRAINTS) <= set(estimator().get_params())
    assert set(SHAPING_PARAMS) <= set(estimator._architecture_params)
    assert clone(estimator(cache=tmp_path)).cache == tmp_path


@pytest.mark.parametrize(
    "params", [{"image_size": 0}, {"image_size": "64"}, {"image_size": (8,)}, {"color_mode": "bgr"}, {"cache": 3}]
)
def test_values_out_of_range_are_refused_by_name(params, photo_files):
    paths, labels = photo_files
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        MLPClassifier(**params).fit(paths, labels)


def test_a_folder_may_be_a_str_or_a_path(photo_files, tmp_path):
    paths, labels = photo_files
    for cache in (str(tmp_path / "a"), Path(tmp_path / "b")):
        MLPClassifier(image_size=8, max_epochs=1, cache=cache).fit(paths, labels)
        assert any(Path(cache).glob("8x8x3*/*.rows"))

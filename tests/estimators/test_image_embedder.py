import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.estimators import ImageEmbedder

SMALL = {"backbone": "squeezenet1_1", "weights": None, "image_size": 32, "random_state": 0}


def small(**params):
    return ImageEmbedder(**{**SMALL, **params})


@pytest.fixture(scope="module")
def classifier(digit_scans):
    X, y = digit_scans
    return CNNClassifier(conv_channels=(8, 8), hidden_units=(20,), max_epochs=5, lr=0.01, random_state=0).fit(X, y)


# ---------------------------------------------------------------- named backbones

_names, _checks = parametrize_with_checks([small(dtype="float64")]).args


@pytest.mark.filterwarnings("ignore:X has rows of .* features, which is no square:UserWarning")
@pytest.mark.parametrize(_names, list(_checks), ids=parametrize_with_checks([small(dtype="float64")]).kwargs["ids"])
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


def test_features_are_those_that_a_pretrained_classifier_trains_on(digits):
    X, y = digits
    torch_features = PretrainedClassifier(**SMALL, max_epochs=1).fit(X, y).net_.network.features
    scaled = torch.from_numpy(X)[:40, None] / 16
    with torch.no_grad():
        np.testing.assert_allclose(small().fit(X).transform(X[:40]), torch_features(scaled), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(20, 8, 8), (20, 9, 14, 3), (20, 3, 20, 8)], ids=str)
def test_images_become_rows_of_features(shape, rng):
    X = rng.integers(0, 256, shape, dtype=np.uint8)
    features = small().fit_transform(X)
    assert features.shape == (20, 512)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_the_same_seed_gives_the_same_features_and_another_others(digits):
    X, _ = digits
    first, again, other = (small(random_state=seed).fit_transform(X[:20]) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    "classifier",
    [LogisticRegression(max_iter=1000), KNeighborsClassifier(3), NearestCentroid()],
    ids=lambda c: type(c).__name__,
)
def test_classifiers_of_scikit_learn_learn_from_few_images(classifier, digits):
    X, y = digits
    pipeline = make_pipeline(small(), VarianceThreshold(), StandardScaler(), classifier)
    assert pipeline.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.4


def test_columns_have_names(digits):
    X, _ = digits
    embedder = small().set_output(transform="pandas")
    frame = embedder.fit_transform(X[:5])
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns[:2]) == ["imageembedder0", "imageembedder1"]
    assert list(embedder.get_feature_names_out()) == list(frame.columns)


def test_files_are_decoded_to_the_size_of_the_network(tmp_path, rng):
    paths = []
    for i in range(3):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8)).save(paths[-1])
    embedder = small(cache=None).fit(paths)
    assert embedder.image_shape_ == (32, 32, 3)
    assert embedder.transform(paths).shape == (3, 512)


def test_a_pickle_gives_the_same_features(digits):
    X, _ = digits
    embedder = small().fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(embedder)).transform(X), embedder.transform(X))


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"backbone": "resnet19"}, "'backbone' parameter.*resnet18"),
        ({"backbone": LogisticRegression()}, "'backbone' parameter"),
        ({"precision": "fp8"}, "'precision' parameter"),
        ({"image_size": 8}, "8 x 8 pixels"),
    ],
    ids=["name", "no image classifier", "precision", "size"],
)
def test_what_cannot_be_is_refused_by_name(params, told, digits):
    with pytest.raises(ValueError, match=told):
        small(**params).fit(digits[0])


# -------------------------------------------------------------- fitted classifiers


def test_a_fitted_classifier_gives_what_its_last_layer_is_given(classifier, digits):
    X, _ = digits
    features = ImageEmbedder(classifier).fit_transform(X)
    assert features.shape == (200, 20)
    head = classifier.net_.module_.network.classifier
    with torch.no_grad():
        logits = head[-1] if isinstance(head, torch.nn.Sequential) else head
        scores = logits(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(scores, classifier.decision_function(X), rtol=1e-3, atol=1e-3)


def test_a_pretrained_classifier_can_be_wrapped_too(digits):
    X, y = digits
    clf = PretrainedClassifier(**SMALL, max_epochs=1).fit(X, y)
    np.testing.assert_allclose(ImageEmbedder(clf).fit_transform(X), small().fit_transform(X), rtol=1e-3, atol=1e-4)


def test_clones_share_the_classifier_so_that_it_stays_fitted(classifier, digits):
    X, y = digits
    embedder = ImageEmbedder(classifier, n_jobs=1)
    copied = clone(embedder)
    assert copied.backbone is classifier
    assert copied.n_jobs == 1
    scores = cross_val_score(make_pipeline(embedder, LogisticRegression(max_iter=1000)), X, y, cv=3)
    assert scores.mean() > 0.85


def test_the_classifier_is_left_as_it_was(classifier, digits):
    X, _ = digits
    before = classifier.predict_proba(X)
    ImageEmbedder(classifier).fit(X).transform(X)
    np.testing.assert_array_equal(classifier.predict_proba(X), before)


def test_images_of_another_shape_than_the_classifier_knows_are_refused(classifier, rng):
    with pytest.raises(ValueError, match=r"fitted on images of .*8, 8, 1"):
        ImageEmbedder(classifier).fit(rng.integers(0, 16, (5, 9, 9), dtype=np.uint8))


def test_a_classifier_that_is_not_fitted_is_refused(digits):
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted"):
        ImageEmbedder(MLPClassifier()).fit(digits[0])


def test_before_fit_nothing_is_transformed(digits):
    with pytest.raises(NotFittedError):
        small().transform(digits[0])

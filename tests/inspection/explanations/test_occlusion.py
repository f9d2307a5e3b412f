import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier

from skimgcls.inspection import occlusion
from tests.inspection.explanations.conftest import mass_in_quadrant, striped


def test_a_pixel_has_the_mean_loss_of_the_windows_that_covered_it(cnn, quadrants):
    X, y = striped(*quadrants, n=2)
    losses = occlusion(cnn, X, y, window=(8, 16), baseline=3)
    for image, label, loss in zip(X, y, losses, strict=True):
        covered = np.stack([image] * 4)
        for top, copy in zip((0, 4, 8), covered, strict=False):  # steps of half a window
            copy[top : top + 8] = 3
        shares = cnn.predict_proba(covered)[:, np.flatnonzero(cnn.classes_ == label)[0]]
        first, second, third = shares[3] - shares[:3]
        expected = np.repeat([first, (first + second) / 2, (second + third) / 2, third], 4)
        np.testing.assert_allclose(loss, np.repeat(expected[:, None], 16, axis=1), atol=1e-5)


@pytest.mark.parametrize("name", ["cnn", "resnet", "mlp", "colour_cnn"])
def test_most_of_the_loss_lies_where_the_class_is(name, request):
    X, _ = striped(*request.getfixturevalue("colour_quadrants" if name == "colour_cnn" else "quadrants"))
    losses = occlusion(request.getfixturevalue(name), X)
    assert losses.shape == (8, 16, 16)
    assert mass_in_quadrant(losses).min() > 0.6


def test_any_classifier_with_probabilities_can_be_asked(quadrants):
    X, y = quadrants
    clf = RandomForestClassifier(n_estimators=30, random_state=0).fit(X.reshape(len(X), -1), y)
    rows = striped(X, y)[0].reshape(8, -1)
    assert mass_in_quadrant(occlusion(clf, rows)).min() > 0.6
    assert occlusion(clf, rows[:2], image_shape=(8, 32)).shape == (2, 8, 32)


def test_a_classifier_that_looks_at_nothing_loses_nothing(quadrants):
    X, y = quadrants
    clf = DummyClassifier(strategy="prior").fit(X.reshape(len(X), -1), y)
    np.testing.assert_array_equal(occlusion(clf, X[:3].reshape(3, -1)), np.zeros((3, 16, 16)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (5, 13)])
def test_images_of_any_size_are_covered_in_full(shape, rng):
    class Sum(DummyClassifier):
        def predict_proba(self, X):
            share = X.sum((1, 2)) / (255 * X[0].size)
            return np.stack([1 - share, share], axis=1)

    X = np.full((2, *shape), 200)
    clf = Sum().fit(X, [0, 1])
    assert (occlusion(clf, X, 1, baseline=0) > 0).all()
    assert (occlusion(clf, X, 0, baseline=0) < 0).all()


@pytest.mark.parametrize("window", [0, 17, (4, 20), (1, 2, 3)], ids=str)
def test_a_window_that_does_not_fit_is_refused(window, cnn, quadrants):
    with pytest.raises(ValueError, match="window must be one or two numbers of pixels that fit into images of 16 x 16"):
        occlusion(cnn, quadrants[0][:2], window=window)


def test_the_network_and_random_numbers_are_left_alone(cnn, quadrants):
    module, state = cnn.net_.module_.train(), torch.get_rng_state()
    first = occlusion(cnn, quadrants[0][:3])
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(occlusion(cnn, quadrants[0][:3]), first)
    np.testing.assert_allclose(occlusion(cnn, quadrants[0][2:3])[0], first[2], atol=1e-6)

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import Ridge

from skimgcls.inspection import lime


class Linear(DummyClassifier):
    """The probability is linear in the brightness of the four quadrants."""

    shares = np.array([0.4, -0.2, 0.1, 0.05])

    def predict_proba(self, X):
        quadrants = np.stack([X[:, :8, :8], X[:, :8, 8:], X[:, 8:, :8], X[:, 8:, 8:]], axis=1).mean((2, 3)) / 255
        share = 0.3 + quadrants @ self.shares
        return np.stack([1 - share, share], axis=1)


@pytest.fixture
def image():
    X = np.zeros((1, 16, 16), dtype=np.uint8)  # quadrants of their own brightness are regions of their own
    X[0, :8, :8], X[0, :8, 8:], X[0, 8:, :8], X[0, 8:, 8:] = 255, 100, 150, 220
    return X


def test_the_coefficients_of_a_linear_model_are_found(image):
    clf = Linear().fit(np.zeros(2), [0, 1])
    values = lime(clf, image, 1, baseline=0, n_segments=4, random_state=0)
    brightness = np.array([255, 100, 150, 220]) / 255
    found = [values[0, 2, 2], values[0, 2, 12], values[0, 12, 2], values[0, 12, 12]]
    np.testing.assert_allclose(found, Linear.shares * brightness, atol=0.01)  # the ridge shrinks them a little
    np.testing.assert_allclose(lime(clf, image, 0, baseline=0, n_segments=4, random_state=0), -values, atol=1e-5)


def test_the_model_is_a_ridge_regression_with_more_weight_on_what_hides_little(image, monkeypatch):
    seen = {}

    def fit(self, X, y, sample_weight=None):
        seen.update(strength=self.alpha, X=X, weights=sample_weight)
        return original(self, X, y, sample_weight=sample_weight)

    original = Ridge.fit
    monkeypatch.setattr(Ridge, "fit", fit)
    clf = Linear().fit(np.zeros(2), [0, 1])
    lime(clf, image, 1, n_samples=60, random_state=0)
    assert seen["strength"] == 1
    assert seen["X"].shape[0] == 60
    distance = 1 - np.sqrt(seen["X"].mean(1))
    np.testing.assert_allclose(seen["weights"], np.sqrt(np.exp(-(distance**2) / 0.25**2)), rtol=1e-5)

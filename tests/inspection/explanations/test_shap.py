import itertools
import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from skimgcls.inspection import shap


class Game(DummyClassifier):
    """Three quadrants that only count together in parts: a game with known Shapley values."""

    @staticmethod
    def value(shown):
        a, b, c, d = shown
        return 0.1 + 0.5 * a * b + 0.2 * c - 0.1 * a * d

    def predict_proba(self, X):
        shown = [X[:, 2, 2] > 0, X[:, 2, 12] > 0, X[:, 12, 2] > 0, X[:, 12, 12] > 0]
        share = self.value(np.array(shown, dtype=float))
        return np.stack([1 - share, share], axis=1)


@pytest.fixture
def image():
    X = np.zeros((1, 16, 16), dtype=np.uint8)
    X[0, :8, :8], X[0, :8, 8:], X[0, 8:, :8], X[0, 8:, 8:] = 255, 100, 150, 220
    return X


def shapley_values():
    """By definition: the mean gain over all orders."""
    gains = np.zeros(4)
    for order in itertools.permutations(range(4)):
        shown = np.zeros(4)
        for player in order:
            before = Game.value(shown)
            shown[player] = 1
            gains[player] += (Game.value(shown) - before) / math.factorial(4)
    return gains


def test_the_values_are_those_of_the_definition(image):
    values = shap(
        Game().fit(np.zeros(2), ["lose", "win"]), image, "win", baseline=0, n_segments=4, random_state=0, n_samples=5000
    )
    found = [values[0, 2, 2], values[0, 2, 12], values[0, 12, 2], values[0, 12, 12]]
    np.testing.assert_allclose(found, shapley_values(), atol=0.01)


def test_the_shares_add_up_to_what_the_image_gains(cnn, quadrants):
    X, y = quadrants
    values = shap(cnn, X[1:4], y[1:4], baseline=0, n_samples=200, random_state=0)
    columns = np.searchsorted(cnn.classes_, y[1:4])
    expected = cnn.predict_proba(X[1:4])[range(3), columns] - cnn.predict_proba(X[1:4] * 0)[range(3), columns]
    np.testing.assert_allclose([np.unique(value).sum() for value in values], expected, atol=2e-3)

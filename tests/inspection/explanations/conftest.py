"""Images whose class stands in one quadrant, and networks that have learnt it."""

import numpy as np
import pytest

from skimgcls import CNNClassifier, MLPClassifier

SIDE, QUADRANT = 16, (slice(None), slice(0, 8), slice(8, 16))
NAMES = np.array(["noise", "rows", "columns"])


def make_quadrants(n, n_channels=None):
    """Dark noise with bright stripes in the upper right: along rows, along columns, or none at all."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, size=(n, SIDE, SIDE, n_channels or 1), dtype=np.uint8)
    codes = np.arange(n) % 3
    X[codes == 1, 0:8:2, 8:16] = 255
    X[codes == 2, 0:8, 8:16:2] = 255
    return (X if n_channels else X[..., 0]), NAMES[codes]


def mass_in_quadrant(attributions):
    """Share of what speaks for the class that lies in the quadrant, for each image."""
    positive = np.maximum(attributions, 0)
    return positive[QUADRANT].sum((1, 2)) / positive.sum((1, 2))


def striped(X, y, n=8):
    """The first images with stripes, and their labels."""
    rows = np.flatnonzero(y != "noise")[:n]
    return X[rows], y[rows]


@pytest.fixture(scope="session")
def quadrants():
    return make_quadrants(300)


@pytest.fixture(scope="session")
def colour_quadrants():
    return make_quadrants(300, n_channels=3)


@pytest.fixture(scope="session")
def cnn(quadrants):
    return CNNClassifier(conv_channels=(8, 16), lr=3e-3, max_epochs=8, random_state=0).fit(*quadrants)


@pytest.fixture(scope="session")
def colour_cnn(colour_quadrants):
    return CNNClassifier(conv_channels=(8, 16), lr=3e-3, max_epochs=8, random_state=0).fit(*colour_quadrants)


@pytest.fixture(scope="session")
def resnet(quadrants):
    return CNNClassifier(architecture="resnet", depth=8, width=8, lr=3e-3, max_epochs=5, random_state=0).fit(*quadrants)


@pytest.fixture(scope="session")
def mlp(quadrants):
    return MLPClassifier(hidden_units=32, max_epochs=10, random_state=0).fit(*quadrants)

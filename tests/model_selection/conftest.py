"""Tables of candidates, and searches that are over in no time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin


class Guesser(ClassifierMixin, BaseEstimator):
    """Learns nothing; its accuracy is its parameter, on ten images or a multiple of that."""

    def __init__(self, quality=0.5, size=(1,), max_epochs=3, early_stopping=False, callbacks=None, time_limit=None):
        self.quality = quality
        self.size = size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.callbacks = callbacks
        self.time_limit = time_limit

    def fit(self, X, y):
        if self.quality is None:
            raise ValueError("no quality")
        self.classes_ = np.unique(y)
        self.n_epochs_ = self.max_epochs
        return self

    def score(self, X, y):
        return self.quality


@pytest.fixture(scope="session")
def guesser():
    return Guesser


@pytest.fixture(scope="session")
def blank_images():
    """Images and labels that no test looks at: X (60, 2), y (60,) of two classes."""
    return np.zeros((60, 2)), np.arange(60) % 2


def make_frame(n=50, seed=0):
    """Candidates of a random search with long names and one hopeless score."""
    rng = np.random.default_rng(seed)
    lr = 10 ** rng.uniform(-5, -1, n)
    frame = pd.DataFrame(
        {
            "lr": lr,
            "batch_size": rng.choice([16, 32, 64, 128], n),
            "optimizer": rng.choice(["sgd", "adam", "adamw"], n),
            "augment": rng.choice(["None", "Compose(augmentations=[RandomFlip(), RandomCrop(), Cutout()])"], n),
            "score": 0.89 - 0.02 * (np.log10(lr) + 3) ** 2 + rng.normal(0, 0.01, n),
            "score_std": rng.uniform(0.003, 0.02, n),
            "fit_seconds": rng.lognormal(1, 1, n),
        }
    )
    frame.loc[n - 1, "score"] = 0.01
    return frame


@pytest.fixture
def random_frame():
    return make_frame


@pytest.fixture
def grid_frame():
    """Optimizer x lr, 3 x 4: the best is adam at 0.001."""
    rows = [(optimizer, lr) for optimizer in ("sgd", "adam", "adamw") for lr in (1e-4, 1e-3, 1e-2, 1e-1)]
    frame = pd.DataFrame(rows, columns=["optimizer", "lr"])
    frame["score"] = [0.6, 0.7, 0.8, 0.75, 0.8, 0.9, 0.7, 0.6, 0.79, 0.89, 0.69, 0.59]
    frame["score_std"] = 0.01
    frame["fit_seconds"] = np.linspace(1, 2, 12)
    frame["n_parameters"] = 1000
    return frame


@pytest.fixture(scope="session")
def overlaps():
    return overlapping_texts


def overlapping_texts(ax):
    """Pairs of texts in a panel that cover each other once it is drawn."""
    figure = ax.figure.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    texts = [each for each in ax.texts + [*ax.get_xticklabels(), *ax.get_yticklabels()] if each.get_text()]
    boxes = [(each.get_text(), text_boxes(each, renderer)) for each in texts if each.get_visible()]
    return [
        (first, second)
        for place, (first, parts) in enumerate(boxes)
        for second, others in boxes[place + 1 :]
        if any(part.overlaps(other) for part in parts for other in others)
    ]


def text_boxes(text, renderer):
    """What a text covers: one box, or, of a slanted one, those of pieces along its diagonal."""
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    box = Text.get_window_extent(text, renderer).padded(-1)  # of an annotation without its arrow
    if text.get_rotation() == 0:
        return [box]
    half = text.get_fontsize() * text.figure.dpi / 72 / 2.5
    low, high = np.array([box.x0, box.y0]) + half, np.array([box.x1, box.y1]) - half
    return [Bbox([middle - half, middle + half]) for middle in np.linspace(low, high, 20)]

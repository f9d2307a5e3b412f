import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from skimgcls.inspection import ClassifiedImagesDisplay
from skimgcls.metrics import ConfusionMatrixDisplay, ReliabilityDisplay, RocCurveDisplay, TrainingCurveDisplay
from skimgcls.metrics._suit_paper import suit_paper

Y = np.array([0, 1, 2] * 20)
PROBA = np.random.default_rng(0).dirichlet([1, 1, 1], len(Y))
IMAGES = np.zeros((len(Y), 4, 4), dtype=np.uint8)


def luminance(colour):
    """Relative luminance of WCAG 2.1."""
    return np.dot(
        (0.2126, 0.7152, 0.0722), [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    )


DRAW = {
    "training": lambda: TrainingCurveDisplay.from_history({"train_loss": [3, 2, 1], "valid_loss": [3, 2, 2]}),
    "roc": lambda: RocCurveDisplay.from_predictions(Y, PROBA),
    "reliability": lambda: ReliabilityDisplay.from_predictions(Y, PROBA),
    "images": lambda: ClassifiedImagesDisplay.from_predictions(IMAGES, Y, PROBA, name="model"),
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=list(DRAW))
def test_every_word_can_be_read_in_a_dark_style(draw):
    with plt.style.context("dark_background"):
        texts = draw().figure_.findobj(lambda each: isinstance(each, Text) and each.get_text())
    faint = [text.get_text() for text in texts if luminance(text.get_color()) < 0.125]  # 3.5 : 1 on black
    assert faint == []


def test_numbers_in_cells_keep_the_colour_that_their_cells_want():
    light = ConfusionMatrixDisplay.from_predictions(Y, PROBA.argmax(axis=1))
    with plt.style.context("dark_background"):
        dark = ConfusionMatrixDisplay.from_predictions(Y, PROBA.argmax(axis=1))
    assert [t.get_color() for t in dark.text_.ravel()] == [t.get_color() for t in light.text_.ravel()]


@pytest.mark.parametrize("paper", ["white", "none", "#d0e0d0"])
def test_on_light_and_transparent_paper_nothing_changes(paper):
    _, ax = plt.subplots(facecolor=paper)
    ax.set_facecolor("none")
    text = ax.text(0, 0, "word", color="#222222")
    suit_paper([ax])
    assert to_hex(text.get_color()) == "#222222"


def test_axes_without_a_frame_lie_on_the_paper_of_the_figure():
    _, ax = plt.subplots(facecolor="black")
    ax.set_facecolor("white")
    text = ax.text(0, 0, "word", color="#222222")
    suit_paper([ax])
    assert text.get_color() == "#222222"
    ax.set_axis_off()
    suit_paper([ax])
    assert luminance(text.get_color()) > 0.5

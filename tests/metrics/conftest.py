"""Predictions of many kinds, and a check of what a picture shows."""

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image

LONG_NAMES = [
    "Canis lupus familiaris (golden retriever)",
    "very_long_snake_case_class_name_01",
    "very_long_snake_case_class_name_02",
    "Донаудампфшиффартсгезельшафт",
    "كلب صغير",
    "猫と犬",
    "$5 bill & <b>",
]


def make_predictions(classes, n=400, skill=3.0, seed=0, missing=()):
    """Labels, probabilities of a model that confuses neighbours, and classes."""
    rng = np.random.default_rng(seed)
    k = len(classes)
    codes = np.arange(n) % k
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), codes] += skill * rng.uniform(0.5, 1.5, k)[codes]
    logits[np.arange(n), (codes + 1) % k] += skill / 2
    proba = np.exp(logits)
    classes = np.array(classes)
    kept = ~np.isin(codes, missing)
    return classes[codes[kept]], (proba / proba.sum(axis=1, keepdims=True))[kept], classes


CASES = {
    "digits": make_predictions(range(10)),
    "good": make_predictions(["airplane", "automobile", "bird", "cat", "deer"], n=1000, skill=9),
    "poor": make_predictions(range(6), skill=0.2),
    "two": make_predictions(["benign", "malignant"], skill=1),
    "booleans": make_predictions([False, True]),
    "hundred": make_predictions([f"species number {i}" for i in range(100)], n=3000),
    "long": make_predictions(LONG_NAMES, n=700),
    "missing": make_predictions(range(10), missing=(3, 7)),
    "tied": (np.arange(60) % 3, np.full((60, 3), 1 / 3), np.arange(3)),
    "certain": (np.arange(60) % 3, np.eye(3)[np.arange(60) % 3], np.arange(3)),
}


@pytest.fixture(params=list(CASES))
def case(request):
    """Name, labels, probabilities and classes, of every kind."""
    return request.param, *CASES[request.param]


@pytest.fixture
def named_case():
    """Labels, probabilities and classes of the kind that is named."""
    return CASES.get


@pytest.fixture
def predictions():
    return make_predictions


@pytest.fixture
def png_complaints():
    """What is wrong with a figure as a PNG: nothing drawn, texts that overlap or are cut."""
    return find_complaints


def find_complaints(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    pixels = np.asarray(Image.open(buffer).convert("L"))
    complaints = [] if pixels.min() < 128 and pixels.std() > 1 else ["nothing is drawn"]
    boxes = [(text, Text.get_window_extent(text)) for text in shown_texts(figure)]  # without leaders
    whole = figure.bbox.padded(1)
    complaints += [f"{text.get_text()!r} is cut" for text, box in boxes if not is_inside(box, whole)]
    upright = [(text.get_text(), box) for text, box in boxes if text.get_rotation() % 90 == 0]
    for i, (text, box) in enumerate(upright):
        complaints += [f"{text!r} covers {other!r}" for other, rest in upright[:i] if box.padded(-1.5).overlaps(rest)]
    return complaints


def shown_texts(figure):
    texts = []
    for ax in figure.findobj(Axes):
        ticks = [tick for axis in (ax.xaxis, ax.yaxis) if ax.axison for tick in axis._update_ticks()]
        texts += [*ax.texts, ax.xaxis.label, ax.yaxis.label, *(tick.label1 for tick in ticks)]
        texts += ax.get_legend().findobj(Text) if ax.get_legend() else []
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def is_inside(box, whole):
    return box.x0 >= whole.x0 and box.y0 >= whole.y0 and box.x1 <= whole.x1 and box.y1 <= whole.y1

import math
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from skimgcls.metrics._curve_svg import HEIGHT, LABEL_HEIGHT, WIDTH, curve_svg

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train_loss": [2.0, 1.0, 0.5],
        "valid_loss": [1.5, 0.8, 0.9],
        "train_accuracy": [0.2, 0.6, 0.8],
    }
)


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("text")]


def numbers(svg):
    """Coordinates (x, y) of all that is drawn."""
    for element in ElementTree.fromstring(svg).iter():
        yield from ((float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", element.get("points", "")))
        if "x" in element.attrib:
            yield float(element.get("x")), float(element.get("y"))


def test_a_curve_has_its_axes_and_the_names_and_last_values_of_its_lines():
    assert texts(curve_svg(HISTORY, "loss")) == [
        "loss (nats)", "0.5", "2", "1", "3", "epoch", "train 0.5", "validation 0.9",
    ]  # fmt: skip


def test_a_split_that_was_not_recorded_is_left_out_and_without_any_there_is_nothing():
    svg = curve_svg(HISTORY, "accuracy")
    assert "validation" not in svg
    assert svg.count("<polyline") == 1
    assert curve_svg(HISTORY[["epoch"]], "loss") == curve_svg(HISTORY.iloc[:0], "loss") == ""


def test_it_says_in_words_what_it_shows():
    root = ElementTree.fromstring(curve_svg(HISTORY, "loss"))
    words = (
        "Loss (nats) over 3 epochs: train from 2 to 0.5, lowest in epoch 3; validation from 1.5 to 0.9, lowest in "
        "epoch 2."
    )
    assert (root.get("role"), root.get("aria-label"), root.find("title").text) == ("img", words, words)


def test_it_follows_the_colour_of_the_text_and_carries_neither_ids_nor_styles_nor_scripts():
    svg = curve_svg(HISTORY, "loss")
    root = ElementTree.fromstring(svg)
    assert root.get("fill") == root.find("path").get("stroke") == "currentColor"
    assert not re.search(r"\bid=|<style|<script|href|\bon\w+=", svg)


@pytest.mark.parametrize("losses", [[1.0], [1.0, 1.0], [np.nan, 2.0, np.inf], [1e-9, 5e9, 2.0], [0.0, 0.0]])
def test_whatever_the_losses_are_all_stands_inside(losses):
    frame = pd.DataFrame({"epoch": range(1, len(losses) + 1), "train_loss": losses, "valid_loss": losses})
    svg = curve_svg(frame, "loss")
    assert "nan" not in svg.lower()
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT and math.isfinite(x + y) for x, y in numbers(svg))


def test_labels_of_ends_that_are_close_do_not_overlap():
    frame = HISTORY.assign(valid_loss=HISTORY.train_loss + 0.001)
    labels = [
        e for e in ElementTree.fromstring(curve_svg(frame, "loss")).iter("text") if e.text[:5] in ("train", "valid")
    ]
    (train, valid) = (float(label.get("y")) for label in labels)
    assert train - valid == pytest.approx(LABEL_HEIGHT, abs=0.11)


def test_a_long_training_stays_small():
    n = 20_000
    frame = pd.DataFrame({"epoch": np.arange(1, n + 1), "train_loss": np.linspace(2, 0, n)})
    assert len(curve_svg(frame, "loss")) < 5_000

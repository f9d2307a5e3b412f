import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.inspection import ImageGridDisplay

LONG_NAMES = np.array(
    ["Canis lupus familiaris (golden retriever)", "very_long_snake_case_class_name_01", "Донаудампфшиффарт", "كلب صغير"]
)


def shown(display):
    return np.stack([tile.images[0].get_array() for tile in display.axes_])


def texts_of(display):
    return [[text.get_text() for text in tile.texts] for tile in display.axes_]


def headings(display):
    whole = display.axes_[0].figure.axes[0]
    return [text.get_text() for text in whole.texts]


def assert_nothing_overlaps_or_is_cut(display):
    display.figure_.savefig(io.BytesIO(), format="png", dpi=100)
    whole = display.figure_.axes[0]
    texts = [text for ax in (whole, *display.axes_) for text in ax.texts if text.get_text()]
    boxes = [each.get_window_extent() for each in (*texts, *display.axes_)]
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= display.figure_.bbox.x1 + 1
        assert box.y1 <= display.figure_.bbox.y1 + 1
    for one, other in itertools.combinations(boxes, 2):
        width, height = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
        assert width < 1 or height < 1


def test_the_first_images_are_shown_with_labels_above_and_captions_below(digits):
    X, y = digits
    display = ImageGridDisplay.from_images(
        X, y, n_images=4, captions=[f"scan {i}" for i in range(len(X))], title="ours"
    )
    np.testing.assert_array_equal(shown(display), np.round(X[:4] * (255 / 16)))
    assert texts_of(display) == [[str(label), f"scan {i}"] for i, label in enumerate(y[:4])]
    assert headings(display)[0] == "ours"
    assert texts_of(ImageGridDisplay.from_images(X, n_images=1)) == [[]]


def test_a_few_of_each_class_stand_under_its_name(digits):
    X, y = digits
    names = np.array([f"digit {label}" for label in range(10)])[y]
    display = ImageGridDisplay.from_images(X, names, per_class=3)
    rows = np.concatenate([np.flatnonzero(y == label)[:3] for label in range(10)])
    np.testing.assert_array_equal(shown(display), np.round(X[rows] * (255 / 16)))
    assert [text for text in headings(display) if text] == [f"digit {label}" for label in range(10)]


def test_a_rare_class_shows_what_it_has():
    X = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2)
    display = ImageGridDisplay.from_images(X, ["b", "a", "b", "b", "b"], per_class=2, captions=list("vwxyz"))
    assert texts_of(display) == [["w"], ["v"], ["x"]]
    assert [text for text in headings(display) if text] == ["a", "b"]
    assert len(ImageGridDisplay.from_images(X, ["b", "a", "b", "b", "b"], per_class=2, n_images=2).axes_) == 2


@pytest.mark.parametrize(
    ("convert", "options"),
    [
        (lambda X: X, {}),
        (lambda X: X / 255, {}),
        (lambda X: X.transpose(0, 3, 1, 2), {}),
        (lambda X: X.reshape(len(X), -1), {"image_shape": (7, 9, 3)}),
        (lambda X: pd.DataFrame(X.reshape(len(X), -1)), {"image_shape": (7, 9, 3)}),
        (lambda X: torch.from_numpy(X), {}),
        (lambda X: list(X), {}),
    ],
    ids=["bytes", "floats", "channels first", "rows", "frame", "tensor", "list"],
)
def test_shows_images_of_any_form_and_scale(convert, options, rng):
    X = rng.integers(0, 256, size=(5, 7, 9, 3), dtype=np.uint8)
    X[0, 0, 0, 0] = 255
    np.testing.assert_array_equal(shown(ImageGridDisplay.from_images(convert(X), **options)), X)


@pytest.mark.parametrize("n_classes", [2, 10, 100])
@pytest.mark.parametrize("names", [None, LONG_NAMES], ids=["numbers", "long names"])
def test_pictures_of_classes_neither_overlap_nor_are_cut(n_classes, names, rng):
    y = np.repeat(np.arange(n_classes), 2)
    labels = y if names is None else np.array([f"{names[i % len(names)]} {i}" for i in y])
    display = ImageGridDisplay.from_images(rng.random((len(y), 8, 8)), labels, per_class=2)
    assert_nothing_overlaps_or_is_cut(display)


@pytest.mark.parametrize("into_axes", [False, True])
def test_pictures_with_long_captions_neither_overlap_nor_are_cut(into_axes, rng):
    ax = plt.subplots(figsize=(7, 7))[1] if into_axes else None
    labels = LONG_NAMES[np.arange(12) % 4]
    display = ImageGridDisplay.from_images(rng.random((12, 8, 8)), labels, captions=labels, ax=ax, title="a title")
    assert_nothing_overlaps_or_is_cut(display)
    assert display.figure_ is (display.figure_ if ax is None else ax.figure)


def test_columns_can_be_chosen_and_the_grid_drawn_again(digits):
    X, y = digits
    display = ImageGridDisplay.from_images(X, y, n_columns=3, n_images=6)
    first = display.figure_
    assert len({round(tile.get_position().x0, 3) for tile in display.axes_}) == 3
    assert display.plot(n_columns=2) is display
    assert display.figure_ is not first
    assert len({round(tile.get_position().x0, 3) for tile in display.axes_}) == 2


def test_booleans_are_labels(digits):
    X, y = digits
    assert [text for text in headings(ImageGridDisplay.from_images(X, y > 4, per_class=1)) if text] == ["False", "True"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_class": 2}, "Pass the labels as y"),
        ({"n_images": 0}, "n_images == 0, must be >= 1"),
        ({"n_images": -1}, "n_images == -1, must be >= 1"),
        ({"y": [1, 2]}, "inconsistent"),
        ({"captions": ["one"]}, "inconsistent"),
    ],
    ids=["no labels", "no images", "fewer than none", "labels of other images", "captions of other images"],
)
def test_what_cannot_be_shown_is_refused(options, message, digits):
    X, _ = digits
    with pytest.raises(ValueError, match=message):
        ImageGridDisplay.from_images(X, **options)

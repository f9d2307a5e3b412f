import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from skimgcls.datasets import check_images, make_images
from skimgcls.inspection import ImageCheckDisplay
from skimgcls.inspection._image_check_display import NO_PICTURE


def assert_nothing_overlaps_or_is_cut(display):
    display.figure_.savefig(io.BytesIO(), format="png", dpi=100)
    whole = display.figure_.axes[0]
    texts = [text for ax in (whole, *display.axes_) for text in ax.texts if text.get_text() not in ("", NO_PICTURE)]
    boxes = [each.get_window_extent() for each in (*texts, *display.axes_)]
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= display.figure_.bbox.x1 + 1
        assert box.y1 <= display.figure_.bbox.y1 + 1
    for one, other in itertools.combinations(boxes, 2):
        width, height = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
        assert width < 1 or height < 1


def texts_of(display):
    return [[text.get_text() for text in tile.texts] for tile in display.axes_]


def headings(display):
    return [text.get_text() for text in display.figure_.axes[0].texts if text.get_text()]


@pytest.fixture
def paths(tmp_path, rng):
    """Files of which one cannot be read, one has another mode, one is tiny, and two are the same."""
    for i in range(9):
        blocks = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((70, 50))
        blocks.save(tmp_path / f"a_photograph_with_a_long_name_{i}.png")
    paths = sorted(tmp_path.iterdir())
    paths[1].write_bytes(b"broken")
    Image.open(paths[2]).convert("CMYK").save(tmp_path / "print.jpg")
    Image.new("RGB", (4, 3)).save(tmp_path / "tiny.png")
    paths[4].write_bytes(paths[3].read_bytes())
    return [*paths, tmp_path / "print.jpg", tmp_path / "tiny.png"]


def test_each_check_has_a_heading_a_remedy_and_its_images(paths):
    display = ImageCheckDisplay.from_images(paths, ["Käfer", *["пчела"] * 10])
    title = display.report.title
    assert [text for text in headings(display) if text.startswith((title, "unreadable", "odd", "exact", "near"))] == [
        "unreadable: 1 image",
        "odd mode: 1 image",
        "odd size: 1 image",
        "near-blank: 1 image",
        "exact duplicates: 2 images in 1 group",
        "near duplicates: 2 images in 1 group",
        title,
    ]
    assert any(text.startswith("on_error=") for text in headings(display))
    assert any("x width). Few images: Käfer (1)" in text.replace("\n", " ") for text in headings(display))
    assert len(display.axes_) == len(display.report.examples) == 8
    assert_nothing_overlaps_or_is_cut(display)


def test_captions_say_what_is_odd_and_name_the_file(paths):
    texts = texts_of(ImageCheckDisplay.from_images(paths))
    assert texts[0][0] == NO_PICTURE
    assert texts[1] == ["JPEG, CMYK\ncolour", "print.jpg"]
    assert texts[2] == ["3 x 4", "tiny.png"]
    assert all("…" in names[-1] for names in texts[-4:-2])  # too long for a tile


def test_images_keep_their_proportions_and_small_ones_their_pixels(paths):
    display = ImageCheckDisplay.from_images(paths)
    shown = [tile.images[0].get_array() for tile in display.axes_]
    assert {image.shape for image in shown} == {(96, 96, 3)}
    (tiny,) = (image for image, text in zip(shown, texts_of(display), strict=True) if text == ["3 x 4", "tiny.png"])
    assert (tiny == 0).all(axis=2).sum() == 72 * 96
    assert (tiny[:12] == 255).all()


def test_parts_are_told_apart_and_arrays_named_by_position(rng):
    X = rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)
    X[9] = X[1]
    display = ImageCheckDisplay.from_images(X[:6], X_test=X[6:])
    assert texts_of(display) == [["train", "#1"], ["test", "#3"]]
    assert_nothing_overlaps_or_is_cut(display)


def test_without_findings_there_is_the_title_alone():
    X, y = make_images(60, random_state=0, return_X_y=True)
    display = ImageCheckDisplay.from_report(check_images(X, y))
    assert len(display.axes_) == 0
    assert headings(display) == ["60 images of 3 classes: nothing found"]
    assert_nothing_overlaps_or_is_cut(display)


def test_many_rare_classes_are_cut_short(rng):
    X = rng.integers(0, 256, (130, 8, 8), dtype=np.uint8)
    display = ImageCheckDisplay.from_images(X, [f"class {i}" for i in range(100)] + ["class 0"] * 30)
    assert any("and 94 more" in text.replace("\n", " ") for text in headings(display))
    assert_nothing_overlaps_or_is_cut(display)


def test_it_draws_into_given_axes(rng):
    X = rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)
    X[9] = X[1]
    figure, ax = plt.subplots(figsize=(6, 4))
    display = ImageCheckDisplay(check_images(X)).plot(ax=ax)
    assert display.figure_ is figure
    assert len(display.axes_) == 2
    assert_nothing_overlaps_or_is_cut(display)

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.datasets import fetch_cifar10
from skimgcls.inspection import AugmentationDisplay
from skimgcls.preprocessing import ColorJitter, Compose, CutMix, RandomCrop, RandomFlip


def shown(display):
    return np.stack([[tile.images[0].get_array() for tile in row] for row in display.axes_])


def turn_upside_down(images):
    return images.flip(2)


def test_each_row_is_an_image_and_its_draws(digits):
    X, _ = digits
    display = AugmentationDisplay.from_images(X, RandomFlip(p=1), n_images=3, n_views=2)
    images = shown(display)
    assert images.shape == (3, 3, 8, 8)
    expected = np.round(X[:3] * (255 / 16)).astype(np.uint8)
    np.testing.assert_array_equal(images[:, 0], expected)
    np.testing.assert_array_equal(images[:, 1], expected[:, :, ::-1])
    np.testing.assert_array_equal(images[:, 2], expected[:, :, ::-1])


@pytest.mark.parametrize(
    ("convert", "options"),
    [
        (lambda X: X, {}),
        (lambda X: X.transpose(0, 3, 1, 2), {}),
        (lambda X: X.reshape(len(X), -1), {"image_shape": (7, 9, 3)}),
        (lambda X: X.transpose(0, 3, 1, 2).reshape(len(X), -1), {"image_shape": (7, 9, 3), "channels": "first"}),
        (lambda X: pd.DataFrame(X.reshape(len(X), -1)), {"image_shape": (7, 9, 3)}),
        (lambda X: torch.from_numpy(X), {}),
        (lambda X: list(X), {}),
        (lambda X: X / 255, {}),
    ],
)
def test_shows_images_of_any_form(convert, options, rng):
    X = rng.integers(0, 256, size=(6, 7, 9, 3), dtype=np.uint8)
    X[0, 0, 0, 0] = 255
    display = AugmentationDisplay.from_images(convert(X), turn_upside_down, n_views=1, **options)
    np.testing.assert_array_equal(shown(display), np.stack([X[:4], X[:4, ::-1]], axis=1))


@pytest.mark.parametrize("augment", ["light", "standard", "strong", [CutMix(), torch.neg]])
@pytest.mark.parametrize("shape", [(5, 12, 10), (5, 12, 10, 1), (5, 12, 10, 3), (5, 12, 10, 4), (1, 1, 1)])
def test_draws_every_preset_on_every_kind_of_image_without_overlap(augment, shape, rng):
    X = rng.integers(0, 256, size=shape, dtype=np.uint8)
    display = AugmentationDisplay.from_images(X, augment, n_views=3)
    display.figure_.canvas.draw()
    boxes = [tile.get_window_extent() for tile in display.axes_.ravel()]
    boxes += [text.get_window_extent() for text in display.figure_.axes[0].texts]
    boxes += [line.get_window_extent() for line in display.figure_.axes[0].lines]
    whole = display.figure_.bbox
    for i, box in enumerate(boxes):
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1 + 1
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1 + 1
        assert not any(box.padded(-0.5).overlaps(other.padded(-0.5)) for other in boxes[:i])


def test_a_seed_gives_the_same_draws_and_another_gives_others(digits):
    X, _ = digits
    first, second, other = (
        shown(AugmentationDisplay.from_images(X, "standard", random_state=seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    np.testing.assert_array_equal(first[:, 0], other[:, 0])


def test_draws_of_one_image_differ_and_mixtures_show_the_other_images(shared_data):
    X, _ = fetch_cifar10(subset="test", data_home=shared_data, return_X_y=True)
    draws = AugmentationDisplay.from_images(X, "strong", random_state=0).augmented
    assert draws.shape == (4, 7, 32, 32, 3)
    assert all(len(np.unique(row.reshape(7, -1), axis=0)) == 7 for row in draws)
    images = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((1, 16, 16), np.uint8) * 100
    mixed = AugmentationDisplay.from_images(images, CutMix(), n_images=3, random_state=0).augmented
    assert max(len(np.unique(draw)) for row in mixed for draw in row) == 2


def test_a_brighter_draw_does_not_make_the_image_darker(digits):
    X, _ = digits
    alone = shown(AugmentationDisplay.from_images(X, "light", random_state=0))
    bright = shown(AugmentationDisplay.from_images(X, ColorJitter(brightness=1.0), random_state=0))
    np.testing.assert_array_equal(bright[:, 0], alone[:, 0])


@pytest.mark.parametrize(
    ("augment", "title"),
    [
        ("standard", "standard: RandomFlip, RandomCrop, Cutout"),
        ([RandomFlip(p=0.1), turn_upside_down, None], "RandomFlip(p=0.1), turn_upside_down"),
        (Compose([RandomCrop(padding=2)]), "RandomCrop(padding=2)"),
        (torch.nn.Identity(), "Identity"),
    ],
)
def test_the_title_says_what_is_done(augment, title, digits):
    display = AugmentationDisplay.from_images(digits[0], augment)
    assert display.title == title
    assert display.figure_.axes[0].texts[0].get_text().replace("\n", " ") == title


@pytest.mark.parametrize("options", [{"augment": None}, {"n_images": 0}, {"n_views": 0}])
def test_nothing_to_show_is_an_error(options, digits):
    with pytest.raises(ValueError, match="There is nothing to show"):
        AugmentationDisplay.from_images(digits[0], **options)


def test_an_augmentation_that_changes_the_size_cannot_be_shown(digits):
    with pytest.raises(ValueError, match=r"makes images of shape \(1, 8, 4\) .* of \(1, 8, 8\)"):
        AugmentationDisplay.from_images(digits[0], lambda images: images[..., ::2])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (4, 40), (60, 3)])
def test_a_grid_fits_into_given_axes_and_keeps_proportions(height, width, rng):
    figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    display = AugmentationDisplay.from_images(rng.random((6, height, width)), "light", n_views=4, ax=ax)
    assert display.figure_ is figure
    assert not ax.axison
    figure.canvas.draw()
    for tile in display.axes_.ravel():
        box = tile.get_window_extent()
        assert box.x1 <= ax.get_window_extent().x1 + 1
        assert box.y0 >= ax.get_window_extent().y0 - 1
        assert box.height / box.width == pytest.approx(min(max(height / width, 1 / 3), 3), rel=0.02)


def test_can_be_drawn_again(digits):
    display = AugmentationDisplay.from_images(digits[0], "light")
    first = display.figure_
    assert display.plot() is display
    assert display.figure_ is not first

import io
import struct

import numpy as np
import pytest
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import decode_image
from skimgcls.images._to_gray_or_rgb import is_gray, to_gray_or_rgb


def encode(image, image_format, **options):
    """An image file as an open file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", True), ("L", True), ("LA", True), ("I;16", True), ("I", True), ("F", True), ("RGB", False), ("CMYK", False)],
)
def test_the_mode_says_whether_there_is_colour(mode, expected):
    assert is_gray(Image.new(mode, (2, 2))) == expected


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize(("color_mode", "wanted"), [("gray", "L"), ("rgb", "RGB")])
def test_every_mode_becomes_grey_or_colour(mode, color_mode, wanted):
    assert to_gray_or_rgb(Image.new(mode, (3, 2)), "TIFF", color_mode).mode == wanted


def test_gray_mode_weighs_colours_by_their_brightness():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    image = decode_image(encode(pixels, "PNG"), color_mode="gray")
    np.testing.assert_allclose(image[0, :, 0], 255 * np.array([0.299, 0.587, 0.114]), atol=1)  # ITU-R 601-2


def palette_image(*entries):
    """Two pixels, of the two entries of a palette."""
    image = Image.new("P", (2, 1))
    image.putpalette(sum(entries, ()))
    image.putpixel((1, 0), 1)
    return image


RED_BLUE = palette_image((200, 10, 30), (5, 100, 250))
LIGHT_DARK = palette_image((200, 200, 200), (5, 5, 5))
GREY_AND_NOTHING = Image.merge("LA", [Image.new("L", (2, 1), 40), Image.fromarray(np.array([[255, 0]], np.uint8))])
INKS = np.array([[[255, 0, 0, 255], [0, 0, 0, 51]]], np.uint8)  # the second lets 80 % of what is behind it through


@pytest.mark.parametrize(
    ("image", "image_format", "options", "expected"),
    [
        (Image.fromarray(np.array([[True, False]])), "PNG", {}, [[[255], [0]]]),
        (RED_BLUE, "PNG", {}, [[[200, 10, 30], [5, 100, 250]]]),
        (LIGHT_DARK, "PNG", {}, [[[200], [5]]]),
        (INKS, "PNG", {}, [[[255, 0, 0], [204, 204, 204]]]),
        (GREY_AND_NOTHING, "PNG", {}, [[[40], [255]]]),
        (RED_BLUE, "PNG", {"transparency": 0}, [[[255, 255, 255], [5, 100, 250]]]),
        (RED_BLUE, "GIF", {"transparency": 0}, [[[255, 255, 255], [5, 100, 250]]]),
        (np.array([[9, 40]], np.uint8), "PNG", {"transparency": 9}, [[[255], [40]]]),
    ],
    ids=["1 bit", "palette", "palette of greys", "RGBA", "LA", "transparent entry", "GIF", "transparent grey"],
)
def test_palettes_and_transparency_become_greys_or_colours_on_white(image, image_format, options, expected):
    np.testing.assert_array_equal(decode_image(encode(image, image_format, **options)), expected)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "PPM"])
def test_16_bit_greys_are_scaled_and_not_clipped(image_format):
    values = np.array([[0, 128, 129, 257, 12_850, 65_535]], np.uint16)
    np.testing.assert_array_equal(decode_image(encode(values, image_format))[:, :, 0], [[0, 0, 1, 1, 50, 255]])


def test_big_endian_16_bit_tiff_gives_the_same():
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">2H", 257, 65_535))
    assert decode_image(encode(image, "TIFF")).tolist() == [[[1], [255]]]


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.float32, [0.0, 0.2, 1.0], [0, 51, 255]),  # 0 to 1
        (np.float32, [0.0, 2.4, 200.0], [0, 2, 200]),  # 0 to 255
        (np.float32, [-10.0, 0.0, 41.0], [0, 50, 255]),
        (np.float32, [0.0, 1_000.0, 5_000.0], [0, 51, 255]),
        (np.float32, [-3.0, -3.0, -3.0], [0, 0, 0]),
        (np.int32, [0, 1, 200], [0, 1, 200]),
        (np.int32, [0, 1, 1], [0, 1, 1]),
        (np.int32, [-100, 0, 155], [0, 100, 255]),
        (np.int32, [0, 7, 7_000], [0, 0, 255]),
    ],
)
def test_32_bit_tiff_is_scaled_and_not_clipped(dtype, values, expected):
    image = decode_image(encode(np.array([values], dtype), "TIFF"))
    np.testing.assert_array_equal(image[:, :, 0], [expected])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_float_tiff_with_values_that_are_not_finite_is_refused(value):
    with pytest.raises(ImageDecodeError, match="NaN or infinite values"):
        decode_image(encode(np.array([[0.5, value]], np.float32), "TIFF"))


def test_cmyk_jpeg_gives_colours():
    image = Image.new("RGB", (16, 16), (200, 30, 60)).convert("CMYK")
    np.testing.assert_allclose(decode_image(encode(image, "JPEG"))[8, 8], [200, 30, 60], atol=4)


def test_cmyk_tiff_gives_colours():
    image = Image.new("CMYK", (16, 16), (0, 255, 0, 0))
    np.testing.assert_array_equal(decode_image(encode(image, "TIFF"))[8, 8], [255, 0, 255])

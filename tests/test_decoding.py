"""Decoding of image files: one way in, a limit of our own, and greys of any depth that keep their order."""

import io
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

import skimgcls
from skimgcls import MLPClassifier
from skimgcls.datasets import check_images, load_image_folder, load_image_table
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import decode_image, decode_images
from skimgcls.images._open_image import FORMATS, MAX_PIXELS

SIDE = 40_000  # as header: 1,600 megapixels
SOURCES = {path.as_posix(): path.read_text("utf-8") for path in Path(skimgcls.__file__).parent.rglob("*.py")}

# ------------------------------------------------------------------------ one way in


def test_no_source_reads_images_with_anything_but_pillow():
    # torchvision.io dies with SIGSEGV on one flipped byte of a PNG; the others have no limits of ours
    others = re.compile(r"torchvision\.io|torchvision import .*\bio\b|\bcv2\b|\bimageio\b|skimage\.io|imread")
    assert not [path for path, source in SOURCES.items() if others.search(source)]


def test_files_are_opened_in_one_place_by_an_allow_list_of_formats():
    opening = {path: re.findall(r"Image\.open\(.*\)", source) for path, source in SOURCES.items()}
    assert [calls for calls in opening.values() if calls] == [["Image.open(file, formats=FORMATS)"]]
    around = re.compile("from PIL.Image import|ImageFile|LOAD_TRUNCATED|MAX_IMAGE_PIXELS")
    assert not [path for path, source in SOURCES.items() if around.search(source)]
    assert set(FORMATS) == {"BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"}


# -------------------------------------------------------------------- the limit of our own


def png(width, height, depth, color_type, rows):
    content = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return content


def saved(kind):
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, kind)
    return file.getvalue()


def with_bytes(content, position, new):
    return content[:position] + new + content[position + len(new) :]


def enlarged(kind):
    """A small file whose header claims a size far above the limit."""
    content = saved(kind)
    if kind == "PNG":
        return png(SIDE, SIDE, 8, 0, b"")
    if kind == "BMP":
        return with_bytes(content, 18, struct.pack("<ii", SIDE, SIDE))
    if kind == "GIF":
        return with_bytes(content, 6, struct.pack("<HH", SIDE, SIDE))
    if kind == "JPEG":
        return with_bytes(content, content.index(b"\xff\xc0") + 5, struct.pack(">HH", SIDE, SIDE))
    if kind == "PPM":
        return content.replace(b"8 8", b"%d %d" % (SIDE, SIDE))
    if kind == "WEBP":
        return with_bytes(content, 26, struct.pack("<HH", 16_383, 16_383))
    return tiff(np.zeros((1, 1), np.uint8), width=SIDE, height=SIDE)


def tiff(values, *, sample_format=1, white_is_zero=False, width=None, height=None):
    """A TIFF of one strip, with what Pillow itself does not write."""
    bits = 8 * values.dtype.itemsize
    tags = {
        256: width or values.shape[1], 257: height or values.shape[0], 258: bits, 259: 1, 262: int(not white_is_zero),
        273: 0, 277: 1, 278: height or values.shape[0], 279: values.nbytes, 339: sample_format,
    }  # fmt: skip
    tags[273] = start = 8 + 2 + 12 * len(tags) + 4
    content = b"II*\0" + struct.pack("<IH", 8, len(tags))
    content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    assert len(content) + 4 == start
    return content + bytes(4) + values.tobytes()


@pytest.fixture
def no_decoding(monkeypatch):
    """Without the limits of Pillow, which a user may have lifted, and with a failure where pixels are asked for."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("pixels were decoded"))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_limit_holds_in_each_format_before_a_pixel_is_decoded(kind, no_decoding, tmp_path):
    path = tmp_path / "huge"
    path.write_bytes(enlarged(kind))
    size = "16,383 x 16,383" if kind == "WEBP" else "40,000 x 40,000"
    message = rf"huge' could not be decoded: it has {size} pixels.*{MAX_PIXELS:,}.*smaller version"
    with pytest.raises(ImageDecodeError, match=message):
        decode_image(path)


@pytest.mark.parametrize("image_size", [None, 8])
def test_a_file_of_49_kilobytes_does_not_become_a_gigabyte(image_size, no_decoding):
    rows = bytes(20_000 // 8 + 1)
    content = png(20_000, 20_000, 1, 0, rows * 20_000)
    assert len(content) < 50_000 < 1_200_000_000 == 3 * 20_000**2
    with pytest.raises(ImageDecodeError, match="20,000 x 20,000"):
        decode_image(io.BytesIO(content), image_size)


def test_animations_whose_frames_outgrow_their_canvas_are_refused_too(no_decoding):
    content = saved("GIF")
    frame = content.index(b",", 13) + 1  # the frame's own left, top, width, height
    content = with_bytes(content, frame, struct.pack("<HHHH", 0, 0, SIDE, SIDE))
    with pytest.raises(ImageDecodeError, match="40,000 x 40,000"):
        decode_image(io.BytesIO(content))


# ------------------------------------------------------------------- greys of any depth

DEPTHS = {
    "16-bit grey PNG": (png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 0, 257, 65_535)), [0, 1, 255]),
    "16-bit colour PNG": (png(1, 1, 16, 2, b"\0" + struct.pack(">3H", 0, 32_896, 65_535)), [0, 128, 255]),
    "16-bit PNG with alpha": (png(2, 1, 16, 4, b"\0" + struct.pack(">4H", 257, 65_535, 0, 0)), [1] * 3 + [255] * 3),
    "4-bit PNG": (png(2, 1, 4, 0, b"\0\x1f"), [17, 255]),
    "2-bit PNG": (png(4, 1, 2, 0, b"\0\x1b"), [0, 85, 170, 255]),
    "16-bit TIFF": (tiff(np.array([[0, 257, 65_535]], "<u2")), [0, 1, 255]),
    "16-bit TIFF, white is 0": (tiff(np.array([[0, 257, 65_535]], "<u2"), white_is_zero=True), [255, 254, 0]),
    "8-bit TIFF, white is 0": (tiff(np.array([[0, 1, 255]], "u1"), white_is_zero=True), [255, 254, 0]),
    "signed 8-bit TIFF": (tiff(np.array([[-100, -50, 100]], "i1"), sample_format=2), [0, 64, 255]),
    "signed 16-bit TIFF": (tiff(np.array([[-100, 0, 155]], "<i2"), sample_format=2), [0, 100, 255]),
    "signed 32-bit TIFF": (tiff(np.array([[-100, 0, 155]], "<i4"), sample_format=2), [0, 100, 255]),
    "32-bit TIFF": (tiff(np.array([[0, 2**31, 2**32 - 1]], "<u4")), [0, 128, 255]),
    "32-bit TIFF of bytes": (tiff(np.array([[0, 7, 200]], "<u4")), [0, 7, 200]),
    "float TIFF": (tiff(np.array([[0, 0.2, 1]], "<f4"), sample_format=3), [0, 51, 255]),
    "float TIFF, white is 0": (tiff(np.array([[0, 1]], "<f4"), sample_format=3, white_is_zero=True), [255, 0]),
    "float TIFF of thousands": (tiff(np.array([[0, 1000, 5000]], "<f4"), sample_format=3), [0, 51, 255]),
    "16-bit PGM": (b"P5 3 1 65535\n" + struct.pack(">3H", 0, 257, 65_535), [0, 1, 255]),
    "10-bit PGM": (b"P5 3 1 1023\n" + struct.pack(">3H", 0, 512, 1023), [0, 128, 255]),
    "float PFM": (b"Pf\n3 1\n-1.0\n" + struct.pack("<3f", 0, 0.2, 1), [0, 51, 255]),
}


@pytest.mark.parametrize("name", DEPTHS)
def test_values_of_any_depth_are_rescaled_and_neither_clipped_nor_wrapped(name):
    content, expected = DEPTHS[name]
    assert decode_image(io.BytesIO(content)).ravel().tolist() == expected


def test_a_ramp_keeps_its_order_whatever_the_depth(rng):
    values = np.sort(rng.random((1, 100)), axis=1)
    for dtype, sample_format in (("<u2", 1), ("<i2", 2), ("<u4", 1), ("<i4", 2), ("<f4", 3)):
        info = np.iinfo(dtype) if sample_format < 3 else np.finfo("<f2")
        ramp = (values * (float(info.max) - float(info.min)) + float(info.min)).astype(dtype)
        grey = decode_image(io.BytesIO(tiff(ramp, sample_format=sample_format)))[0, :, 0].astype(int)
        assert (np.diff(grey) >= 0).all(), dtype
        assert grey[-1] - grey[0] > 200


def test_a_large_image_of_floats_is_the_same_in_parts(monkeypatch):
    values = np.linspace(-3, 9, 64, dtype="<f4").reshape(16, 4)
    whole = decode_image(io.BytesIO(tiff(values, sample_format=3)))
    monkeypatch.setattr("skimgcls.images._to_gray_or_rgb._ROWS", 5)
    np.testing.assert_array_equal(decode_image(io.BytesIO(tiff(values, sample_format=3))), whole)


# ----------------------------------------------------------------- the path in every error

DAMAGE = {
    "cut off": lambda content: content[: len(content) // 2],
    "no image": lambda content: b"no image",
    "empty": lambda content: b"",
    "huge": lambda content: enlarged("PNG"),
    "not a number": lambda content: tiff(np.array([[np.nan]], "<f4"), sample_format=3),
}
READERS = {
    "decode_image": decode_image,
    "decode_images": lambda path: decode_images([path], 8),
    "load_image_folder": lambda path: load_image_folder(path.parent.parent, 8),
    "fit": lambda path: MLPClassifier(image_size=8).fit([path, path], [0, 1]),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_every_error_of_an_image_carries_its_path(damage, reader, tmp_path):
    path = tmp_path / "class" / "thé chat.png"
    path.parent.mkdir()
    path.write_bytes(DAMAGE[damage](png(24, 24, 8, 0, bytes(25 * 24))))
    with pytest.raises(ImageDecodeError, match=re.escape(str(path))):
        READERS[reader](path)


def test_where_files_are_left_out_the_warning_carries_their_paths(tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(saved("PNG"))
    bad.write_bytes(b"no image")
    (tmp_path / "table.csv").write_text("path,label\ngood.png,a\nbad.png,b\n")
    with pytest.warns(UserWarning, match=re.escape(str(bad))):
        pets = load_image_table(tmp_path / "table.csv", "path", "label", on_error="warn")
    assert pets.unreadable.tolist() == [str(bad)]
    findings = check_images([good, bad]).frame
    assert findings.name[findings.check == "unreadable"].tolist() == [str(bad)]


def test_one_flipped_byte_is_an_image_or_our_error_without_a_warning(tmp_path):
    content, outcomes = png(16, 16, 8, 2, bytes(range(49)) * 16), set()
    path = tmp_path / "flipped.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for position in range(len(content)):
            path.write_bytes(with_bytes(content, position, bytes([content[position] ^ 0xFF])))
            try:
                outcomes.add(decode_image(path).dtype)
            except ImageDecodeError as error:
                outcomes.add(str(path) in str(error))
    assert outcomes == {np.dtype(np.uint8), True}

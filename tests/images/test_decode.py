import io
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images._decode import (
    SUFFIXES_OF,
    check_image_size,
    decode_image,
    decode_images,
    describe_failures,
    map_in_threads,
    read_pixels,
    upright_size,
)
from skimgcls.images._open_image import MAX_PIXELS, open_image

LOSSLESS = {"BMP": {}, "PNG": {}, "PPM": {}, "TIFF": {}, "WEBP": {"lossless": True}}
ALL_FORMATS = ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"]


def encode(image, image_format="PNG", **options):
    """Bytes of an image file as an open file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, image_format, **options)
    file.seek(0)
    return file


@pytest.fixture
def colors(rng):
    return rng.integers(0, 256, size=(6, 9, 3), dtype=np.uint8)


@pytest.fixture
def grays(rng):
    return rng.integers(0, 256, size=(6, 9), dtype=np.uint8)


def png_header(width, height):
    """A PNG that claims a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = b""
    for name, content in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        chunks += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.mark.parametrize("image_format", LOSSLESS)
def test_colour_files_give_their_pixels(image_format, colors):
    image = decode_image(encode(colors, image_format, **LOSSLESS[image_format]))
    np.testing.assert_array_equal(image, colors, strict=True)


@pytest.mark.parametrize("image_format", ["BMP", "PNG", "PPM", "TIFF", "GIF"])
def test_grey_files_give_one_channel(image_format, grays):
    np.testing.assert_array_equal(decode_image(encode(grays, image_format)), grays[:, :, np.newaxis])


def test_rgb_mode_repeats_greys(grays):
    image = decode_image(encode(grays), color_mode="rgb")
    np.testing.assert_array_equal(image, np.stack([grays] * 3, axis=2))
    image[:] = 0  # the pixels can be written to


def test_progressive_jpeg_gives_the_pixels_of_a_baseline_jpeg(rng):
    blocks = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((60, 50))
    progressive = encode(blocks, "JPEG", progressive=True)
    assert Image.open(progressive).info["progressive"]
    np.testing.assert_array_equal(decode_image(progressive), decode_image(encode(blocks, "JPEG")))


def test_a_photograph_gives_the_same_pixels_from_every_file_that_keeps_them(rng):
    blocks = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((60, 50), Image.Resampling.NEAREST)
    files = [encode(blocks, image_format, **options) for image_format, options in LOSSLESS.items()]
    files += [encode(blocks.convert("RGBA"), "PNG"), encode(blocks.quantize(30, dither=0), "GIF")]
    decoded = [decode_image(file, (20, 30)) for file in files]
    for other in decoded[1:]:
        np.testing.assert_array_equal(other, decoded[0])


@pytest.mark.parametrize(("image_format", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_animations_and_pages_give_the_first_frame(image_format, options):
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "lime", "blue")]
    file = encode(frames[0], image_format, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(decode_image(file), np.asarray(frames[0]))


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_the_camera_is_applied(image_format, orientation, colors):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encode(colors, image_format, exif=exif, **LOSSLESS[image_format])
    rotated = Image.fromarray(colors)
    rotated.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(decode_image(file), np.asarray(ImageOps.exif_transpose(rotated)))


def test_large_jpeg_files_are_reduced_by_their_upright_size():
    stripes = np.tile(np.repeat([0, 255], 5), 10).astype(np.uint8)  # 10 pixels for both: lost in a quarter of the width
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    image = decode_image(encode(np.tile(stripes[:, np.newaxis], 1600), "JPEG", exif=exif), image_size=(5, 80))
    assert image.std() > 90


def test_damaged_metadata_do_not_hide_the_pixels(colors):
    file = encode(colors, "PNG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12")
    np.testing.assert_array_equal(decode_image(file), colors)


@pytest.mark.parametrize(("image_size", "shape"), [(None, (6, 9, 1)), (4, (4, 4, 1)), ((5, 3), (5, 3, 1))])
def test_an_int_is_a_square_a_pair_height_and_width_and_none_the_size_of_the_file(grays, image_size, shape):
    assert decode_image(encode(grays), image_size).shape == shape


def test_images_of_the_wanted_size_stay_as_they_are(colors):
    np.testing.assert_array_equal(decode_image(encode(colors), image_size=(6, 9)), colors)


def test_the_longer_side_is_cut_to_its_centre_on_both_ends():
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = [0, 200, 0]
    for image in (pixels, pixels.transpose(1, 0, 2)):
        decoded = decode_image(encode(np.ascontiguousarray(image)), image_size=20)
        np.testing.assert_array_equal(decoded, np.full((20, 20, 3), [0, 200, 0]))


def test_shapes_are_not_squashed():
    y, x = np.mgrid[:60, :120]
    disc = 255 * ((y - 29.5) ** 2 + (x - 59.5) ** 2 < 20**2).astype(np.uint8)
    image = decode_image(encode(disc), image_size=30)[:, :, 0] > 127
    assert image.any(axis=0).sum() == image.any(axis=1).sum() == 20


def test_reducing_averages_what_lies_between():
    checkers = 255 * (np.indices((64, 64)).sum(axis=0) % 2).astype(np.uint8)
    np.testing.assert_allclose(decode_image(encode(checkers), image_size=8), 127.5, atol=3)


@pytest.mark.parametrize("shape", [(2, 3), (1, 5_000), (5_000, 1)])
def test_small_images_are_enlarged_and_the_cut_off_ends_of_a_strip_need_no_memory(shape):
    # scaled first and cut then, a strip would have 3,000 x 15,000,000 pixels
    image = decode_image(encode(np.full(shape, 9, np.uint8)), image_size=3_000)
    assert (image.shape, image.min(), image.max()) == ((3_000, 3_000, 1), 9, 9)


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("MPO", {"append_images": [Image.new("L", (9, 9))]})])
def test_a_jpeg_reduced_by_the_decoder_looks_like_a_reduced_jpeg(rng, kind, options):
    blocks = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    large = blocks.resize((1600, 1200), Image.Resampling.BICUBIC)
    file = encode(large, kind, quality=95, **options)
    exact = Image.open(file).resize((80, 60), Image.Resampling.BILINEAR)
    decoded = decode_image(file, image_size=(60, 80))
    np.testing.assert_allclose(decoded, exact, atol=4)
    assert (decoded != exact).any()  # or the whole of it was decoded


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (10_000, 6_000, "it has 10,000 x 6,000 pixels"),
        (11_000, 10_000, "(it is too large: Image size|it has 11,000 x 10,000 pixels)"),  # Pillow warns
        (65_000, 65_000, "(it is too large: Image size|it has 11,000 x 10,000 pixels)"),  # Pillow raises
    ],
)
def test_files_with_too_many_pixels_are_refused_by_their_header(width, height, reason):
    with pytest.raises(ImageDecodeError, match=rf"{reason}.*t most {MAX_PIXELS:,} .*Save a smaller version"):
        decode_image(png_header(width, height))


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"  # a program, which Pillow would hand to an interpreter
ICO = encode(np.zeros((16, 16, 3), np.uint8), "ICO").getvalue()


@pytest.mark.parametrize("content", [b"", b"no image at all", EPS, ICO], ids=["empty", "text", "EPS", "ICO"])
def test_files_of_other_formats_are_refused(tmp_path, content):
    path = tmp_path / "strange.png"
    path.write_bytes(content)
    with pytest.raises(ImageDecodeError, match=r"strange\.png' could not be decoded: .*supported formats \(BMP, GIF"):
        decode_image(path)


def test_the_content_counts_and_not_the_name(tmp_path, colors):
    Image.fromarray(colors).save(tmp_path / "photo.jpg", "PNG")
    np.testing.assert_array_equal(decode_image(tmp_path / "photo.jpg"), colors)


@pytest.mark.parametrize("image_format", ALL_FORMATS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_files_raise_an_error_that_names_them(tmp_path, rng, image_format, kept):
    content = encode(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), image_format).getvalue()
    path = tmp_path / "half"
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ImageDecodeError, match=r"half' could not be decoded"):
        decode_image(path)


def test_the_error_names_a_stream_in_words_and_keeps_its_cause():
    with pytest.raises(ImageDecodeError, match="'the given file' could not be decoded") as caught:
        decode_image(io.BytesIO(encode(np.zeros((40, 50), np.uint8), "JPEG").getvalue()[:-60]))
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("image_size", [0, -1, 2.5, "big", (3,), (3, 0), (1, 2, 3), True, (True, 3), (10_000, 10_000)])
def test_impossible_sizes_are_refused(image_size):
    with pytest.raises(ValueError, match="'image_size' parameter must be an int or"):
        check_image_size(image_size)


@pytest.mark.parametrize("image_size", [[3, 4], np.array([3, 4]), (np.int64(3), np.uint8(4))])
def test_sizes_may_come_in_any_sequence(image_size):
    assert check_image_size(image_size) == (3, 4)


def test_every_suffix_belongs_to_the_format_under_which_it_stands():
    Image.init()
    known = Image.registered_extensions()
    for image_format, suffixes in SUFFIXES_OF.items():
        assert {known[suffix] for suffix in suffixes} == {image_format}
    assert list(SUFFIXES_OF) == ALL_FORMATS


@pytest.fixture
def paths(tmp_path, rng):
    paths = [tmp_path / f"{i}.png" for i in range(20)]
    for i, path in enumerate(paths):
        sides = rng.integers(5, 30, size=2)
        Image.fromarray(np.full((*sides, 3), i, np.uint8)).save(path)
    return paths


@pytest.mark.parametrize("n_threads", [1, 2, 8, None])
def test_images_come_in_the_order_of_their_paths(paths, n_threads):
    images = decode_images(paths, 7, n_threads=n_threads)
    assert images.shape == (20, 7, 7, 3)
    np.testing.assert_array_equal(images[:, 3, 3, 0], np.arange(20))


@pytest.mark.parametrize("first", ["gray", "colour"])
def test_one_colour_image_gives_all_three_channels(tmp_path, first):
    Image.new("L", (9, 9), 40).save(tmp_path / "gray.png")
    Image.new("RGB", (9, 9), (1, 2, 3)).save(tmp_path / "colour.png")
    names = ["gray", "colour"] if first == "gray" else ["colour", "gray"]
    images = decode_images([tmp_path / f"{name}.png" for name in names], 9)
    by_name = dict(zip(names, images, strict=True))
    assert by_name["gray"][0, 0].tolist() == [40, 40, 40]
    assert by_name["colour"][0, 0].tolist() == [1, 2, 3]


def test_grey_images_alone_give_one_channel(tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "a.jpg")
    assert decode_images([tmp_path / "a.jpg"] * 2, 5).shape == (2, 5, 5, 1)


@pytest.mark.parametrize("n_threads", [1, 4])
def test_all_broken_files_are_named_at_once(paths, n_threads):
    paths[3].write_bytes(b"broken")
    with pytest.raises(ImageDecodeError, match=r"^'.*3\.png' could not be decoded: "):
        decode_images(paths, 7, n_threads=n_threads)
    paths[11].write_bytes(b"broken")
    with pytest.raises(ImageDecodeError, match=r"(?s)^2 of 20 images could not be decoded:.*3\.png.*11\.png"):
        decode_images(paths, 7, n_threads=n_threads)


def test_after_ten_broken_files_no_more_are_tried(paths):
    for path in paths:
        path.write_bytes(b"broken")
    with pytest.raises(ImageDecodeError, match=r"^At least 10 of 20 images") as caught:
        decode_images(paths, 7, n_threads=2)
    assert str(caught.value).count("could not be decoded: it") == 10


def test_a_missing_file_is_a_missing_file_alone_and_among_many(paths):
    paths[3].unlink()
    for decode in (lambda: decode_image(paths[3]), lambda: decode_images(paths, 7, n_threads=2)):
        with pytest.raises(FileNotFoundError, match=r"3\.png"):
            decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 5), "paths is empty"),
        (("one.png", 5), "Got the single path 'one.png'; use decode_image"),
        ((["one.png"], None), "decode_images needs image_size"),
        ((["one.png"], 5, "auto", 0), "'n_threads' parameter must be None or a positive int. Got 0"),
        ((["one.png"], 5, "auto", 1, "ignore"), "'on_error' parameter must be one of .* Got 'ignore'"),
        ((["one.png"], 5, "grey"), r"must be one of \('auto', 'gray', 'rgb'\)\. Got 'grey'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        decode_images(*arguments)


@pytest.mark.parametrize("n_threads", [1, 4])
def test_files_that_cannot_be_read_are_left_out_if_asked_for(paths, n_threads):
    paths[3].write_bytes(b"broken")
    paths[7].unlink()
    images, is_read = decode_images(paths, 7, n_threads=n_threads, on_error="skip")
    assert np.flatnonzero(~is_read).tolist() == [3, 7]
    np.testing.assert_array_equal(images[:, 3, 3, 0], np.delete(np.arange(20), [3, 7]))


def test_files_that_are_left_out_are_named_in_a_warning(paths):
    for path in paths[:12]:
        path.write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"(?s)^12 of 20 images could not .*0\.png.*9\.png.*and 2 more.*left out"):
        images, is_read = decode_images(paths, 7, on_error="warn")
    assert (len(images), is_read.sum()) == (8, 8)


def test_without_a_broken_file_there_is_no_warning(paths):
    images, is_read = decode_images(paths, 7, on_error="warn")
    assert (len(images), is_read.all()) == (20, True)


@pytest.mark.parametrize("on_error", ["skip", "warn"])
def test_where_every_file_is_broken_there_is_nothing_to_go_on_with(paths, on_error):
    for path in paths:
        path.write_bytes(b"broken")
    with pytest.raises(ImageDecodeError, match=r"(?s)^20 of 20 images could not be decoded.*and 10 more"):
        decode_images(paths, 7, on_error=on_error)


def test_a_single_failure_is_told_as_it_is():
    assert describe_failures(["'a.png' could not be decoded"], 20) == "'a.png' could not be decoded"


def test_errors_name_files_as_plain_text(tmp_path):
    (tmp_path / "a.png").write_bytes(b"broken")
    for path in (np.array([str(tmp_path / "a.png")])[0], str(tmp_path / "a.png").encode(), tmp_path / "a.png"):
        with pytest.raises(ImageDecodeError, match=r"^'[^']*a\.png' could not"):
            decode_image(path)


def test_a_file_lying_on_its_side_has_its_upright_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    with open_image(encode(Image.new("L", (9, 4)), "JPEG", exif=exif)) as image:
        assert upright_size(image) == (4, 9)


def test_asking_for_the_size_of_a_damaged_png_does_not_hide_the_damage(grays):
    content = bytearray(encode(grays).getvalue())
    content[-20] ^= 255  # in the pixels
    image = Image.open(io.BytesIO(content))
    assert upright_size(image) == (9, 6)
    with pytest.raises(OSError, match="data stream"):
        read_pixels(image, None, "auto")


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_keep_the_order_and_hand_on_errors(n_threads):
    with map_in_threads(lambda value: 1 / value, [4, 2, 1], n_threads) as found:
        assert list(found) == [0.25, 0.5, 1]
    with pytest.raises(ZeroDivisionError), map_in_threads(lambda value: 1 / value, [1, 0], n_threads) as found:
        list(found)


def test_threads_share_no_state():
    files = [encode(np.full((50, 60), i, np.uint8), "JPEG").getvalue() for i in range(8)]
    together = threading.Barrier(8)

    def decode_often(i):
        together.wait()
        return {int(decode_image(io.BytesIO(files[i]), 9)[4, 4, 0]) for _ in range(50)}

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(decode_often, range(8))) == [{i} for i in range(8)]


def test_settings_of_pillow_and_of_warnings_stay_as_they_are(paths):
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)
    decode_images(paths, 7, n_threads=4)
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)) == before

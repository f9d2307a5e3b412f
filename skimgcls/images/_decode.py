"""Decoding image files to uint8 arrays, with Pillow only."""

import contextlib
import functools
import numbers
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images._open_image import MAX_PIXELS, open_image
from skimgcls.images._to_gray_or_rgb import is_gray as _is_gray
from skimgcls.images._to_gray_or_rgb import to_gray_or_rgb

COLOR_MODES = ("auto", "gray", "rgb")
ON_ERROR = ("raise", "skip", "warn")

# Names under which the formats that decode_image reads are stored.
SUFFIXES_OF = {
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
SUFFIXES = frozenset(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes)

_MAX_FAILURES_LISTED = 10
_KEPT_RESOLUTION = 4  # times the wanted size; at 2 pixels differ up to 19 of 255, and small files gain no time
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_image(path, image_size=None, color_mode="auto"):
    """Decode one image file.

    Parameters
    ----------
    path : str, path-like or binary file
        A BMP, GIF, JPEG, PNG, PPM/PGM/PBM, TIFF or WebP file, recognised by its content, not by its name.
    image_size : int or (int, int), default=None
        Height and width in pixels; an int means a square. None keeps the size of the file.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        "auto" gives one channel for files stored without colour (by the file's own mode; pixels are not compared)
        and three for all others.

    Returns
    -------
    image : ndarray of shape (height, width, channels), uint8
        1 or 3 channels.

    Raises
    ------
    ImageDecodeError
        If the file is damaged, truncated, larger than 50 megapixels or in no supported format. Names the file.
    OSError
        If the file cannot be opened.
    ValueError
        If `image_size` or `color_mode` is no valid choice.

    Notes
    -----
    Resizing scales the shorter side to the wanted size, antialiased (Pillow's bilinear filter, whose support grows
    with the reduction), and cuts the centre out of the longer side. Squashing both sides to the wanted size would
    keep the margins, but change every shape by the photograph's own aspect ratio, so that a portrait and a landscape
    of one object no longer look alike. Large JPEG files are reduced by the decoder to no less than four times the
    wanted size first: about five times faster for a 12-megapixel photograph, and pixels differ by less than 0.5
    of 255 in the mean.

    Values become bytes as follows, never clipped:

    ================================  =====================================================================
    file                              uint8 value
    ================================  =====================================================================
    1 bit                             0 or 255
    16-bit grey                       divided by 257: 65535 becomes 255
    float, all values in 0 to 1       times 255
    float or 32-bit, all in 0 to 255  rounded
    other float, signed or 32-bit     the image's own minimum becomes 0 and its maximum 255
    palette, CMYK, YCbCr              converted to grey (a palette of greys) or RGB
    transparency                      drawn on white
    animation, several pages          the first frame
    ================================  =====================================================================

    The orientation noted by a camera (EXIF) is applied. Safe to call from several threads.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
    ...     Image.new("L", (40, 30)).save(file)
    ...     decode_image(file).shape, decode_image(file, image_size=16, color_mode="rgb").shape
    ((30, 40, 1), (16, 16, 3))
    """
    image_size, color_mode = check_image_size(image_size), check_color_mode(color_mode)
    with open_image(path) as image:
        return read_pixels(image, image_size, color_mode)


def decode_images(paths, image_size, color_mode="auto", n_threads=None, on_error="raise"):
    """Decode image files to one array, several at a time.

    Parameters
    ----------
    paths : sequence of str or path-like
        Files, see :func:`decode_image`.
    image_size : int or (int, int)
        Height and width in pixels; an int means a square.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        "auto" gives three channels where at least one of the files has colour, one channel otherwise.
    n_threads : int, default=None
        Files decoded at the same time; None means as many as there are CPU cores for this process.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about files that cannot be opened or decoded: raise, leave them out in silence, or leave them out
        and warn.

    Returns
    -------
    images : ndarray of shape (n, height, width, channels), uint8
        In the order of `paths`, whatever the number of threads.
    is_read : ndarray of shape (n_paths,), bool
        Which of the files `images` holds. Returned unless `on_error` is "raise".

    Raises
    ------
    ImageDecodeError
        If files could not be decoded, or with the other choices of `on_error` none of them; names the first ten.
    OSError
        If a file cannot be opened and `on_error` is "raise".
    ValueError
        If `paths` is empty, or a parameter is no valid choice.

    Warns
    -----
    UserWarning
        If `on_error` is "warn" and files were left out; names the first ten.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [f"{folder}/{name}.png" for name in ("wide", "tall")]
    ...     for path, size in zip(paths, [(40, 30), (30, 50)]):
    ...         Image.new("RGB", size).save(path)
    ...     decode_images(paths, image_size=16).shape
    (2, 16, 16, 3)
    """
    paths = _check_paths(paths)
    image_size, color_mode = check_image_size(image_size), check_color_mode(color_mode)
    if image_size is None:
        raise ValueError("decode_images needs image_size, the height and width of all images in pixels. Got None.")
    raises = check_on_error(on_error) == "raise"
    most_failures, caught = (_MAX_FAILURES_LISTED, ()) if raises else (len(paths), OSError)
    decode = functools.partial(_decode_or_failure, image_size=image_size, color_mode=color_mode, caught=caught)
    with map_in_threads(decode, paths, n_threads) as decoded:
        images, failed = _gather(decoded, len(paths), most_failures)
    what_failed = describe_failures(failed.values(), len(paths), are_all=not raises or len(failed) < most_failures)
    if failed and (raises or images is None):
        raise ImageDecodeError(what_failed) from next(iter(failed.values())).__cause__
    if failed and on_error == "warn":
        warnings.warn(f"{what_failed}\nThey are left out.", UserWarning, stacklevel=5)  # who called a loader
    is_read = ~np.isin(np.arange(len(paths)), list(failed))
    images = images[is_read] if failed else images
    return images if raises else (images, is_read)


def check_image_size(image_size):
    """Return `image_size` as (height, width) in pixels, or None as it is; an int means a square."""
    if image_size is None:
        return None
    is_int = isinstance(image_size, numbers.Integral)
    size = (image_size, image_size) if is_int else tuple(np.atleast_1d(np.asarray(image_size, dtype=object)))
    if (
        len(size) != 2
        or not all(isinstance(side, numbers.Integral) and not isinstance(side, bool) and side > 0 for side in size)
        or size[0] * size[1] > MAX_PIXELS
    ):
        raise ValueError(
            "The 'image_size' parameter must be an int or (height, width), in pixels, positive and together at most "
            f"{MAX_PIXELS:,} pixels. Got {image_size!r} instead."
        )
    return int(size[0]), int(size[1])


def check_color_mode(color_mode):
    """Return `color_mode`, or raise a ValueError that names the choices."""
    if color_mode not in COLOR_MODES:
        raise ValueError(f"The 'color_mode' parameter must be one of {COLOR_MODES}. Got {color_mode!r} instead.")
    return color_mode


def check_on_error(on_error):
    """Return `on_error`, or raise a ValueError that names the choices."""
    if on_error not in ON_ERROR:
        raise ValueError(f"The 'on_error' parameter must be one of {ON_ERROR}. Got {on_error!r} instead.")
    return on_error


def read_pixels(image, image_size, color_mode):
    """Decode an image of `open_image` as `decode_image` describes it; (height, width, channels), uint8."""
    image = read_upright(image, image_size, color_mode)
    if image_size is not None:
        image = _resize(image, image_size)
    array = np.array(image)
    return array[:, :, np.newaxis] if array.ndim == 2 else array


def read_upright(image, image_size, color_mode):
    """Decode an image of `open_image` to Pillow's "L" or "RGB", with no fewer pixels than `image_size` needs."""
    file_format = image.format
    if image_size is not None and file_format in ("JPEG", "MPO"):  # MPO: a JPEG with previews, as phones write it
        _reduce_in_decoder(image, image_size)
    image.load()
    image = _turn_upright(image)
    if color_mode == "auto":
        color_mode = "gray" if _is_gray(image) else "rgb"
    return to_gray_or_rgb(image, file_format, color_mode)


def upright_size(image):
    """Width and height of an image of `open_image` as it will be seen, in pixels."""
    width, height = image.size
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


@contextlib.contextmanager
def map_in_threads(function, values, n_threads=None):
    """Give an iterator over what a function makes of values, in their order; None means a thread for each CPU core."""
    n_threads = min(_check_n_threads(n_threads), len(values))
    if n_threads <= 1:
        yield map(function, values)
        return
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="skimgcls-decode")
    try:
        yield pool.map(function, values)
    finally:
        pool.shutdown(cancel_futures=True)


def describe_failures(failures, n_images, are_all=True):
    """Say in one message which of the images could not be decoded, the first ten by name."""
    messages = [str(failure) for failure in failures]
    if len(messages) == 1:
        return messages[0]
    listed = [f"\n- {message}" for message in messages[:_MAX_FAILURES_LISTED]]
    if len(messages) > len(listed):
        listed.append(f"\n- and {len(messages) - len(listed):,} more")
    at_least = "" if are_all else "At least "
    return f"{at_least}{len(messages):,} of {n_images:,} images could not be decoded:{''.join(listed)}"


def _reduce_in_decoder(image, image_size):
    """Let the JPEG decoder drop resolution that resizing would average away."""
    width, height = image.size
    upright = upright_size(image)
    reduction = min(upright[0] / image_size[1], upright[1] / image_size[0]) / _KEPT_RESOLUTION
    if reduction > 1:
        image.draft(None, (int(np.ceil(width / reduction)), int(np.ceil(height / reduction))))


def _turn_upright(image):
    # Not ImageOps.exif_transpose: it also writes the metadata anew, which fails where they are damaged.
    orientation = _orientation(image)
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _orientation(image):
    if getattr(image, "tile", None) and image.format == "PNG" and "exif" not in image.info:
        return 1  # looking further would decode the pixels, and damage to them would be lost in the `except` below
    if image.format == "TIFF":
        return 1  # Pillow turns these itself, and gives their upright size
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata says nothing about the pixels
        return 1


def _resize(image, image_size):
    """Scale the shorter side and cut out the centre, in one step, so that a long strip is never blown up."""
    (height, width), (old_width, old_height) = image_size, image.size
    scale = min(old_width / width, old_height / height)
    box_width, box_height = min(scale * width, old_width), min(scale * height, old_height)
    left, top = (old_width - box_width) / 2, (old_height - box_height) / 2
    box = (left, top, min(left + box_width, old_width), min(top + box_height, old_height))
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _check_paths(paths):
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise ValueError(f"paths must be a sequence of files. Got the single path {paths!r}; use decode_image for one.")
    paths = list(paths)
    if not paths:
        raise ValueError("paths is empty. Give at least one image file.")
    return paths


def _check_n_threads(n_threads):
    if n_threads is None:
        from joblib import cpu_count  # the cores that this process may use, not those of the machine

        return cpu_count()
    if not isinstance(n_threads, numbers.Integral) or isinstance(n_threads, bool) or n_threads < 1:
        raise ValueError(f"The 'n_threads' parameter must be None or a positive int. Got {n_threads!r} instead.")
    return int(n_threads)


def _decode_or_failure(path, image_size, color_mode, caught):
    try:
        return decode_image(path, image_size, color_mode)
    except ImageDecodeError as error:
        return error
    except caught as error:
        return error


def _gather(decoded, n_images, most_failures):
    """Put images into one array, and the errors that came instead under their positions, until there are too many.

    Colour appears when the first colour image does.
    """
    images, failed = None, {}
    for index, image in enumerate(decoded):
        if isinstance(image, Exception):
            failed[index] = image
            if len(failed) == most_failures:
                break
            continue
        if images is None:
            images = np.empty((n_images, *image.shape), np.uint8)
        if image.shape[-1] > images.shape[-1]:
            images = np.repeat(images, image.shape[-1], axis=-1)  # (n, h, w, 1) -> (n, h, w, 3)
        images[index] = image
    return images, failed

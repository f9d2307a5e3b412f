"""Decoding image files to uint8 arrays, with Pillow only."""

import contextlib
import functools
import numbers
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, UnidentifiedImageError

from skimgcls.exceptions import ImageDecodeError

COLOR_MODES = ("auto", "gray", "rgb")
MAX_PIXELS = 50_000_000  # a 50-megapixel photograph is 150 MB once decoded

# Names under which the formats that decode_image reads are stored.
SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".pbm", ".pgm", ".ppm", ".pnm", ".tif", ".tiff", ".webp"}
)

# Few formats, few decoders: every further one is more C code that unknown bytes reach.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
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
_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


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
    other float or 32-bit             the image's own minimum becomes 0 and its maximum 255
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
    with contextlib.ExitStack() as stack:
        if hasattr(path, "read"):
            file, name = path, getattr(path, "name", "the given file")
        else:
            file, name = stack.enter_context(open(path, "rb")), os.fspath(path)
        try:
            return _decode(file, image_size, color_mode)
        except Exception as error:  # on damaged bytes Pillow's decoders raise nearly anything, struct.error to KeyError
            raise ImageDecodeError(f"{name!r} could not be decoded: {_reason(error)}") from error


def decode_images(paths, image_size, color_mode="auto", n_threads=None):
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

    Returns
    -------
    images : ndarray of shape (n, height, width, channels), uint8
        In the order of `paths`, whatever the number of threads.

    Raises
    ------
    ImageDecodeError
        If files could not be decoded; the message names the first ten.
    OSError
        If a file cannot be opened.
    ValueError
        If `paths` is empty, or a parameter is no valid choice.

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
    decode = functools.partial(_decode_or_failure, image_size=image_size, color_mode=color_mode)
    n_threads = min(_check_n_threads(n_threads), len(paths))
    if n_threads == 1:
        return _gather(map(decode, paths), len(paths))
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="skimgcls-decode")
    try:
        return _gather(pool.map(decode, paths), len(paths))
    finally:
        pool.shutdown(cancel_futures=True)


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


class _RefusedError(Exception):
    """A readable image that we do not take; the message completes "could not be decoded: ..."."""


def _decode(file, image_size, color_mode):
    image = Image.open(file, formats=_FORMATS)  # reads the header alone
    _check_n_pixels(image)
    file_format = image.format
    if image_size is not None and file_format in ("JPEG", "MPO"):  # MPO: a JPEG with previews, as phones write it
        _reduce_in_decoder(image, image_size)
    image.load()
    image = _to_gray_or_rgb(_turn_upright(image), file_format, color_mode)
    if image_size is not None:
        image = _resize(image, image_size)
    array = np.array(image)
    return array[:, :, np.newaxis] if array.ndim == 2 else array


def _check_n_pixels(image):
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _RefusedError(
            f"it has {width:,} x {height:,} pixels, and at most {MAX_PIXELS:,} in all are read. Save a smaller version."
        )


def _reduce_in_decoder(image, image_size):
    """Let the JPEG decoder drop resolution that resizing would average away."""
    width, height = image.size
    upright = (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)
    reduction = min(upright[0] / image_size[1], upright[1] / image_size[0]) / _KEPT_RESOLUTION
    if reduction > 1:
        image.draft(None, (int(np.ceil(width / reduction)), int(np.ceil(height / reduction))))


def _turn_upright(image):
    # Not ImageOps.exif_transpose: it also writes the metadata anew, which fails where they are damaged.
    orientation = _orientation(image)
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _orientation(image):
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata says nothing about the pixels
        return 1


def _to_gray_or_rgb(image, file_format, color_mode):
    """Any mode to "L" or "RGB"."""
    if color_mode == "auto":
        color_mode = "gray" if _is_gray(image) else "rgb"
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_bytes(np.asarray(image), file_format))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    elif image.mode not in ("1", "L"):
        image = image.convert("RGB")  # before grey: Pillow has no direct way from every mode
    return image.convert("L" if color_mode == "gray" else "RGB")


def _is_gray(image):
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GRAY_MODES


def _to_bytes(values, file_format):
    """Scale greys of more than 8 bits to uint8, see the table in `decode_image`."""
    if values.dtype.itemsize == 2 or file_format == "PPM":  # which comes as 32-bit integers of 0 to 65535
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # rounded: 257 is odd, there are no ties
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise _RefusedError("it holds NaN or infinite values. Replace them, then save it again.")
    is_unit_interval = values.dtype.kind == "f" and low >= 0 and high <= 1
    values = values.astype(np.float64)
    if is_unit_interval:
        values = values * 255
    elif low < 0 or high > 255:
        values = (values - low) * (255 / (high - low) if high > low else 0)
    return np.rint(values).astype(np.uint8)


def _resize(image, image_size):
    """Scale the shorter side and cut out the centre, in one step, so that a long strip is never blown up."""
    (height, width), (old_width, old_height) = image_size, image.size
    scale = min(old_width / width, old_height / height)
    box_width, box_height = min(scale * width, old_width), min(scale * height, old_height)
    left, top = (old_width - box_width) / 2, (old_height - box_height) / 2
    box = (left, top, min(left + box_width, old_width), min(top + box_height, old_height))
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _reason(error):
    formats = ", ".join(_FORMATS)
    if isinstance(error, UnidentifiedImageError):
        return f"it is damaged, or in none of the supported formats ({formats}). Convert or remove it."
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):  # Pillow's own limits
        return f"it is too large: {error} At most {MAX_PIXELS:,} pixels are read. Save a smaller version."
    if isinstance(error, _RefusedError):
        return str(error)
    return f"it is damaged, or of a kind unknown to Pillow ({type(error).__name__}: {error}). Replace or remove it."


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
    if not isinstance(n_threads, numbers.Integral) or n_threads < 1:
        raise ValueError(f"The 'n_threads' parameter must be None or a positive int. Got {n_threads!r} instead.")
    return int(n_threads)


def _decode_or_failure(path, image_size, color_mode):
    try:
        return decode_image(path, image_size, color_mode)
    except ImageDecodeError as error:
        return error


def _gather(decoded, n_images):
    """Put images, or the errors that came instead, into one array; colour appears when the first colour image does."""
    images, failures = None, []
    for index, image in enumerate(decoded):
        if isinstance(image, ImageDecodeError):
            failures.append(image)
            if len(failures) == _MAX_FAILURES_LISTED:
                break
            continue
        if images is None:
            images = np.empty((n_images, *image.shape), np.uint8)
        if image.shape[-1] > images.shape[-1]:
            images = np.repeat(images, image.shape[-1], axis=-1)  # (n, h, w, 1) -> (n, h, w, 3)
        images[index] = image
    if len(failures) == 1:
        raise failures[0]
    if failures:
        listed = "\n".join(f"- {failure}" for failure in failures)
        at_least = "At least " if len(failures) == _MAX_FAILURES_LISTED else ""  # the rest was not tried
        raise ImageDecodeError(f"{at_least}{len(failures)} of {n_images} images could not be decoded:\n{listed}")
    return images

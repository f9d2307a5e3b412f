"""Opening one image file: what is taken, what is refused on its header, and what the error says."""

import contextlib
import os
import re
import stat
import threading
import warnings

from PIL import Image, UnidentifiedImageError

from skimgcls.exceptions import ImageDecodeError

MAX_PIXELS = 50_000_000  # a 50-megapixel photograph is 150 MB once decoded

# Few formats, few decoders: every further one is more C code that unknown bytes reach.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_WEBP_HEADER = 30  # bytes, up to the size of each of its three kinds

# What Pillow says of odd TIFF tags and EXIF data names no file, and the pixels are read all the same.
_ODD_TAGS = ("ignore", None, UserWarning, re.compile(r"PIL\.TiffImagePlugin"), 0)  # as in warnings.filters
_odd_tags_lock = threading.Lock()
_n_open = 0  # files, in all threads


class RefusedError(Exception):
    """A readable image that we do not take; the message completes "could not be decoded: ..."."""


@contextlib.contextmanager
def open_image(path):
    """Open an image file, of which the header alone is read, and name the file in whatever goes wrong with it.

    Parameters
    ----------
    path : str, path-like or binary file
        A BMP, GIF, JPEG, PNG, PPM/PGM/PBM, TIFF or WebP file, recognised by its content, not by its name.

    Yields
    ------
    image : PIL.Image.Image
        Not yet decoded. No larger than 50 megapixels.

    Raises
    ------
    ImageDecodeError
        If the file is damaged, too large, in no supported format or no file on a disk (a pipe, a device), or if
        anything is raised while it is open.
    OSError
        If the file cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        if hasattr(path, "read"):
            file, name = path, getattr(path, "name", "the given file")
        else:
            name = str(os.fsdecode(path))  # plain text, also of a numpy string
            check_is_file(path, name)
            file = stack.enter_context(open(path, "rb"))
        stack.enter_context(_without_warnings_of_tags())
        try:
            _check_webp_size(file)
            image = Image.open(file, formats=FORMATS)
            _check_n_pixels(*image.size)
            yield image
        except Exception as error:  # on damaged bytes Pillow's decoders raise nearly anything, struct.error to KeyError
            raise ImageDecodeError(f"{name!r} could not be decoded: {_reason(error)}") from error


def check_is_file(path, name):
    """Refuse a pipe, a socket or a device: to open one can wait for ever."""
    mode = os.stat(path).st_mode  # of what a link leads to
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder the system itself says so
        raise ImageDecodeError(
            f"{name!r} could not be decoded: it is no regular file, but a pipe, a socket or a device. Save its content "
            "as an image file, or remove it."
        )


@contextlib.contextmanager
def _without_warnings_of_tags():
    """Not warnings.catch_warnings: where threads enter and leave it in turn, it restores the filters of another."""
    global _n_open
    with _odd_tags_lock:
        _n_open += 1
        if not warnings.filters or warnings.filters[0] is not _ODD_TAGS:
            warnings.filters.insert(0, _ODD_TAGS)
    try:
        yield
    finally:
        with _odd_tags_lock:
            _n_open -= 1
            if not _n_open:
                warnings.filters[:] = [each for each in warnings.filters if each is not _ODD_TAGS]


def _check_webp_size(file):
    """Refuse a large WebP file before it is opened, which allocates two canvases of its size."""
    file.seek(0)
    header = file.read(_WEBP_HEADER)
    if header[:4] != b"RIFF" or header[8:12] != b"WEBP":
        return
    # https://developers.google.com/speed/webp/docs/riff_container, and RFC 6386 (9.1) for VP8
    kind, sides = header[12:16], [int.from_bytes(header[i : i + 2], "little") & 0x3FFF for i in (26, 28)]
    if kind == b"VP8L":
        bits = int.from_bytes(header[21:25], "little")
        sides = [1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)]
    elif kind == b"VP8X":
        sides = [1 + int.from_bytes(header[i : i + 3], "little") for i in (24, 27)]
    _check_n_pixels(*sides)


def _check_n_pixels(width, height):
    if width * height > MAX_PIXELS:
        raise RefusedError(
            f"it has {width:,} x {height:,} pixels, and at most {MAX_PIXELS:,} in all are read. Save a smaller version."
        )


def _reason(error):
    formats = ", ".join(FORMATS)
    if isinstance(error, UnidentifiedImageError):
        return f"it is damaged, or in none of the supported formats ({formats}). Convert or remove it."
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):  # Pillow's own limits
        return f"it is too large: {error} At most {MAX_PIXELS:,} pixels are read. Save a smaller version."
    if isinstance(error, RefusedError):
        return str(error)
    return f"it is damaged, or of a kind unknown to Pillow ({type(error).__name__}: {error}). Replace or remove it."

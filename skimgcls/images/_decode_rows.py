"""Image files as rows of bytes of one shape, with a note of what each file was."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images._decode import decode_image, describe_failures
from skimgcls.images._image_layout import ImageLayout

OWN_SIZE, GREY, COLOUR, FAILED = 1, 2, 4, 8  # what is known about a file; bits of one byte

_MAX_NAMED = 10  # files that could not be decoded
_FILES_OF_A_PIECE = 8  # that one thread decodes at a time
_SMALL_FILE = 16 * 2**10  # bytes; Python's part of decoding smaller ones, which threads wait for, outweighs Pillow's
_MAX_THREADS = 16


@dataclass(frozen=True)
class DecodeTarget:
    """What image files are decoded to.

    Parameters
    ----------
    height, width : int
        Pixels.
    channels : {1, 3}
    resize : bool, default=True
        False if the files themselves have that size: one that has not is an error.
    to_grey : bool, default=True
        False if the files themselves are without colour where ``channels`` is 1: one that has colour raises
        `ColourFoundError`.
    """

    height: int
    width: int
    channels: int
    resize: bool = True
    to_grey: bool = True

    @property
    def layout(self):
        """How a decoded row is an image; that of arrays (n, h, w) and (n, h, w, c)."""
        return ImageLayout(self.height, self.width, self.channels, channels_first=self.channels == 1)

    @property
    def row_bytes(self):
        """Bytes of one image."""
        return self.height * self.width * self.channels

    @property
    def needed(self):
        """What must be known about a file whose row is at hand already."""
        return (0 if self.resize else OWN_SIZE) | (0 if self.to_grey or self.channels == 3 else GREY)


class ColourFoundError(Exception):
    """A file has colour where all were taken for grey."""


class DecodeFailures:
    """Files that could not be decoded, up to ten.

    Parameters
    ----------
    n_files : int
        Of the whole call, for the message.
    """

    def __init__(self, n_files):
        self.n_files = n_files
        self._errors = []

    def add(self, error):
        """Note an error, and raise them all when there are ten."""
        self._errors.append(error)
        if len(self._errors) == _MAX_NAMED:
            self.raise_if_any(are_all=False)  # the rest is not tried

    def raise_if_any(self, are_all=True):
        """Raise one ImageDecodeError that names all files."""
        if self._errors:
            raise ImageDecodeError(describe_failures(self._errors, self.n_files, are_all)) from self._errors[0]


def decode_rows(paths, target, failures, *, n_threads=None):
    """Decode files to rows.

    Parameters
    ----------
    paths : sequence of str
    target : DecodeTarget
    failures : DecodeFailures
        Gets the errors; their rows are undefined.
    n_threads : int or None
        Files decoded at the same time. None means one for small files and otherwise as many as there are cores, at
        most 16.

    Returns
    -------
    rows : ndarray (n, height * width * channels) of uint8
    facts : ndarray (n,) of uint8
        What is known about each file, or FAILED.

    Raises
    ------
    ColourFoundError, OSError, ValueError
        If a file has colour or another size where that must not be, or cannot be opened.
    """
    images = np.empty((len(paths), target.height, target.width, target.channels), np.uint8)
    facts = np.zeros(len(paths), np.uint8)
    sizes = {}  # those that are not wanted: an example of each
    decode = functools.partial(_decode_piece, paths, target, images, facts, sizes)
    starts = range(0, len(paths), _FILES_OF_A_PIECE)
    n_threads = min(n_threads or _threads_for(paths), len(starts))
    if n_threads <= 1:
        errors = [error for start in starts for error in decode(start)]
    else:
        with ThreadPoolExecutor(n_threads, thread_name_prefix="skimgcls-decode") as pool:
            try:
                errors = [error for piece in pool.map(decode, starts) for error in piece]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    if sizes:
        refuse_sizes(sizes | {(target.height, target.width): "the others"})
    for error in errors:
        failures.add(error)
    return images.reshape(len(paths), target.row_bytes), facts


def refuse_sizes(examples):
    """Raise the error that files have several sizes and none was asked for.

    Parameters
    ----------
    examples : dict of (int, int) to str
        A file of each size (height, width).
    """
    named = [f"{height} x {width} ({path})" for (height, width), path in list(examples.items())[:4]]
    more = ", ..." if len(examples) > 4 else ""
    raise ValueError(
        f"The image files have different sizes (height x width): {', '.join(named)}{more}. Say with image_size what "
        "they shall be decoded to, for example image_size=64."
    )


def _decode_piece(paths, target, images, facts, sizes, start):
    size = (target.height, target.width) if target.resize else None
    color_mode = "gray" if target.channels == 1 and target.to_grey else "auto"
    errors = []
    for row in range(start, min(start + _FILES_OF_A_PIECE, len(paths))):
        try:
            image = decode_image(paths[row], size, color_mode)  # (h, w, 1 or 3)
        except ImageDecodeError as error:
            errors.append(error)
            facts[row] = FAILED
            continue
        if image.shape[:2] != images.shape[1:3]:
            sizes.setdefault(image.shape[:2], paths[row])
            continue
        if image.shape[2] > target.channels:
            raise ColourFoundError(paths[row])
        images[row] = image  # one channel is repeated where three are wanted
        if color_mode == "auto":
            facts[row] = GREY if image.shape[2] == 1 else COLOUR
        if not target.resize:
            facts[row] |= OWN_SIZE
    return errors


def _threads_for(paths):
    sample = paths[:: max(1, len(paths) // 8)]
    try:
        is_small = sum(map(os.path.getsize, sample)) <= len(sample) * _SMALL_FILE
    except OSError:  # decoding it will say so
        is_small = True
    if is_small:
        return 1
    from joblib import cpu_count  # the cores that this process may use, not those of the machine

    return min(cpu_count(), _MAX_THREADS)

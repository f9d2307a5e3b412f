"""From paths of image files to rows: in the cache, in memory, or decoded when they are asked for."""

import functools
import os
import warnings
from dataclasses import dataclass, replace

import numpy as np

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images._decode import _is_gray, _orientation, check_color_mode, check_image_size
from skimgcls.images._decode_rows import (
    FAILED,
    ColourFoundError,
    DecodeFailures,
    DecodeTarget,
    decode_rows,
    refuse_sizes,
)
from skimgcls.images._image_cache import CacheUnusableError, ImageCache, cache_folder
from skimgcls.images._open_image import open_image
from skimgcls.utils._free_memory import free_memory

FEW_FILES = 8  # are decoded sooner than a cache is asked
_SHARE_OF_MEMORY = 0.5
_HEADERS = 16  # looked at to guess the size and colour of all files
_MAX_NAMED = 10
_FILES_OF_A_BLOCK = 256


@dataclass
class DecodedFiles:
    """Image files as rows of bytes.

    Parameters
    ----------
    layout : ImageLayout
        How a row is an image.
    rows : ndarray (m, row_bytes) of uint8, or None
        In memory or in a file; None where neither has room.
    index : ndarray (n,) of int64, or None
        The row of each file; None is row after row.
    read : callable or None
        ``(positions) -> rows`` for rows that do not fit into memory; it decodes them, or reads them from the cache.
        None where ``rows`` fits.
    n_files : int
    """

    layout: object
    rows: object
    index: object
    read: object
    n_files: int

    def in_memory(self):
        """Return all rows as one array."""
        if self.rows is None:
            return self.read(np.arange(self.n_files))
        return np.asarray(self.rows if self.index is None else self.rows[self.index])


def read_image_files(
    paths, *, image_size=None, color_mode="auto", cache="auto", fitted_layout=None, input_name="X", name="the estimator"
):
    """Decode image files once.

    Parameters
    ----------
    paths : list of str
    image_size : int, (int, int) or None
        Height and width to decode to. None means the size that all files have.
    color_mode : {"auto", "gray", "rgb"}
        "auto" is three channels where at least one of the files has colour.
    cache : "auto", str, path-like or None
        Folder of the cache; None decodes into memory if that fits, else whenever rows are asked for.
    fitted_layout : ImageLayout or None
        What the images must become; it replaces ``image_size`` and ``color_mode``.
    input_name, name : str
        What errors call the paths and the estimator.

    Returns
    -------
    DecodedFiles

    Raises
    ------
    FileNotFoundError
        If files are not there; names the first ten.
    ImageDecodeError
        If files cannot be decoded; names the first ten.
    ValueError
        If the files have several sizes and ``image_size`` is None.

    Warns
    -----
    UserWarning
        If the cache cannot be used.
    """
    facts = _stat_files(paths, input_name)
    target = _choose_target(paths, check_image_size(image_size), check_color_mode(color_mode), fitted_layout, name)
    read = functools.partial(_read, paths, facts=facts, cache=cache)
    try:
        return read(target)
    except ColourFoundError:
        return read(replace(target, channels=3, to_grey=True))


def _stat_files(paths, input_name):
    facts, missing = [], []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            missing.append(f"{path!r} ({error.strerror})")
        else:
            facts.append((status.st_mtime_ns, status.st_size))
    if missing:
        named = ", ".join(missing[:_MAX_NAMED]) + (", ..." if len(missing) > _MAX_NAMED else "")
        raise FileNotFoundError(
            f"{input_name} holds text, which is read as paths of image files, but {len(missing)} of {len(paths)} files "
            f"cannot be found: {named}. Relative paths start at {os.getcwd()!r}."
        )
    return facts


def _choose_target(paths, image_size, color_mode, fitted_layout, name):
    if fitted_layout is not None:
        if fitted_layout.channels not in (1, 3):
            raise ValueError(
                f"{name} was fitted on images of {fitted_layout.channels} channels, but image files decode to 1 or 3. "
                "Pass images as an array, or fit again on files."
            )
        return DecodeTarget(fitted_layout.height, fitted_layout.width, fitted_layout.channels)
    channels = {"gray": 1, "rgb": 3}.get(color_mode)
    headers = {}
    if image_size is None or channels is None:
        headers = {path: _header(path) for path in paths[:: max(1, len(paths) // _HEADERS)]}
    sizes = {header[:2]: path for path, header in headers.items() if header is not None}
    if image_size is None and len(sizes) > 1:
        refuse_sizes(sizes)
    height, width = image_size or next(iter(sizes), (1, 1))  # without any, decoding will name the files
    is_grey = all(header is None or header[2] for header in headers.values())
    guessed = channels is None and is_grey
    return DecodeTarget(
        height, width, channels or (1 if is_grey else 3), resize=image_size is not None, to_grey=not guessed
    )


def _header(path):
    """Return height, width and whether an image is grey, or None; decoding finds out what is true."""
    try:
        with open_image(path) as image:
            width, height = image.size
            turned = _orientation(image) in (5, 6, 7, 8)
            return (width, height, _is_gray(image)) if turned else (height, width, _is_gray(image))
    except (ImageDecodeError, OSError):
        return None


def _read(paths, target, *, facts, cache):
    n_bytes = len(paths) * target.row_bytes
    failures = DecodeFailures(len(paths))
    if cache is not None and len(paths) > FEW_FILES:
        try:
            rows, positions = ImageCache(cache_folder(cache)).fetch(paths, target, facts, failures)
        except CacheUnusableError as error:
            _warn_once(str(error))
            failures = DecodeFailures(len(paths))
        else:
            return _as_compact(rows, positions, target)
    if n_bytes <= free_memory() * _SHARE_OF_MEMORY:
        rows, _ = decode_rows(paths, target, failures)
        failures.raise_if_any()
        return DecodedFiles(target.layout, rows, None, None, len(paths))
    decoder = _Decoder(paths, target)
    return DecodedFiles(decoder.target.layout, None, None, decoder, len(paths))


@functools.cache
def _warn_once(reason):
    warnings.warn(
        f"The image cache cannot be used: {reason} Files are decoded into memory, or for each batch where that has no "
        "room.",
        UserWarning,
        stacklevel=2,
    )


def _as_compact(rows, positions, target):
    """Keep what is used of the cache: a view where rows stand side by side, a copy where few of many are used."""
    n, first, last = len(positions), int(positions.min()), int(positions.max())
    rows, positions = rows[first : last + 1], positions - first
    index = None if np.array_equal(positions, np.arange(len(rows))) else positions
    room = free_memory() * _SHARE_OF_MEMORY
    if rows.nbytes > room:
        if n * target.row_bytes > room:
            return DecodedFiles(target.layout, None, None, functools.partial(_take, rows, index), n)
        rows, index = rows[index], None
    elif len(rows) > 2 * n:
        rows, index = rows[index], None
    return DecodedFiles(target.layout, rows, index, None, n)


def _take(rows, index, positions):
    return rows.take(positions if index is None else index[positions], axis=0)


class _Decoder:
    """Decodes the rows that are asked for; nothing is kept."""

    def __init__(self, paths, target):
        self._paths = paths
        headers = {path: _header(path) for path in paths}
        known = {path: header for path, header in headers.items() if header is not None}
        sizes = {header[:2]: path for path, header in known.items()}
        if not target.resize and len(sizes) > 1:
            refuse_sizes(sizes)
        has_colour = not target.to_grey and not all(is_grey for _, _, is_grey in known.values())
        self.target = replace(target, resize=True, to_grey=True, channels=3 if has_colour else target.channels)

    def __call__(self, positions):
        failures = DecodeFailures(len(positions))
        rows, facts = decode_rows([self._paths[position] for position in positions], self.target, failures)
        if (facts == FAILED).any():
            self.raise_failures()
        return rows

    def raise_failures(self):
        """Decode all files, to name all that cannot be."""
        failures = DecodeFailures(len(self._paths))
        for start in range(0, len(self._paths), _FILES_OF_A_BLOCK):
            decode_rows(self._paths[start : start + _FILES_OF_A_BLOCK], self.target, failures)
        failures.raise_if_any()

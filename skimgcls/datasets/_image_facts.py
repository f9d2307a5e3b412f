"""What there is to know of each image before training: size, mode, damage, contrast, content."""

import bisect
import hashlib
import itertools
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from skimgcls.datasets._near_duplicates import THUMB
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import as_displayable, read_images
from skimgcls.images._decode import map_in_threads, read_upright, upright_size
from skimgcls.images._image_paths import image_paths
from skimgcls.images._open_image import check_is_file, open_image

_TAKEN_AT_A_TIME = 64  # images of one thread: handing over each alone would take longer than a small file
_EXAMPLE = 96  # pixels, the longer side of an image that a report shows
_SHARE_IN_RANGE = 0.98  # of pixels that count for contrast: a few scratches or a time stamp are no picture
_DIGEST = 16  # bytes


@dataclass
class ImageFacts:
    """Facts of n images, one entry for each; where a file is unreadable all but `problem` are empty.

    Parameters
    ----------
    problem : ndarray (n,) of object
        Why a file cannot be read, or None.
    kind : ndarray (n,) of object
        (format, mode) of a file in Pillow's words, None for arrays.
    size : ndarray (n, 2), int
        Height and width in pixels, as seen.
    contrast : ndarray (n,), int
        Difference, of 0 to 255, that 98 % of the values of a channel keep within; of the channel with the largest.
    digest : ndarray (n,) of object
        Of a file's bytes or an array's values.
    thumb : ndarray (n, 32, 32), uint8
        The whole image, squashed and grey.
    """

    problem: np.ndarray
    kind: np.ndarray
    size: np.ndarray
    contrast: np.ndarray
    digest: np.ndarray
    thumb: np.ndarray

    def __len__(self):
        return len(self.problem)

    @classmethod
    def joined(cls, parts):
        """Join the facts of several parts of a data set."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))


class ImageSource:
    """Images in any form, one at a time.

    Parameters
    ----------
    X : array-like
        Paths, or images in any form that the estimators take, or a list of arrays of unequal shapes.
    image_shape, channels
        As in `check_images`.
    input_name : str
        What errors call them.
    """

    def __init__(self, X, image_shape, channels, input_name):
        self.names = image_paths(X, input_name=input_name)
        if self.names is not None:
            return
        self._rows, self._shown = None, None
        reading = {"image_shape": image_shape, "channels": channels}
        if _is_ragged(X):
            # each by itself, in its own range of values
            self._rows = [np.ascontiguousarray(image) for image in X]
            self._shown = [as_displayable(image[np.newaxis], **reading)[0] for image in self._rows]
        else:
            self._rows = read_images(X, estimator="check_images", input_name=input_name, **reading)[0]
            self._shown = as_displayable(X, **reading)  # bytes are not copied, here and above

    def __len__(self):
        return len(self._rows) if self.names is None else len(self.names)

    def read_facts(self):
        """Read the facts of all images, with a thread for each CPU core."""
        starts = range(0, len(self), _TAKEN_AT_A_TIME)
        chunks = [range(start, min(start + _TAKEN_AT_A_TIME, len(self))) for start in starts]
        with map_in_threads(lambda chunk: [self._facts_of(i) for i in chunk], chunks) as found:
            return _gather(itertools.chain.from_iterable(found), len(self))

    def example(self, index):
        """Decode one image to be shown, (h, w, 3), uint8, at most 96 pixels high and wide; None if it is unreadable."""
        try:
            image = self._open(index)
        except (ImageDecodeError, OSError):
            return None
        image.thumbnail((_EXAMPLE, _EXAMPLE), Image.Resampling.BILINEAR)
        return np.asarray(image.convert("RGB"))

    def _open(self, index):
        if self.names is None:
            return _as_pillow(self._shown[index])
        with open_image(self.names[index]) as image:
            return read_upright(image, (_EXAMPLE, _EXAMPLE), "auto")

    def _facts_of(self, index):
        if self.names is not None:
            return _facts_of_file(self.names[index])
        image = _as_pillow(self._shown[index])
        digest = hashlib.blake2b(self._rows[index], digest_size=_DIGEST).digest()
        return None, None, (image.height, image.width), _contrast(image), digest, _thumb(image)


def _is_ragged(X):
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return False
    shapes = {np.shape(image) for image in X}
    return len(shapes) > 1 and all(len(shape) in (2, 3) for shape in shapes)


def _as_pillow(shown):
    return Image.fromarray(np.ascontiguousarray(shown[..., :3] if shown.ndim == 3 else shown))


def _facts_of_file(path):
    try:
        check_is_file(path, path)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST)).digest()
            with open_image(file) as image:
                kind = ("JPEG" if image.format == "MPO" else image.format, image.mode)
                width, height = upright_size(image)
                image = read_upright(image, (THUMB, THUMB), "auto")
                return None, kind, (height, width), _contrast(image), digest, _thumb(image)
    except ImageDecodeError as error:  # without the name, which the report gives
        return str(error).split(" could not be decoded: ", 1)[-1], None, (0, 0), 0, None, None
    except OSError as error:
        return f"{error.strerror or error}.", None, (0, 0), 0, None, None


def _contrast(image):
    counts = image.histogram()  # (channels * 256)
    ranges = []
    for start in range(0, len(counts), 256):  # plain lists: for so few numbers arrays would take four times as long
        below = list(itertools.accumulate(counts[start : start + 256]))
        outside = (1 - _SHARE_IN_RANGE) / 2 * below[-1]
        ranges.append(bisect.bisect_left(below, below[-1] - outside) - bisect.bisect_right(below, outside))
    return max(ranges)


def _thumb(image):
    # reducing first by whole numbers, which is fast and accurate enough at twice the wanted size
    small = image.resize((THUMB, THUMB), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small.convert("L"))


def _gather(found, n):
    facts = ImageFacts(
        problem=np.full(n, None, dtype=object),
        kind=np.full(n, None, dtype=object),
        size=np.zeros((n, 2), np.int64),
        contrast=np.zeros(n, np.int64),
        digest=np.full(n, None, dtype=object),
        thumb=np.zeros((n, THUMB, THUMB), np.uint8),
    )
    for index, (problem, kind, size, contrast, digest, thumb) in enumerate(found):
        facts.problem[index], facts.kind[index], facts.digest[index] = problem, kind, digest
        facts.size[index], facts.contrast[index] = size, contrast
        if thumb is not None:
            facts.thumb[index] = thumb
    return facts

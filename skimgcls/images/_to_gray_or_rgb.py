"""Any mode of an image to grey or colour."""

import numpy as np
from PIL import Image

from skimgcls.images._open_image import RefusedError

_ROWS = 256  # converted at a time, so that eight bytes per pixel need no memory
_BITS, _WHITE_IS_ZERO, _SAMPLE_FORMAT, _SIGNED = 258, 262, 339, 2  # tags of TIFF, and a value of the last
_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def to_gray_or_rgb(image, file_format, color_mode):
    """Convert a decoded image of any mode to Pillow's "L" or "RGB", on white, and never clipped.

    Parameters
    ----------
    image : PIL.Image.Image
    file_format : str
        Pillow's name of the format that it is from.
    color_mode : {"gray", "rgb"}

    Returns
    -------
    image : PIL.Image.Image
    """
    tags = getattr(image, "tag_v2", {})  # of a TIFF file
    if image.mode in ("I", "F") or image.mode.startswith("I;16") or (image.mode == "L" and _is_signed(tags)):
        image = Image.fromarray(_to_bytes(_values_of(image, tags), file_format, is_inverted=_is_inverted(image, tags)))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    elif image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")  # before grey: Pillow has no direct way from every mode
    mode = "L" if color_mode == "gray" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def is_gray(image):
    """Tell whether an image is stored without colour: by its mode, and by the entries of a palette."""
    if image.mode in ("P", "PA"):
        palette = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GRAY_MODES


def _is_signed(tags):
    return tuple(tags.get(_SAMPLE_FORMAT, ()))[:1] == (_SIGNED,)


def _is_inverted(image, tags):
    return image.mode != "L" and tags.get(_WHITE_IS_ZERO) == 0  # up to 8 bits Pillow turns them round itself


def _values_of(image, tags):
    """Greys as numbers: of TIFF Pillow takes signed bytes for unsigned ones, and 32 unsigned bits for signed ones."""
    values = np.asarray(image)
    if image.mode == "L":
        return values.view(np.int8)
    if image.mode == "I" and tuple(tags.get(_BITS, ())) == (32,) and not _is_signed(tags):
        return values.view(np.uint32)
    return values


def _to_bytes(values, file_format, *, is_inverted):
    """Scale greys of more than 8 bits to uint8, see the table in `decode_image`."""
    scale = _scaling(values, file_format)
    images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS):
        rows = scale(values[start : start + _ROWS])
        images[start : start + _ROWS] = 255 - rows if is_inverted else rows
    return images


def _scaling(values, file_format):
    """Return the function that brings rows of these values to 0 to 255."""
    is_float = values.dtype.kind == "f"
    if not is_float and (values.dtype.itemsize == 2 or file_format == "PPM"):  # which comes as 32-bit 0 to 65535
        return lambda rows: (rows.astype(np.uint32) + 128) // 257  # rounded: 257 is odd, there are no ties
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise RefusedError("it holds NaN or infinite values. Replace them, then save it again.")
    offset, factor = 0.0, 1.0
    if is_float and low >= 0 and high <= 1:
        factor = 255.0
    elif low < 0 or high > 255:
        offset, factor = low, 255 / (high - low) if high > low else 0.0
    return lambda rows: np.rint((rows.astype(np.float64) - offset) * factor)

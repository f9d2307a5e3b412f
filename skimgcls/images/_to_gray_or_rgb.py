"""Any mode of an image to grey or colour."""

import numpy as np
from PIL import Image

from skimgcls.images._open_image import RefusedError

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
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_bytes(np.asarray(image), file_format))
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


def _to_bytes(values, file_format):
    """Scale greys of more than 8 bits to uint8, see the table in `decode_image`."""
    if values.dtype.itemsize == 2 or file_format == "PPM":  # which comes as 32-bit integers of 0 to 65535
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # rounded: 257 is odd, there are no ties
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        raise RefusedError("it holds NaN or infinite values. Replace them, then save it again.")
    is_unit_interval = values.dtype.kind == "f" and low >= 0 and high <= 1
    values = values.astype(np.float64)
    if is_unit_interval:
        values = values * 255
    elif low < 0 or high > 255:
        values = (values - low) * (255 / (high - low) if high > low else 0)
    return np.rint(values).astype(np.uint8)

"""Images as a screen wants them."""

import numpy as np

from skimgcls.images._read_images import read_images


def as_displayable(X, image_shape=None, *, channels="auto", fitted_layout=None):
    """Turn images of any supported form into bytes that can be shown.

    Parameters
    ----------
    X : array-like, DataFrame or tensor
        Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c), of any real dtype.
    image_shape : tuple of int, default=None
        (h, w) or (h, w, c); needed for flat rows that are not square.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis stands.
    fitted_layout : ImageLayout, default=None
        How a fitted estimator reads its input; it replaces the other two.

    Returns
    -------
    images : ndarray of uint8, (n, h, w) for grey and (n, h, w, 3 or 4) for colour
        Values are scaled alike for all images. Black is 0, or the least value where that is negative. White is 1 or 255
        where the largest value is at least half of it, else the largest value: floats in 0 to 1 and bytes look as
        they are, standardized values and digits of 0 to 16 fill the range. Images of other numbers of channels
        than 1, 3 and 4 become grey, by the mean over channels.

    Raises
    ------
    ValueError
        On ragged, empty, non-finite or wrongly shaped input.
    """
    rows, layout = read_images(
        X, estimator="as_displayable", image_shape=image_shape, channels=channels, fitted_layout=fitted_layout
    )
    images = layout.as_images(rows).transpose(0, 2, 3, 1)  # (n, c, h, w) -> (n, h, w, c)
    if layout.channels not in (1, 3, 4):
        images = images.mean(axis=3, keepdims=True)
    images = _scale_to_bytes(images)
    return images[..., 0] if images.shape[3] == 1 else images


def _scale_to_bytes(images):
    black, white = min(float(images.min()), 0.0), float(images.max())
    white = next((ceiling for ceiling in (1.0, 255.0) if ceiling / 2 <= white <= ceiling), white)
    if images.dtype == np.uint8 and white == 255:
        return images
    scale = 255 / (white - black) if white > black else 0.0
    return np.round((images.astype(np.float32) - black) * scale).astype(np.uint8)

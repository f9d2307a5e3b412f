"""Attributions as colours over an image."""

import numpy as np

# RdBu of ColorBrewer, which the colour-blind can read: from against over nothing to for
STOPS = ((0.13, 0.40, 0.67), (0.57, 0.77, 0.87), (1.0, 1.0, 1.0), (0.96, 0.65, 0.51), (0.70, 0.09, 0.17))
WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in what the eye takes for brightness (ITU-R BT.601)
DARKEST = 0.8  # brightness that black has under the colours
FULL = 99  # percentile that gets the full colour: single pixels would leave the others pale


def heat_over_image(image, attributions):
    """Colour a pale grey copy of an image by attributions.

    Parameters
    ----------
    image : ndarray of uint8 (h, w) or (h, w, 3 or 4)
        As it is shown.
    attributions : ndarray (h, w)
        Positive becomes red, negative blue, 0 leaves grey. The scale is that of the largest.

    Returns
    -------
    coloured : ndarray of uint8 (h, w, 3)
    """
    grey = image if image.ndim == 2 else image[..., :3] @ np.array(WEIGHTS)
    pale = DARKEST + (1 - DARKEST) * grey / 255
    sizes = np.abs(attributions)
    scale = np.percentile(sizes, FULL) or sizes.max() or 1.0
    position = np.clip(attributions / scale, -1, 1)
    at = np.linspace(-1, 1, len(STOPS))
    colours = np.stack([np.interp(position, at, channel) for channel in zip(*STOPS, strict=True)], axis=-1)
    return np.round(255 * colours * pale[..., None]).astype(np.uint8)

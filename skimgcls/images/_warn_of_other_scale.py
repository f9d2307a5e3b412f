"""Bytes and fractions must not be mixed between fit and predict."""

import warnings

import numpy as np

_FRACTIONS_REACH, _BYTES_REACH = 1.0, 50.0  # between the two a data set may be either


def warn_of_other_scale(rows, fitted_maximum, *, name, input_name):
    """Warn when images from 0 to 1 come to a model that was fitted on 0 to 255, or the other way round.

    Parameters
    ----------
    rows : ndarray
        Images as numbers.
    fitted_maximum : float
        Largest value seen by fit.
    name : str
        Of the estimator.
    input_name : str
        What the warning calls the images.
    """
    if rows.dtype == np.uint8 and fitted_maximum > _FRACTIONS_REACH:
        return  # bytes after bytes: however dark, they are on one scale
    maximum = float(rows.max())
    smaller, larger = sorted((maximum, fitted_maximum))
    if 0 < smaller <= _FRACTIONS_REACH and larger >= _BYTES_REACH and rows.min() >= 0:
        warnings.warn(
            f"{input_name} reaches to {maximum:g}, but {name} was fitted on images that reach to {fitted_maximum:g}. "
            "The scale is learnt at fit and must stay the same: multiply or divide by 255 to match.",
            UserWarning,
            stacklevel=5,
        )

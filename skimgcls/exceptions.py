"""Exceptions and warnings of skimgcls, each a subclass of a standard one."""

__all__ = ["DivergedError", "ImageDecodeError", "ModelFileError"]


class DivergedError(ValueError):
    """Training produced a loss, weights or statistics that are not finite.

    The estimator keeps the weights that it had at the start of the epoch in which this happened.
    A search with ``error_score`` set treats it as it does any failed fit.

    Examples
    --------
    >>> from skimgcls.exceptions import DivergedError
    >>> issubclass(DivergedError, ValueError)
    True
    """


class ImageDecodeError(ValueError):
    """An image file could not be read; the message names the file.

    Examples
    --------
    >>> from skimgcls.exceptions import ImageDecodeError
    >>> issubclass(ImageDecodeError, ValueError)
    True
    """


class ModelFileError(ValueError):
    """A model file is refused, or a model holds what no model file can.

    The message names the file, what was found in it and what was expected. Nothing of a refused file has been executed.

    Examples
    --------
    >>> from skimgcls.exceptions import ModelFileError
    >>> issubclass(ModelFileError, ValueError)
    True
    """

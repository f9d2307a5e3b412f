"""Recognising images again, in another process and on another day."""

from skimgcls.images._image_paths import image_paths
from skimgcls.utils._stable_hash import file_facts, stable_hash


def hash_data(X, y=None, **params):
    """Hash images, labels and whatever else goes along row by row; files by their path, size and time of change.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        Images, or their paths.
    y : array-like of shape (n,), default=None
        Labels.
    **params : object
        Such as weights.

    Returns
    -------
    digest : str
        32 hexadecimal digits.
    """
    files = [_files_of(images) for images in (X, params.get("X_val"))]
    return stable_hash((X, y, params, files), "data")


def _files_of(images):
    try:
        paths = None if images is None else image_paths(images)
    except ValueError:  # none of ours: texts, perhaps, in a search over something else
        paths = None
    return [fact for path in paths or () for fact in file_facts(path)]

"""Emptying the cache of decoded image files."""

from skimgcls.images._image_cache import ImageCache, cache_folder


def clear_image_cache(cache="auto"):
    """Remove all decoded images from the cache.

    It is safe while fits read it: they keep what they have opened (on Windows such files stay, and can be removed
    later). The next fit on image files decodes them again.

    Parameters
    ----------
    cache : "auto", str or path-like, default="auto"
        Folder of the cache, as given to an estimator. "auto" is the folder that the environment variable
        SKIMGCLS_CACHE names; where that is unset, ``decoded-images`` in the user's cache folder
        (``~/.cache/skimgcls`` on Linux). Only what the cache wrote is removed.

    Returns
    -------
    n_bytes : int
        Bytes freed.

    Examples
    --------
    >>> import tempfile
    >>> from skimgcls.datasets import clear_image_cache
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clear_image_cache(folder)
    0
    """
    return ImageCache(cache_folder(cache)).clear()

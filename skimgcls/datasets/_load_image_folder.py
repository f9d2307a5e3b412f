"""A folder of image files, one sub-folder per class, as one array."""

import os
import warnings
from pathlib import Path

import numpy as np

from skimgcls.datasets._dataset_bunch import dataset_bunch
from skimgcls.images._decode import SUFFIXES, check_color_mode, check_image_size, decode_images

# Images that cannot be decoded here: they raise, since leaving them out in silence would change the data set.
_UNSUPPORTED_SUFFIXES = frozenset({".avif", ".heic", ".heif", ".jp2", ".jxl"})
_SPLIT_NAMES = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})


def load_image_folder(root, *, image_size=None, color_mode="auto", return_X_y=False):
    """Load images from a folder with one sub-folder per class.

    Parameters
    ----------
    root : str or path-like
        Folder whose sub-folders are the classes. Images are searched in them at any depth; files and folders whose
        name starts with a dot are left out, and so are files that have no image's suffix (``.png``, ``.jpg``,
        ``.webp``, ``.gif``, ``.bmp``, ``.tif``, ``.ppm`` and their variants, in upper or lower case) and what lies
        in `root` itself.
    image_size : int or (int, int)
        Height and width in pixels of the images in the array; an int means a square. Files of any size are scaled by
        their shorter side and cut to the centre. Needed for now: the estimators take arrays, not paths.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        "auto" gives three channels where at least one of the files has colour, one channel otherwise.
    return_X_y : bool, default=False
        Return the images and the labels alone.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n, height, width, channels), uint8
            Images, sorted by class, then by path. Shuffle them before cutting parts out.
        target : ndarray of shape (n,), str
            Labels: names of the sub-folders.
        target_names : ndarray of shape (n_classes,), str
            The classes, sorted.
        filenames : ndarray of shape (n,), str
            Path of each image, starting with `root` as given.
        DESCR : str
            What was loaded.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    ImageDecodeError
        If image files are damaged or of an unsupported format; the message names the first ten.
    NotADirectoryError
        If `root` is no folder.
    ValueError
        If `image_size` is None, if `root` has no sub-folder, or if a sub-folder has no image.

    Warns
    -----
    UserWarning
        If the classes are called "train", "test", "val" and the like: then `root` is one level too high.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skimgcls.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("cat", "dog"):
    ...         Path(root, name).mkdir()
    ...         Image.new("RGB", (40, 30)).save(Path(root, name, "one.png"))
    ...     pets = load_image_folder(root, image_size=16)
    >>> pets.data.shape, pets.target.tolist()
    ((2, 16, 16, 3), ['cat', 'dog'])
    """
    check_color_mode(color_mode)
    if check_image_size(image_size) is None:
        raise ValueError(
            "load_image_folder needs image_size, such as image_size=64: the estimators take arrays, in which all "
            "images have one height and width in pixels. Got None."
        )
    root = os.fspath(root)
    classes = _find_classes(root)
    paths = {name: _find_images(os.path.join(root, name)) for name in classes}
    empty = [name for name in classes if not paths[name]]
    if empty:
        raise ValueError(
            f"{root!r} has sub-folders without images: {', '.join(map(repr, empty[:10]))}. Each sub-folder is a class. "
            f"Remove them, or save images in them ({', '.join(sorted(SUFFIXES))})."
        )
    filenames = [path for name in classes for path in paths[name]]
    images = decode_images(filenames, image_size, color_mode)
    codes = np.repeat(np.arange(len(classes)), [len(paths[name]) for name in classes])
    descr = f"{len(filenames)} images of {len(classes)} classes from {root}, decoded to {images.shape[1:]} bytes each."
    return dataset_bunch(images, codes, classes, descr=descr, filenames=np.array(filenames), return_X_y=return_X_y)


def _find_classes(root):
    if not os.path.isdir(root):
        raise NotADirectoryError(f"{root!r} is no folder. Give the folder whose sub-folders are the classes.")
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith("."))
    if not classes:
        raise ValueError(f"{root!r} has no sub-folder. Put the images of each class into a sub-folder with its name.")
    if len(classes) > 1 and _SPLIT_NAMES.issuperset(map(str.lower, classes)):
        warnings.warn(
            f"The classes found in {root!r} are {classes}, which look like parts of a data set. To load one part, give "
            f"its folder: load_image_folder({os.path.join(root, classes[0])!r}, ...).",
            UserWarning,
            stacklevel=3,
        )
    return classes


def _find_images(folder):
    """List image files at any depth, sorted by path; links are followed, but no folder is visited twice."""
    found, visited = [], set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        identity = os.path.realpath(parent)
        if identity in visited:  # a link to a folder above
            folders.clear()
            continue
        visited.add(identity)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(parent, name) for name in files if _is_image(name)]
    return sorted(found, key=lambda path: Path(path).parts)


def _is_image(name):
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and (suffix in SUFFIXES or suffix in _UNSUPPORTED_SUFFIXES)

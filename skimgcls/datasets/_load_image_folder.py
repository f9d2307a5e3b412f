"""A folder of image files, one sub-folder per class."""

import os
import warnings
from pathlib import Path

from skimgcls.datasets._image_files_bunch import check_loading, image_files_bunch
from skimgcls.images._decode import SUFFIXES

# Images that cannot be decoded here: they raise, since leaving them out in silence would change the data set.
_UNSUPPORTED_SUFFIXES = frozenset({".avif", ".heic", ".heif", ".jp2", ".jxl"})
_SPLIT_NAMES = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})


def load_image_folder(root, image_size=None, *, color_mode="auto", on_error="raise", return_X_y=False, as_frame=False):
    """Load images, or their paths, from a folder with one sub-folder per class.

    Parameters
    ----------
    root : str or path-like
        Folder whose sub-folders are the classes. Images are searched in them at any depth; files and folders whose
        name starts with a dot are left out, and so are files that have no image's suffix (``.png``, ``.jpg``,
        ``.webp``, ``.gif``, ``.bmp``, ``.tif``, ``.ppm`` and their variants, in upper or lower case) and what lies
        in `root` itself.
    image_size : int or (int, int), default=None
        Height and width in pixels of the images in an array; an int means a square. Files of any size are scaled by
        their shorter side and cut to the centre. None gives their paths, which the estimators and every splitter of
        scikit-learn take as they are; then `image_size` is a parameter of the estimator.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        "auto" gives three channels where at least one of the files has colour, one channel otherwise. For arrays.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about files that cannot be decoded: raise, leave them out in silence, or leave them out and warn.
        For paths, "skip" and "warn" decode each file once to find out, and "raise" opens none: a damaged file then
        raises in `fit`.
    return_X_y : bool, default=False
        Return the images and the labels alone.
    as_frame : bool, default=False
        Return a DataFrame of paths and a Series of labels; not together with `image_size`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n,), str, or (n, height, width, channels), uint8; DataFrame with column "path"
            Paths, or images if `image_size` is given, sorted by class, then by path. Shuffle them before cutting
            parts out.
        target : ndarray or Series of shape (n,), str
            Labels: names of the sub-folders.
        target_names : ndarray of shape (n_classes,), str
            The classes, sorted.
        filenames : ndarray of shape (n,), str
            Path of each image, starting with `root` as given.
        groups : ndarray of shape (n,), str, or None
            For splits that keep together what belongs together, as
            :class:`~sklearn.model_selection.StratifiedGroupKFold` does: the first folder below the class, so that
            ``ants/colony_7/1.jpg`` and ``bees/colony_7/2.jpg`` are in group "colony_7". An image without one is a
            group of its own, by its path below `root`. None if no class has sub-folders.
        unreadable : ndarray of shape (n_unreadable,), str
            Paths of the files that were left out.
        frame : DataFrame or None
            Columns "path", "label" and, if there are any, "group". With `as_frame`.
        DESCR : str
            What was loaded.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ImageDecodeError
        If image files are damaged or of an unsupported format; the message names the first ten. With "skip" and
        "warn" only if none can be decoded.
    NotADirectoryError
        If `root` is no folder.
    ValueError
        If `root` has no sub-folder, a sub-folder has no image, or a parameter is no valid choice.

    Warns
    -----
    UserWarning
        If the classes are called "train", "test", "val" and the like: then `root` is one level too high. If files
        were left out and `on_error` is "warn"; names the first ten.

    See Also
    --------
    load_image_table : The same for a table of paths and labels.
    check_images : What is wrong with the images, before training.

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
    ...     paths, labels = load_image_folder(root, return_X_y=True)
    ...     pets = load_image_folder(root, image_size=16)
    >>> [Path(path).name for path in paths], labels.tolist()
    (['one.png', 'one.png'], ['cat', 'dog'])
    >>> pets.data.shape
    (2, 16, 16, 3)
    """
    check_loading(image_size, color_mode, on_error, as_frame)
    if not isinstance(root, (str, os.PathLike)):
        raise TypeError(f"root must be the path of a folder, got {root!r}. Its sub-folders are the classes.")
    root = os.fspath(root)
    classes = _find_classes(root)
    paths = {name: _find_images(os.path.join(root, name)) for name in classes}
    empty = [name for name in classes if not paths[name]]
    if empty:
        raise ValueError(
            f"{root!r} has sub-folders without images: {', '.join(map(repr, empty[:10]))}. Each sub-folder is a class. "
            f"Remove them, or save images in them ({', '.join(sorted(SUFFIXES))})."
        )
    found = [path for name in classes for path in paths[name]]
    return image_files_bunch(
        found,
        [name for name in classes for _ in paths[name]],
        _find_groups(found, root),
        source=root,
        names=("path", "label", "group"),
        image_size=image_size,
        color_mode=color_mode,
        on_error=on_error,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _find_classes(root):
    if not os.path.isdir(root):
        raise NotADirectoryError(f"root={root!r} is no folder. Give the folder whose sub-folders are the classes.")
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


def _find_groups(paths, root):
    """The first folder below the class of each image, or where there is none what lies below the root."""
    below = [Path(path).relative_to(root).parts for path in paths]
    if not any(len(parts) > 2 for parts in below):
        return None
    return [parts[1] if len(parts) > 2 else os.path.join(*parts) for parts in below]


def _is_image(name):
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and (suffix in SUFFIXES or suffix in _UNSUPPORTED_SUFFIXES)

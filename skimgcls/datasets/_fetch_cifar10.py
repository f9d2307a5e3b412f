"""CIFAR-10: small colour photographs of animals and vehicles."""

from skimgcls.datasets import _cifar10_jpeg, _cifar10_original
from skimgcls.datasets._data_home import search_folders
from skimgcls.datasets._dataset_bunch import dataset_bunch, parts_of_subset
from skimgcls.datasets._download import download_archive

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_DESCR = """CIFAR-10: small photographs of animals and vehicles

50,000 training and 10,000 test images of 32 x 32 colour pixels (uint8 RGB), ten classes of 5,000 training and 1,000
test images each. {variant}

Source: https://www.cs.toronto.edu/~kriz/cifar.html, labelled subset of the 80 million tiny images.
Licence: none is stated; distributed for research, with the request to cite the report below.
Citation: A. Krizhevsky, "Learning multiple layers of features from tiny images", technical report, University of
Toronto, 2009.
"""
_VARIANTS = {
    "original": "These are the original pixels.",
    "jpeg": (
        "These are not the original pixels but a copy compressed as JPEG of quality 75, a little harder\n"
        "to classify: do not compare accuracies with published ones. Order: by number, then by class."
    ),
}


def fetch_cifar10(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load CIFAR-10, downloading it (170 MB) where it is not there: 60,000 photographs of animals and vehicles.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        50,000 training images, 10,000 test images, or both, the training images first.
    data_home : str or path-like, default=None
        Folder with the data sets. Taken from it is the first of

        - ``cifar-10-batches-py/``, the original batches;
        - ``cifar-10-python.tar.gz``, the original archive, read without unpacking it;
        - ``cifar10-jpeg.zip``, a smaller copy (62 MB, ``train/<class>/<number>.jpg``) with JPEG artefacts of quality
          75, hence a little harder to classify. Decoded at the first call and kept as an array (184 MB) in
          ``cifar10-jpeg/``.

        None means the environment variable SKIMGCLS_DATA, else the user's cache folder, such as
        ``~/.cache/skimgcls``. Downloads and arrays go there too; where it is read-only, into the user's cache folder.
    download_if_missing : bool, default=True
        False raises where nothing is there. What is there is used without a network in any case.
    return_X_y : bool, default=False
        Return the images and the labels alone.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n, 32, 32, 3), uint8
            Images, RGB.
        target : ndarray of shape (n,), str
            Labels: "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck".
        target_names : ndarray of shape (10,), str
            The classes, in the order above.
        filenames : ndarray of shape (n,), str
            Name of each image in its source.
        variant : {"original", "jpeg"}
            Which pixels these are. The original ones come in their author's order, those of the zip by number, then
            by class: the first of every class, the second of every class, and so on.
        DESCR : str
            Source, licence and citation.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If nothing is there and `download_if_missing` is False; the message says what belongs where.
    OSError
        If the download fails, or if a file is not the one expected (checked by sha256).

    Notes
    -----
    The original batches are pickles. They are checked first, and read by an unpickler that looks up no function or
    class, so that no file can run code.

    References
    ----------
    .. [1] A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto, 2009.

    Examples
    --------
    >>> from skimgcls.datasets import fetch_cifar10
    >>> X, y = fetch_cifar10(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, X.dtype, y.shape  # doctest: +SKIP
    ((10000, 32, 32, 3), dtype('uint8'), (10000,))
    """
    parts = parts_of_subset(subset)
    folders = search_folders(data_home)
    variant, path = _find(folders, parts) or ("original", _download(folders, download_if_missing))
    if variant == "original":
        images, codes, filenames = _cifar10_original.read_original(path, parts)
    else:
        images, codes, filenames = _cifar10_jpeg.read_jpeg(path, parts, _CLASSES, folders)
    return dataset_bunch(
        images,
        codes,
        _CLASSES,
        descr=_DESCR.format(variant=_VARIANTS[variant]),
        filenames=filenames,
        return_X_y=return_X_y,
        variant=variant,
    )


def _find(folders, parts):
    """Return the variant and its path from the first folder that has any, the original before its copy."""
    for folder in folders:
        if path := _cifar10_original.find_original(folder, parts):
            return "original", path
        if path := _cifar10_jpeg.find_jpeg([folder]):
            return "jpeg", path
    return None


def _download(folders, download_if_missing):
    archive, folder = _cifar10_original.ARCHIVE, folders[-1]  # the last folder is the one for new files
    where = (
        f"Put {archive} into {folder}, or give data_home (or set SKIMGCLS_DATA to) a folder that has it, or the folder "
        f"{_cifar10_original.FOLDER}, or {_cifar10_jpeg.ARCHIVE}."
    )
    if not download_if_missing:
        searched = " or ".join(map(str, folders))
        raise FileNotFoundError(f"CIFAR-10 is not in {searched}, and download_if_missing is False. {where}")
    try:
        return download_archive("CIFAR10", archive, folder, _cifar10_original.ARCHIVE_SHA256)
    except OSError as error:
        raise OSError(f"CIFAR-10 is not there and cannot be downloaded. {error} {where}") from error

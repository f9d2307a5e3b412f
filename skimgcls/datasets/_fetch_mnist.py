"""MNIST: handwritten digits."""

from types import MappingProxyType

from skimgcls.datasets._idx_dataset import IdxDataset

_MNIST = IdxDataset(
    name="MNIST",
    torchvision_name="MNIST",
    class_labels=tuple("0123456789"),
    sha256=MappingProxyType(
        {
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        }
    ),
    descr="""MNIST: handwritten digits

60,000 training and 10,000 test images of 28 x 28 grey pixels (uint8, 0 is the background, 255 full ink), ten
classes "0" to "9" of unequal size (5,421 to 6,742 training images). The test images come from other writers than
the training images.

Source: http://yann.lecun.com/exdb/mnist/, made from NIST Special Databases 1 and 3.
Licence: Creative Commons Attribution-Share Alike 3.0; copyright Yann LeCun and Corinna Cortes.
Citation: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11):2278-2324, 1998.
""",
)


def fetch_mnist(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load MNIST, downloading it (12 MB) where it is not there: 70,000 handwritten digits.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        60,000 training images, 10,000 test images, or both, the training images first.
    data_home : str or path-like, default=None
        Folder with the data sets; the files lie in ``MNIST/raw`` in it, as torchvision puts them, unpacked or as
        ``.gz``. None means the environment variable SKIMGCLS_DATA, else the user's cache folder, such as
        ``~/.cache/skimgcls``. Downloads go there too; where it is read-only, into the user's cache folder.
    download_if_missing : bool, default=True
        False raises where a file is missing. What is there is used without a network in any case.
    return_X_y : bool, default=False
        Return the images and the labels alone.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n, 28, 28), uint8
            Images.
        target : ndarray of shape (n,), str
            Labels "0" to "9".
        target_names : ndarray of shape (10,), str
            The classes.
        filenames : None
            There are no files.
        DESCR : str
            Source, licence and citation.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If files are missing and `download_if_missing` is False; the message says which files belong where.
    OSError
        If the download fails, or if a file is not the one expected (checked by sha256).

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
       Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> from skimgcls.datasets import fetch_mnist
    >>> X, y = fetch_mnist(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y[:4].tolist()  # doctest: +SKIP
    ((10000, 28, 28), ['7', '2', '1', '0'])
    """
    return _MNIST.fetch(subset, data_home, download_if_missing, return_X_y)

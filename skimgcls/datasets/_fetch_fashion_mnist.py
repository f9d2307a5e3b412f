"""Fashion-MNIST: articles of clothing."""

from types import MappingProxyType

from skimgcls.datasets._idx_dataset import IdxDataset

_FASHION_MNIST = IdxDataset(
    name="Fashion-MNIST",
    torchvision_name="FashionMNIST",
    class_labels=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    sha256=MappingProxyType(
        {
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        }
    ),
    descr="""Fashion-MNIST: articles of clothing

60,000 training and 10,000 test images of 28 x 28 grey pixels (uint8, 0 is the background), photographs of articles
from the shop of Zalando, ten classes of 6,000 training and 1,000 test images each. Made as a drop-in replacement of
MNIST that is harder: shirts, coats and pullovers are confused by people too.

Source: https://github.com/zalandoresearch/fashion-mnist
Licence: MIT; copyright 2017 Zalando SE.
Citation: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747, 2017.
""",
)


def fetch_fashion_mnist(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load Fashion-MNIST, downloading it (31 MB) where it is not there: 70,000 articles of clothing.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        60,000 training images, 10,000 test images, or both, the training images first.
    data_home : str or path-like, default=None
        Folder with the data sets; the files lie in ``FashionMNIST/raw`` in it, as torchvision puts them, unpacked or
        as ``.gz``. None means the environment variable SKIMGCLS_DATA, else the user's cache folder, such as
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
            Labels: "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
            "Ankle boot".
        target_names : ndarray of shape (10,), str
            The classes, in the order above, which is that of their original numbers.
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
    .. [1] H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
       algorithms", arXiv:1708.07747, 2017.

    Examples
    --------
    >>> from skimgcls.datasets import fetch_fashion_mnist
    >>> X, y = fetch_fashion_mnist(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y[:3].tolist()  # doctest: +SKIP
    ((10000, 28, 28), ['Ankle boot', 'Pullover', 'Trouser'])
    """
    return _FASHION_MNIST.fetch(subset, data_home, download_if_missing, return_X_y)

"""Real, bundled, own and synthetic images, as uint8 arrays with their labels."""

from skimgcls.datasets._check_images import check_images
from skimgcls.datasets._fetch_cifar10 import fetch_cifar10
from skimgcls.datasets._fetch_fashion_mnist import fetch_fashion_mnist
from skimgcls.datasets._fetch_mnist import fetch_mnist
from skimgcls.datasets._image_check import ImageCheck
from skimgcls.datasets._load_digit_images import load_digit_images
from skimgcls.datasets._load_image_folder import load_image_folder
from skimgcls.datasets._load_image_table import load_image_table
from skimgcls.datasets._make_images import make_images
from skimgcls.images._clear_image_cache import clear_image_cache

__all__ = [
    "ImageCheck", "check_images", "clear_image_cache", "fetch_cifar10", "fetch_fashion_mnist", "fetch_mnist",
    "load_digit_images", "load_image_folder", "load_image_table", "make_images",
]  # fmt: skip

"""Transformers of images, and augmentation of batches on their device, drawn for each image by itself."""

from skimgcls.preprocessing import transformers
from skimgcls.preprocessing._augmentation import Augmentation
from skimgcls.preprocessing._color_jitter import ColorJitter
from skimgcls.preprocessing._compose import Compose
from skimgcls.preprocessing._cut_mix import CutMix
from skimgcls.preprocessing._cutout import Cutout
from skimgcls.preprocessing._function_augmentation import FunctionAugmentation
from skimgcls.preprocessing._gaussian_noise import GaussianNoise
from skimgcls.preprocessing._make_augmentation import make_augmentation
from skimgcls.preprocessing._mixup import Mixup
from skimgcls.preprocessing._random_affine import RandomAffine
from skimgcls.preprocessing._random_crop import RandomCrop
from skimgcls.preprocessing._random_flip import RandomFlip
from skimgcls.preprocessing.transformers import *  # noqa: F403

__all__ = [
    "Augmentation", "ColorJitter", "Compose", "CutMix", "Cutout", "FunctionAugmentation", "GaussianNoise", "Mixup",
    "RandomAffine", "RandomCrop", "RandomFlip", "make_augmentation", *transformers.__all__,
]  # fmt: skip

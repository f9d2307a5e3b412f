"""scikit-learn transformers on images, for pipelines before a network or any other classifier."""

from skimgcls.preprocessing.transformers._grayscale_transformer import GrayscaleTransformer
from skimgcls.preprocessing.transformers._histogram_equalizer import HistogramEqualizer
from skimgcls.preprocessing.transformers._hog_transformer import HOGTransformer
from skimgcls.preprocessing.transformers._image_cropper import ImageCropper
from skimgcls.preprocessing.transformers._image_flattener import ImageFlattener
from skimgcls.preprocessing.transformers._image_normalizer import ImageNormalizer
from skimgcls.preprocessing.transformers._image_resizer import ImageResizer
from skimgcls.preprocessing.transformers._image_sharpener import ImageSharpener

__all__ = [
    "GrayscaleTransformer", "HOGTransformer", "HistogramEqualizer", "ImageCropper", "ImageFlattener",
    "ImageNormalizer", "ImageResizer", "ImageSharpener",
]  # fmt: skip

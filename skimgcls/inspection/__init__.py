"""Looking at what a classifier does, image by image."""

from skimgcls.inspection import explanations
from skimgcls.inspection._augmentation_display import AugmentationDisplay
from skimgcls.inspection._classified_images_display import ClassifiedImagesDisplay
from skimgcls.inspection._confused_pairs_display import ConfusedPairsDisplay
from skimgcls.inspection._image_check_display import ImageCheckDisplay
from skimgcls.inspection._image_grid_display import ImageGridDisplay
from skimgcls.inspection._misclassified_images import misclassified_images
from skimgcls.inspection._most_confused_pairs import most_confused_pairs
from skimgcls.inspection._suspicious_labels import suspicious_labels
from skimgcls.inspection.explanations import *  # noqa: F403

__all__ = [
    "AugmentationDisplay", "ClassifiedImagesDisplay", "ConfusedPairsDisplay", "ImageCheckDisplay",
    "ImageGridDisplay", "misclassified_images", "most_confused_pairs", "suspicious_labels",
    *explanations.__all__,
]  # fmt: skip

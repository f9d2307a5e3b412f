"""Looking at what a classifier does, image by image."""

from skimgcls.inspection._augmentation_display import AugmentationDisplay
from skimgcls.inspection._classified_images_display import ClassifiedImagesDisplay
from skimgcls.inspection._misclassified_images import misclassified_images

__all__ = ["AugmentationDisplay", "ClassifiedImagesDisplay", "misclassified_images"]

"""The estimators."""

from skimgcls.estimators._cnn_classifier import CNNClassifier
from skimgcls.estimators._image_embedder import ImageEmbedder
from skimgcls.estimators._mlp_classifier import MLPClassifier
from skimgcls.estimators._pretrained_classifier import PretrainedClassifier

__all__ = ["CNNClassifier", "ImageEmbedder", "MLPClassifier", "PretrainedClassifier"]

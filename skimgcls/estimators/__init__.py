"""The estimators."""

from skimgcls.estimators._cnn_classifier import CNNClassifier
from skimgcls.estimators._mlp_classifier import MLPClassifier

__all__ = ["CNNClassifier", "MLPClassifier"]

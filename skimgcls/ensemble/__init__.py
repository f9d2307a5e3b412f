"""Several classifiers that decide together."""

from skimgcls.ensemble._ensemble_classifier import EnsembleClassifier
from skimgcls.ensemble._member_disagreement import member_disagreement

__all__ = ["EnsembleClassifier", "member_disagreement"]

"""Scores, and curves that show how training went."""

from skimgcls.metrics._training_curve_display import TrainingCurveDisplay

__all__ = ["TrainingCurveDisplay"]

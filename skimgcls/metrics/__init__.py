"""Scores, and curves that show how training went."""

from skimgcls.metrics._advice import Advice
from skimgcls.metrics._bootstrap_intervals import bootstrap_intervals
from skimgcls.metrics._class_balance_display import ClassBalanceDisplay
from skimgcls.metrics._classification_scores import classification_scores
from skimgcls.metrics._confusion_matrix_display import ConfusionMatrixDisplay
from skimgcls.metrics._expected_calibration_error import expected_calibration_error
from skimgcls.metrics._per_class_scores import per_class_scores
from skimgcls.metrics._precision_recall_display import PrecisionRecallDisplay
from skimgcls.metrics._reliability_display import ReliabilityDisplay
from skimgcls.metrics._roc_curve_display import RocCurveDisplay
from skimgcls.metrics._training_curve_display import TrainingCurveDisplay

__all__ = [
    "Advice", "ClassBalanceDisplay", "ConfusionMatrixDisplay", "PrecisionRecallDisplay", "ReliabilityDisplay",
    "RocCurveDisplay", "TrainingCurveDisplay", "bootstrap_intervals", "classification_scores",
    "expected_calibration_error", "per_class_scores",
]  # fmt: skip

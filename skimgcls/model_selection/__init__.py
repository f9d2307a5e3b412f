"""Searching for parameters and comparing models: searches, studies, costs, results as tables and pictures."""

from skimgcls.model_selection import displays, studies
from skimgcls.model_selection._cheapest_within_one_se import cheapest_within_one_se
from skimgcls.model_selection._checkpoint import checkpoint
from skimgcls.model_selection._compare import compare
from skimgcls.model_selection._comparison import Comparison
from skimgcls.model_selection._corrected_t_test import corrected_t_test
from skimgcls.model_selection._cost_estimate import CostEstimate
from skimgcls.model_selection._epoch_halving_search_cv import EpochHalvingSearchCV
from skimgcls.model_selection._estimate_cost import estimate_cost
from skimgcls.model_selection._lr_range_test import lr_range_test
from skimgcls.model_selection._optuna_search_cv import OptunaSearchCV
from skimgcls.model_selection._results_frame import results_frame
from skimgcls.model_selection.displays import *  # noqa: F403
from skimgcls.model_selection.studies import *  # noqa: F403

__all__ = [
    "Comparison", "CostEstimate", "EpochHalvingSearchCV", "OptunaSearchCV", "cheapest_within_one_se", "checkpoint",
    "compare", "corrected_t_test", "estimate_cost", "lr_range_test", "results_frame",
    *displays.__all__, *studies.__all__,
]  # fmt: skip

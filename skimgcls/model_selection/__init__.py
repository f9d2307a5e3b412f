"""Searching for parameters: results as tables and pictures."""

from skimgcls.model_selection import studies
from skimgcls.model_selection._candidate_curves_display import CandidateCurvesDisplay, results_frame
from skimgcls.model_selection._cheapest_within_one_se import cheapest_within_one_se
from skimgcls.model_selection._checkpoint import checkpoint
from skimgcls.model_selection._compare import Comparison, compare
from skimgcls.model_selection._comparison import ComparisonDisplay, corrected_t_test
from skimgcls.model_selection._epoch_halving_search_cv import EpochHalvingSearchCV
from skimgcls.model_selection._estimate_cost import CostEstimate, estimate_cost
from skimgcls.model_selection._lr_range_test import LrRangeDisplay, lr_range_test
from skimgcls.model_selection._optuna_search_cv import OptunaSearchCV
from skimgcls.model_selection._parallel_coordinates_display import ParallelCoordinatesDisplay
from skimgcls.model_selection._pareto_display import ParetoDisplay
from skimgcls.model_selection._score_by_parameter_display import ScoreByParameterDisplay
from skimgcls.model_selection._search_heat_map_display import SearchHeatMapDisplay
from skimgcls.model_selection.studies import *  # noqa: F403

__all__ = [
    "CandidateCurvesDisplay", "Comparison", "ComparisonDisplay", "CostEstimate", "EpochHalvingSearchCV",
    "LrRangeDisplay", "OptunaSearchCV", "ParallelCoordinatesDisplay", "ParetoDisplay", "ScoreByParameterDisplay",
    "SearchHeatMapDisplay", "cheapest_within_one_se", "checkpoint", "compare", "corrected_t_test", "estimate_cost",
    "lr_range_test", "results_frame", *studies.__all__,
]  # fmt: skip

"""Searching for parameters: results as tables and pictures."""

from skimgcls.model_selection._candidate_curves_display import CandidateCurvesDisplay
from skimgcls.model_selection._compare import compare
from skimgcls.model_selection._comparison import Comparison
from skimgcls.model_selection._comparison_display import ComparisonDisplay
from skimgcls.model_selection._corrected_t_test import corrected_t_test
from skimgcls.model_selection._parallel_coordinates_display import ParallelCoordinatesDisplay
from skimgcls.model_selection._pareto_display import ParetoDisplay
from skimgcls.model_selection._results_frame import results_frame
from skimgcls.model_selection._score_by_parameter_display import ScoreByParameterDisplay
from skimgcls.model_selection._search_heat_map_display import SearchHeatMapDisplay

__all__ = [
    "CandidateCurvesDisplay", "Comparison", "ComparisonDisplay", "ParallelCoordinatesDisplay", "ParetoDisplay",
    "ScoreByParameterDisplay", "SearchHeatMapDisplay", "compare", "corrected_t_test", "results_frame",
]  # fmt: skip

"""Pictures of searches and comparisons."""

from skimgcls.model_selection.displays._candidate_curves_display import CandidateCurvesDisplay
from skimgcls.model_selection.displays._comparison_display import ComparisonDisplay
from skimgcls.model_selection.displays._lr_range_display import LrRangeDisplay
from skimgcls.model_selection.displays._parallel_coordinates_display import ParallelCoordinatesDisplay
from skimgcls.model_selection.displays._pareto_display import ParetoDisplay
from skimgcls.model_selection.displays._score_by_parameter_display import ScoreByParameterDisplay
from skimgcls.model_selection.displays._search_heat_map_display import SearchHeatMapDisplay

__all__ = [
    "CandidateCurvesDisplay", "ComparisonDisplay", "LrRangeDisplay", "ParallelCoordinatesDisplay", "ParetoDisplay",
    "ScoreByParameterDisplay", "SearchHeatMapDisplay",
]  # fmt: skip

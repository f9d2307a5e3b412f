"""Pages that gather what the other folders measure and draw."""

from skimgcls.reports._evaluate import evaluate
from skimgcls.reports._evaluate_cv import evaluate_cv
from skimgcls.reports._report import Report
from skimgcls.reports._run_demo import run_demo
from skimgcls.reports._search_report import SearchReport

__all__ = ["Report", "SearchReport", "evaluate", "evaluate_cv", "run_demo"]

"""Pages that gather what the other folders measure and draw."""

from skimgcls.reports._run_demo import run_demo
from skimgcls.reports._search_report import SearchReport

__all__ = ["SearchReport", "run_demo"]

"""Pages that gather what the other folders measure and draw."""

from skimgcls.reports._run_demo import run_demo

__all__ = ["run_demo"]

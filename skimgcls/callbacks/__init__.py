"""Training callbacks: skorch callbacks that work in any skorch net, and so in every estimator's ``callbacks=``."""

from skimgcls.callbacks._early_stopping import EarlyStopping
from skimgcls.callbacks._epoch_progress_bar import EpochProgressBar
from skimgcls.callbacks._epoch_timer import EpochTimer
from skimgcls.callbacks._isolated_copy import isolated_copy
from skimgcls.callbacks._time_limit import TimeLimit

__all__ = ["EarlyStopping", "EpochProgressBar", "EpochTimer", "TimeLimit", "isolated_copy"]

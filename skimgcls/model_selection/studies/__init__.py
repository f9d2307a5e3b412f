"""The classic studies of a network, one call each."""

from skimgcls.model_selection.studies._compare_batch_sizes import compare_batch_sizes
from skimgcls.model_selection.studies._compare_optimizers import compare_optimizers
from skimgcls.model_selection.studies._compare_regularizers import compare_regularizers
from skimgcls.model_selection.studies._compare_settings import compare_settings
from skimgcls.model_selection.studies._study import Study

__all__ = ["Study", "compare_batch_sizes", "compare_optimizers", "compare_regularizers", "compare_settings"]

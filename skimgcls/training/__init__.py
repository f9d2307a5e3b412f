"""The engine on skorch: the net, batches by lookup, losses, optimizers, schedules."""

from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._fit_callbacks import check_callbacks, make_callbacks
from skimgcls.training._image_dataset import ImageDataset
from skimgcls.training._net_settings import net_settings
from skimgcls.training._optimizers import OPTIMIZERS, warm_up
from skimgcls.training._schedules import SCHEDULES
from skimgcls.training._sklearn_callback_bridge import SklearnCallbackBridge
from skimgcls.training._training_data import prepare_training_data
from skimgcls.training._training_net import TrainingNet

__all__ = [
    "OPTIMIZERS", "SCHEDULES", "BatchIterator", "ImageDataset", "SklearnCallbackBridge", "TrainingNet",
    "check_callbacks", "make_callbacks", "net_settings", "prepare_training_data", "warm_up",
]  # fmt: skip

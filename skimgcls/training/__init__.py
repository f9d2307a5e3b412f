"""The engine on skorch: the net, batches by lookup, losses, optimizers, schedules."""

from skimgcls.training._augment_batch import try_augmentation
from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._build_scaled_network import build_scaled_network
from skimgcls.training._check_unchanged import check_unchanged
from skimgcls.training._fit_callbacks import check_callbacks, make_callbacks
from skimgcls.training._history import best_epoch, history_frame
from skimgcls.training._image_dataset import ImageDataset
from skimgcls.training._net_settings import net_settings
from skimgcls.training._optimizers import OPTIMIZERS, warm_up
from skimgcls.training._predict_features import predict_features
from skimgcls.training._prepared_images import PreparedImages, read_dataset, with_column_names
from skimgcls.training._report_to_sklearn import report_to_sklearn
from skimgcls.training._schedules import SCHEDULES
from skimgcls.training._training_data import prepare_training_data
from skimgcls.training._training_net import TrainingNet

__all__ = [
    "OPTIMIZERS", "SCHEDULES", "BatchIterator", "ImageDataset", "PreparedImages", "TrainingNet", "best_epoch",
    "build_scaled_network", "check_callbacks", "check_unchanged", "history_frame", "make_callbacks", "net_settings",
    "predict_features", "prepare_training_data", "read_dataset", "report_to_sklearn", "try_augmentation", "warm_up",
    "with_column_names",
]  # fmt: skip

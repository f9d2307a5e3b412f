"""What a fit recorded, as people read it."""

import math

import numpy as np

from skimgcls.callbacks import EarlyStopping

_COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "lr",
    "seconds",
    "images_per_second",
)
_INTERNAL = ("_best", "_batch_count", "batches")


def history_frame(history):
    """Turn skorch's history into a DataFrame, one row per epoch; what callbacks recorded follows our own columns."""
    import pandas as pd

    rows = history.to_list()
    recorded = [name for row in rows for name in row if not name.endswith(_INTERNAL)]
    columns = list(dict.fromkeys([*_COLUMNS, *recorded]))
    return pd.DataFrame([{name: row.get(name, np.nan) for name in columns} for row in rows], columns=columns)


def best_epoch(history, callbacks=()):
    """Epoch (from 1) of the lowest validation loss, without validation training loss; 0 without epochs.

    Early stopping among the callbacks, (name, callback) each, knows better: it may watch something else.
    """
    for _, callback in callbacks:
        if isinstance(callback, EarlyStopping) and callback.best_epoch_:
            return callback.best_epoch_
    rows = history.to_list()
    validated = [row for row in rows if "valid_loss" in row]
    name = "valid_loss" if validated else "train_loss"
    return min(validated or rows, key=lambda row: (math.isnan(row[name]), row[name]))["epoch"] if rows else 0

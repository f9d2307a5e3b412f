import json
import math
import pickle

import numpy as np
import pytest
from skorch.callbacks import Callback
from skorch.history import History

from skimgcls import MLPClassifier
from skimgcls.training import best_epoch, history_frame

COLUMNS = [
    "epoch",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "lr",
    "seconds",
    "images_per_second",
]


def history_of(*rows):
    history = History()
    for epoch, row in enumerate(rows, start=1):
        history.new_epoch()
        history.record("epoch", epoch)
        for name, value in row.items():
            history.record(name, value)
    return history


def test_a_frame_has_one_row_per_epoch_and_our_columns_in_order():
    frame = history_frame(history_of({"train_loss": 2.0, "lr": 0.1}, {"train_loss": 1.0, "lr": 0.1}))
    assert list(frame.columns) == COLUMNS
    assert frame.epoch.tolist() == [1, 2]
    assert frame.train_loss.tolist() == [2.0, 1.0]


def test_what_was_not_recorded_is_nan():
    frame = history_frame(history_of({"train_loss": 2.0}, {"train_loss": 1.0, "valid_loss": 3.0}))
    assert np.isnan(frame.valid_loss[0])
    assert frame.valid_loss[1] == 3.0
    assert frame.valid_accuracy.isna().all()


def test_epochs_are_integers_and_everything_else_floats():
    row = dict.fromkeys(COLUMNS[1:], 1.0)
    dtypes = history_frame(history_of(row, row)).dtypes
    assert dtypes["epoch"].kind == "i"
    assert {dtypes[name].kind for name in COLUMNS[1:]} == {"f"}


def test_columns_of_callbacks_follow_in_whatever_epoch_they_appear():
    frame = history_frame(history_of({"f1": 0.5, "train_loss": 1.0}, {"train_loss": 1.0, "recall": 0.7}))
    assert list(frame.columns) == [*COLUMNS, "f1", "recall"]
    assert np.isnan(frame.f1[1])
    assert np.isnan(frame.recall[0])


def test_skorchs_bookkeeping_is_left_out():
    history = history_of({"train_loss": 1.0, "train_loss_best": True, "train_batch_count": 3})
    history.new_batch()
    history.record_batch("train_loss", 1.0)
    assert list(history_frame(history).columns) == COLUMNS


def test_without_epochs_there_are_columns_and_no_rows():
    frame = history_frame(History())
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], 0),
        ([{"train_loss": 3.0}, {"train_loss": 1.0}, {"train_loss": 2.0}], 2),
        ([{"train_loss": 1.0}, {"train_loss": 1.0}], 1),
        ([{"train_loss": 3.0, "valid_loss": 1.0}, {"train_loss": 1.0, "valid_loss": 2.0}], 1),
        ([{"train_loss": 3.0, "valid_loss": 1.0}, {"train_loss": 1.0}], 1),
        ([{"train_loss": 1.0}, {"train_loss": 3.0, "valid_loss": 1.0}], 2),
        ([{"train_loss": 1.0, "valid_loss": float("nan")}, {"train_loss": 3.0, "valid_loss": 1.0}], 2),
    ],
)
def test_the_best_epoch_has_the_lowest_validation_loss_or_else_training_loss(rows, expected):
    assert best_epoch(history_of(*rows)) == expected


# ----------------------------------------------------- what a training records


class LookAtBatches(Callback):
    def __init__(self, sizes):
        self.sizes = sizes

    def on_batch_end(self, net, **kwargs):
        pass

    def on_epoch_end(self, net, **kwargs):
        self.sizes.append([batch["train_batch_size"] for batch in net.history[-1]["batches"] if "train_loss" in batch])


def trained(X, y, **params):
    return MLPClassifier((8,), **{"max_epochs": 3, "batch_size": 64, "random_state": 0, **params}).fit(X, y)


@pytest.mark.parametrize("callbacks", [None, [LookAtBatches([])]])
@pytest.mark.parametrize("fraction", [None, 0.1])
def test_rows_hold_these_columns_and_no_more_than_an_empty_batch(callbacks, fraction, digits):
    history = trained(*digits, callbacks=callbacks, validation_fraction=fraction).net_.history
    names = ("loss", "loss_best", "accuracy", "batch_count")
    phases = [f"{phase}_{name}" for phase in ("train", "valid") for name in names if fraction or phase == "train"]
    for row in history.to_list():
        assert sorted(row) == sorted(["epoch", "lr", "seconds", "images_per_second", "batches", *phases])
        assert row["batches"] == [{}]  # one is left for callbacks that look at the last
    assert history[:, "epoch"] == [1, 2, 3]
    assert history[-1, "train_batch_count"] == (3 if fraction else 4)


def test_the_best_losses_are_marked_as_skorch_does(digits):
    history = trained(*digits, lr=0.3, max_epochs=15).net_.history
    losses = history[:, "train_loss"]
    expected = [loss < min([math.inf, *losses[:i]]) for i, loss in enumerate(losses)]
    assert history[:, "train_loss_best"] == expected
    assert not all(expected)  # the learning rate is large enough to overshoot


def test_batches_are_there_for_callbacks_while_the_epoch_lasts(digits):
    sizes = []
    trained(*digits, callbacks=[LookAtBatches(sizes)])
    assert sizes == [[64, 64, 64, 8]] * 3


def test_a_pickle_of_the_net_is_no_larger_for_more_batches(digits):
    callbacks = [LookAtBatches([])]
    sizes = [len(pickle.dumps(trained(*digits, callbacks=callbacks, batch_size=n).net_)) for n in (2, 64, 200)]
    assert max(sizes) - min(sizes) < 100


@pytest.mark.parametrize("number", [np.float32, np.float64, float])
def test_rows_are_numbers_that_json_knows_whatever_the_parameters_are(number, digits):
    callback = LookAtBatches([])
    clf = trained(*digits, lr=number(0.01), lr_schedule="cosine", max_epochs=np.int64(2), callbacks=[callback])
    assert json.loads(json.dumps(clf.net_.history.to_list()))[1]["epoch"] == 2
    assert json.dumps(trained(*digits, lr=number(0.01)).net_.history.to_list())

import math

import numpy as np
import pandas as pd
import pytest

from skimgcls.metrics._curve_facts import CurveFacts


def facts(train_loss, valid_loss=None, class_counts=None, n_valid=0, **more):
    n = len(train_loss)
    frame = pd.DataFrame({"epoch": range(1, n + 1), "train_loss": train_loss, "train_accuracy": np.full(n, 0.5)})
    if valid_loss is not None:
        frame["valid_loss"], frame["valid_accuracy"] = valid_loss, np.full(n, 0.4)
    counts = {"a": 10, "b": 30} if class_counts is None else class_counts
    return CurveFacts.from_history(frame.assign(**more), counts, n_valid)


def test_without_validation_the_training_loss_is_monitored():
    assert facts([3, 1, 2]).monitored.tolist() == [3, 1, 2]
    assert facts([3, 1, 2], [1, 2, 3]).monitored.tolist() == [1, 2, 3]
    assert facts([3, 1, 2], [np.nan] * 3).valid_loss is None


def test_epochs_without_validation_are_left_out_where_the_last_one_has_it():
    read = facts([4, 3, 2, 1], [np.nan, 3, np.nan, 2])
    assert read.epochs.tolist() == [2, 4]
    assert read.train_loss.tolist() == [3, 1]


def test_the_loss_of_guessing_is_known_from_the_classes_only():
    assert facts([1]).chance == math.log(2)
    assert facts([1], class_counts={}).chance == math.inf
    frame = pd.DataFrame({"epoch": [1], "train_loss": [1.0], "train_accuracy": [0.5]})
    assert CurveFacts.from_history(frame, {0: 1, 1: 1}, 0, is_in_nats=False).chance == math.inf


def test_a_straight_line_has_linearity_one_and_a_flat_end_zero():
    assert facts(np.linspace(2, 1, 9)).linearity == pytest.approx(1)
    assert facts([9, 2, 1, 1, 1, 1, 1, 1]).linearity == 0
    assert facts([1, 2, 3, 4]).linearity == 0


def test_rises_and_falls_are_summed():
    assert facts([5, 3, 4, 1]).up_and_down() == (1, 5)
    assert facts([5, 3, 4, 1]).up_and_down(2) == (0, 3)
    assert facts([4, 2, 2]).step_size(0) == pytest.approx(1 / (8 / 3))


def test_the_fall_of_the_last_quarter_is_a_share():
    assert facts([8, 7, 6, 5, 4, 4, 4, 3]).late_fall == pytest.approx(1 / 4)


def test_skill_stands_between_naming_the_largest_class_and_no_error():
    three = {"a": 2, "b": 4, "c": 4}
    assert facts([1, 1], class_counts=three, train_accuracy=0.4).skill == 0
    assert facts([1, 1], class_counts=three, train_accuracy=0.7).skill == pytest.approx(0.5)
    assert facts([1, 1], train_accuracy=0.75).skill == 0.5
    assert facts([1, 1], train_accuracy=1.0).skill == 1
    assert facts([1, 1], class_counts={}, train_accuracy=0.5).skill == 0.5


def test_the_gap_allows_for_the_chance_of_few_validation_images():
    train, valid, gap = facts([1] * 4, [1] * 4, n_valid=24).gap()
    assert (train, valid) == (0.5, 0.4)
    assert gap == pytest.approx(0.1 - 2 * math.sqrt(0.4 * 0.6 / 24))

"""All scores of predictions at once."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score, top_k_accuracy_score

from skimgcls.metrics import classification_scores

PROBA = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3]])


@pytest.mark.parametrize("n_classes", [2, 10, 100])
def test_scores_are_plain_floats_of_any_number_of_classes(n_classes, rng):
    y = rng.integers(0, n_classes, size=300)
    scores = classification_scores(y, y_proba=rng.dirichlet(np.ones(n_classes), size=300), classes=range(n_classes))
    assert all(type(value) is float for value in scores.values())
    assert np.isfinite(list(scores.values())).all()
    assert ("top_5_accuracy" in scores) == (n_classes > 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_true_label_of_probability_zero_costs_what_scikit_learn_says(dtype):
    y, proba = [0, 1, 1], np.array([[1, 0], [0.5, 0.5], [1, 0]], dtype=dtype)
    assert classification_scores(y, y_proba=proba)["log_loss"] == pytest.approx(log_loss(y, proba), rel=1e-6)


def test_a_class_without_images_is_left_out_of_the_rankings_alone():
    y = ["a", "b", "a", "b", "a"]
    scores = classification_scores(y, y_proba=PROBA, classes=["a", "b", "c"])
    is_a = np.array(y) == "a"
    areas = [roc_auc_score(is_a, PROBA[:, 0]), roc_auc_score(~is_a, PROBA[:, 1])]
    assert scores["roc_auc_ovr"] == pytest.approx(np.mean(areas))
    precisions = [average_precision_score(is_a, PROBA[:, 0]), average_precision_score(~is_a, PROBA[:, 1])]
    assert scores["average_precision"] == pytest.approx(np.mean(precisions))
    assert scores["log_loss"] == pytest.approx(log_loss(y, PROBA, labels=["a", "b", "c"]))
    assert scores["top_2_accuracy"] == top_k_accuracy_score(y, PROBA, k=2, labels=["a", "b", "c"])


def test_a_single_class_leaves_nothing_to_rank():
    scores = classification_scores(["a", "a"], y_proba=PROBA[:2], classes=["a", "b", "c"])
    assert np.isnan(scores["roc_auc_ovr"])
    assert scores["accuracy"] == 0.5


def test_a_label_that_is_no_class_is_a_mistake_of_probability_zero():
    y = ["a", "b", "zebra", "b", "b"]
    scores = classification_scores(y, y_proba=PROBA, classes=["a", "b", "c"])
    known = np.array([0.7, 0.5, 0.7, 0.6])
    assert scores["accuracy"] == 0.8
    expected = -(np.log(known).sum() + np.log(np.finfo(float).eps)) / 5
    assert scores["log_loss"] == pytest.approx(expected)
    assert scores["top_2_accuracy"] == 0.8


def test_labels_may_decide_otherwise_than_the_largest_probability():
    scores = classification_scores([0, 1, 0], y_pred=[1, 1, 1], y_proba=[[0.9, 0.1]] * 3)
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert classification_scores([0, 1, 0], y_proba=[[0.9, 0.1]] * 3)["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [3, 7]], ids=["bools", "strings", "integers"])
def test_one_probability_per_image_is_that_of_the_second_of_two_classes(labels):
    y, proba = np.array(labels)[[0, 1, 1, 0]], np.array([0.2, 0.7, 0.4, 0.5])
    scores = classification_scores(y, y_proba=proba)
    assert scores == classification_scores(y, y_proba=np.column_stack([1 - proba, proba]))
    assert scores["roc_auc_ovr"] == roc_auc_score(y == labels[1], proba)

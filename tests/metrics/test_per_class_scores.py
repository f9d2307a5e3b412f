"""Scores class by class."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from skimgcls.metrics import per_class_scores


@pytest.mark.parametrize("labels", [["ant", "bee", "cow"], [3, 5, 9]], ids=["strings", "integers"])
def test_they_equal_those_of_scikit_learn(labels, rng):
    y = np.array(labels)[rng.integers(0, 3, size=100)]
    proba = rng.dirichlet(np.ones(3), size=100)
    scores = per_class_scores(y, y_proba=proba)
    y_pred = np.array(labels)[proba.argmax(axis=1)]
    precision, recall, f1, n_images = precision_recall_fscore_support(y, y_pred, labels=labels)
    assert scores.index.tolist() == labels
    np.testing.assert_allclose(scores[["precision", "recall", "f1"]], np.transpose([precision, recall, f1]))
    np.testing.assert_array_equal(scores["n_images"], n_images)
    for column, label in enumerate(labels):
        assert scores["roc_auc"][label] == pytest.approx(roc_auc_score(y == label, proba[:, column]))
        expected = average_precision_score(y == label, proba[:, column])
        assert scores["average_precision"][label] == pytest.approx(expected)


def test_each_class_names_what_it_is_taken_for_most():
    scores = per_class_scores(list("aaaaabbc"), list("abbccbbc"))
    assert scores["taken_for"]["a"] == "b"
    assert scores["n_taken_for"].tolist() == [2, 0, 0]
    assert scores["taken_for"].isna().tolist() == [False, True, True]


def test_what_is_not_defined_is_nan_as_scikit_learn_gives_on_request():
    y, y_pred, labels = ["a", "a", "b"], ["a", "a", "a"], ["a", "b", "c"]
    scores = per_class_scores(y, y_pred, np.full((3, 3), 1 / 3), classes=labels)
    expected = precision_recall_fscore_support(y, y_pred, labels=labels, zero_division=np.nan)
    np.testing.assert_array_equal(scores[["precision", "recall", "f1"]], np.transpose(expected[:3]))
    assert scores.loc["c", ["average_precision", "roc_auc"]].isna().all()


def test_a_label_that_is_no_class_has_a_row_at_the_end():
    scores = per_class_scores(["a", "b", "zebra"], y_proba=[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], classes=["a", "b"])
    assert scores.index.tolist() == ["a", "b", "zebra"]
    assert scores.loc["zebra", "recall"] == 0
    assert scores.loc["zebra", "taken_for"] == "a"
    assert pd.isna(scores.loc["zebra", "roc_auc"])


def test_without_probabilities_what_needs_them_is_left_out():
    scores = per_class_scores([True, False, True], [True, True, False])
    assert scores.index.tolist() == [False, True]
    assert {"average_precision", "roc_auc"}.isdisjoint(scores.columns)

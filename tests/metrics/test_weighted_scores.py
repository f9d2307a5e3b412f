"""Scores under weights equal scikit-learn's on the images as often as the weights say."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.preprocessing import label_binarize

from skimgcls.metrics import expected_calibration_error
from skimgcls.metrics._coded_predictions import code_predictions
from skimgcls.metrics._weighted_scores import WeightedScores


def predictions(rng, n, n_classes, n_values=None):
    y = rng.integers(0, n_classes, size=n)
    y[:n_classes] = np.arange(n_classes)
    proba = rng.dirichlet(np.ones(n_classes), size=n) + np.eye(n_classes)[y]
    if n_values:  # many ties
        proba = np.ceil(proba * n_values)
    return y, proba / proba.sum(axis=1, keepdims=True)


def expected_scores(y, y_pred, proba, n_classes):
    """The same by scikit-learn's functions, where all classes are there."""
    labels = range(n_classes)
    k = min(5, n_classes - 1)
    averages = {
        f"{name}_{average}": function(y, y_pred, average=average, zero_division=0)
        for name, function in (
            ("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)
        )
        for average in ("macro", "weighted")
    }  # fmt: skip
    is_binary = n_classes == 2
    return (
        averages
        | {
            "accuracy": metrics.accuracy_score(y, y_pred),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, y_pred),
            "log_loss": metrics.log_loss(y, proba, labels=labels),
            "roc_auc_ovr": metrics.roc_auc_score(y, proba[:, 1] if is_binary else proba, multi_class="ovr"),
            "average_precision": metrics.average_precision_score(
                y if is_binary else label_binarize(y, classes=labels), proba[:, 1] if is_binary else proba
            ),
            "expected_calibration_error": expected_calibration_error(y, proba, classes=labels),
        }
        | ({} if is_binary else {f"top_{k}_accuracy": metrics.top_k_accuracy_score(y, proba, k=k, labels=labels)})
    )


@pytest.mark.parametrize("n_values", [None, 3], ids=["distinct", "tied"])
@pytest.mark.parametrize("n_classes", [2, 3, 5, 12])
def test_each_score_of_each_sample_equals_scikit_learn(n_classes, n_values, rng):
    n = 30 * n_classes
    y, proba = predictions(rng, n, n_classes, n_values)
    y_pred = np.where(rng.random(n) < 0.2, rng.integers(0, n_classes, size=n), proba.argmax(axis=1))
    weights = np.stack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n))]).astype(np.int32)
    weighted = WeightedScores(code_predictions(y, y_pred, proba, range(n_classes)))
    scores = weighted.direct(weights) | weighted.ranking(weights)
    for row, counts in enumerate(weights):
        drawn = np.repeat(np.arange(n), counts)
        expected = expected_scores(y[drawn], y_pred[drawn], proba[drawn], n_classes)
        assert expected.keys() == scores.keys()
        assert {name: values[row] for name, values in scores.items()} == pytest.approx(expected, abs=1e-9)


def test_a_class_that_is_never_predicted_counts_as_zero_and_one_that_never_occurs_not_at_all():
    y, y_pred = [0, 0, 1, 2], [0, 0, 0, 2]
    scores = WeightedScores(code_predictions(y, y_pred, None, range(5))).direct(np.ones((1, 4), dtype=np.int32))
    for name, function in (("precision", metrics.precision_score), ("f1", metrics.f1_score)):
        assert scores[f"{name}_macro"] == pytest.approx(function(y, y_pred, average="macro", zero_division=0))


def test_a_label_that_is_no_class_counts_as_scikit_learn_counts_it():
    y, y_pred = ["a", "b", "zebra"], ["a", "b", "a"]
    scores = WeightedScores(code_predictions(y, y_pred, None, ["a", "b"])).direct(np.ones((1, 3), dtype=np.int32))
    assert scores["f1_macro"] == pytest.approx(metrics.f1_score(y, y_pred, average="macro", zero_division=0))
    assert scores["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, y_pred))


def test_without_probabilities_there_are_the_scores_that_need_none():
    once = np.ones((1, 2), dtype=np.int32)
    weighted = WeightedScores(code_predictions(["a", "b"], ["a", "a"]))
    assert weighted.ranking(once) == {}
    assert {name.partition("_")[0] for name in weighted.direct(once)} == {
        "accuracy", "balanced", "precision", "recall", "f1"
    }  # fmt: skip

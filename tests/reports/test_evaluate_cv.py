"""evaluate_cv: per fold and pooled."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import ShuffleSplit, cross_val_predict, cross_validate
from sklearn.svm import LinearSVC

from skimgcls.metrics import classification_scores
from skimgcls.reports import evaluate_cv


@pytest.fixture(scope="module")
def rows(digits):
    X, y = digits
    return X.reshape(400, -1) / 16, y


@pytest.fixture(scope="module")
def logistic():
    return LogisticRegression(max_iter=500)


def cross_validated(clf, X, y, **options):
    return cross_validate(clf, X, y, return_estimator=True, return_indices=True, **options)


def test_folds_and_all_together_equal_what_scikit_learn_says(logistic, rows):
    X, y = rows
    result = cross_validated(logistic, X, y, cv=4, scoring=["accuracy", "neg_log_loss"])
    report = evaluate_cv(result, X, y, n_bootstrap=9)
    np.testing.assert_allclose(report.folds["accuracy"], result["test_accuracy"])
    np.testing.assert_allclose(report.folds["log_loss"], -result["test_neg_log_loss"])
    np.testing.assert_array_equal(report.folds["fit_seconds"], result["fit_time"])
    row = report.frame.loc["accuracy"]
    assert row["mean"] == pytest.approx(result["test_accuracy"].mean())
    assert row["sd"] == pytest.approx(result["test_accuracy"].std(ddof=1))
    y_proba = cross_val_predict(logistic, X, y, cv=4, method="predict_proba")
    assert row["pooled"] == pytest.approx(accuracy_score(y, y_proba.argmax(axis=1)))
    assert report.frame.loc["log_loss", "pooled"] == pytest.approx(log_loss(y, y_proba))
    assert report.folds["n_images"].sum() == len(report.y_true) == 400
    assert report.frame.loc["latency_ms"].notna().tolist() == [True, True, False, False, False, True]


def test_networks_bring_their_curves_and_mistakes_their_place(cv_report, digits):
    _, y = digits
    assert len(cv_report._evaluation.history) == 3
    mistakes = cv_report._evaluation.mistakes
    places = [int(name[1:]) for name in mistakes["names"]]
    np.testing.assert_array_equal(y[places], mistakes["y_true"])
    assert cv_report.title == "MLPClassifier on 3 folds"


def test_a_fold_that_has_not_met_a_class_gives_it_no_probability(logistic, rows):
    X, y = rows
    y = np.where(np.arange(400) == 7, 99, y)
    folds = [(np.arange(200), np.arange(200, 400)), (np.arange(200, 400), np.arange(200))]
    report = evaluate_cv(cross_validated(logistic, X, y, cv=folds), X, y, n_bootstrap=9)
    assert report.classes.tolist() == [*range(10), 99]
    assert (report.y_proba[200:, 10] == 0).all()  # of the second fold
    assert (report.y_proba[:200, 10] > 0).all()
    np.testing.assert_allclose(report.y_proba.sum(axis=1), 1)
    assert report.per_class.loc[99, "recall"] == 0
    expected = classification_scores(report.y_true[200:], y_proba=report.y_proba[200:], classes=report.classes)
    assert report.folds.loc[2, "log_loss"] == pytest.approx(expected["log_loss"])


def test_images_may_be_tested_several_times_or_never(logistic, rows):
    cv = ShuffleSplit(3, test_size=0.2, random_state=0)
    report = evaluate_cv(cross_validated(logistic, *rows, cv=cv), *rows, n_bootstrap=9)
    assert len(report.y_true) == 240


def test_without_probabilities_there_are_labels_alone(rows):
    report = evaluate_cv(cross_validated(LinearSVC(), *rows, cv=2), *rows, n_bootstrap=9)
    assert "log_loss" not in report.folds
    assert "accuracy" in report.frame.index
    assert "<img" in report.to_html()


@pytest.mark.parametrize("missing", ["estimator", "indices"])
def test_a_result_without_estimators_or_indices_is_refused_with_the_call_that_keeps_them(missing, logistic, rows):
    result = cross_validated(logistic, *rows, cv=2)
    del result[missing]
    with pytest.raises(
        ValueError, match=rf"has no {missing}. Call cross_validate\(..., return_estimator=True, return_in"
    ):
        evaluate_cv(result, *rows)


def test_what_is_no_result_and_other_images_are_refused(logistic, rows):
    with pytest.raises(TypeError, match="Expected the dict that cross_validate returns, got LogisticRegression"):
        evaluate_cv(logistic, *rows)
    result = cross_validated(logistic, *rows, cv=2)
    with pytest.raises(ValueError, match="has tested image 399, but X and y have 300"):
        evaluate_cv(result, rows[0][:300], rows[1][:300])


def test_images_and_labels_that_are_missing_or_do_not_fit_are_refused(logistic, rows):
    X, y = rows
    result = cross_validated(logistic, X, y, cv=2)
    for images, labels, message in (
        (X, np.where(y == 3, np.nan, y), rf"y contains NaN or None: {(y == 3).sum()} of 400 labels are missing"),
        (None, y, "X is None, where evaluate_cv expected images"),
        (X[:0], y[:0], "X is empty, where evaluate_cv expected images"),
        (X, y[:7], "X holds 400 images, y 7 labels"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate_cv(result, images, labels)

"""evaluate, with all kinds of classifiers and labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

import skimgcls
from skimgcls import MLPClassifier, evaluate
from skimgcls.metrics import bootstrap_intervals, classification_scores, expected_calibration_error, per_class_scores
from skimgcls.reports import Report

COSTS = ["fit_seconds", "n_parameters", "n_bytes", "predict_seconds", "images_per_second", "latency_ms"]


def test_scores_equal_those_of_scikit_learn_on_the_same_predictions(report, fitted_mlp, digits):
    X, y = digits[0][250:], digits[1][250:]
    y_pred, y_proba = fitted_mlp.predict(X), fitted_mlp.predict_proba(X)
    expected = {
        "accuracy": fitted_mlp.score(X, y),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, y_pred),
        "log_loss": metrics.log_loss(y, y_proba),
        "roc_auc_ovr": metrics.roc_auc_score(y, y_proba, multi_class="ovr"),
        "average_precision": metrics.average_precision_score(y, y_proba),
        "top_5_accuracy": metrics.top_k_accuracy_score(y, y_proba, k=5),
        "expected_calibration_error": expected_calibration_error(y, y_proba),
    }
    for average in ("macro", "weighted"):
        options = {"average": average, "zero_division": 0}
        expected[f"precision_{average}"] = metrics.precision_score(y, y_pred, **options)
        expected[f"recall_{average}"] = metrics.recall_score(y, y_pred, **options)
        expected[f"f1_{average}"] = metrics.f1_score(y, y_pred, **options)
    values = report.frame["value"].to_dict()
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert list(report.frame.index) == [*classification_scores(y, y_pred, y_proba), *COSTS]


def test_intervals_and_classes_are_those_of_the_metrics(report, fitted_mlp, digits):
    X, y = digits[0][250:], digits[1][250:]
    found = (y, fitted_mlp.predict(X), fitted_mlp.predict_proba(X))
    pd.testing.assert_frame_equal(report.per_class, per_class_scores(*found))
    intervals = bootstrap_intervals(*found, n_bootstrap=50)
    pd.testing.assert_frame_equal(report.frame.loc[intervals.index, ["low", "high"]], intervals)
    for given, kept in zip(found, (report.y_true, report.y_pred, report.y_proba), strict=True):
        np.testing.assert_array_equal(given, kept)


def test_the_report_is_made_by_the_top_level_function_and_reached_by_the_folder(report):
    assert isinstance(report, Report)
    assert skimgcls.reports.evaluate is evaluate
    assert report.title == "MLPClassifier on 150 images"


@pytest.mark.parametrize(
    "clf",
    [
        RandomForestClassifier(10, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        GridSearchCV(make_pipeline(FunctionTransformer(), MLPClassifier(max_epochs=1, random_state=0)), {}, cv=2),
    ],
    ids=["forest", "pipeline", "search"],
)
def test_any_classifier_of_flat_rows_gets_a_report_with_its_mistakes(clf, digits):
    X, y = digits[0].reshape(400, -1), digits[1]
    report = evaluate(clf.fit(X[:200], y[:200]), X[200:], y[200:], n_bootstrap=5)
    assert report.frame["value"]["accuracy"] == clf.score(X[200:], y[200:])
    assert report._evaluation.mistakes["images"].shape[1:] == (8, 8)
    assert report.notes == []
    assert "<img" in report.to_html()


def test_without_probabilities_there_are_the_scores_that_need_none_and_it_says_so(digits):
    X, y = digits[0].reshape(400, -1), digits[1]
    report = evaluate(LinearSVC().fit(X[:200], y[:200]), X[200:], y[200:], n_bootstrap=5)
    assert "accuracy" in report.frame.index
    assert "log_loss" not in report.frame.index
    assert "LinearSVC has no predict_proba" in " ".join(report.notes)
    assert "CalibratedClassifierCV" in report.to_html()
    assert list(report.plot().panels_) == ["confusion_matrix", "per_class"]


def test_rows_that_are_no_images_are_scored_all_the_same(digits):
    X, y = digits[0].reshape(400, -1)[:, 10:17].astype(float) - 0.5, digits[1]
    clf = GaussianNB().fit(X, y > 4)
    report = evaluate(clf, X, y > 4, n_bootstrap=5)
    assert report.frame["value"]["accuracy"] == clf.score(X, y > 4)
    assert report.notes[0].startswith("The mistakes cannot be shown as images: X has rows of 7 features")


def test_mistakes_that_cannot_be_shown_are_a_note(digits, monkeypatch):
    def fails(*args, **options):
        raise ValueError("these are no images")

    monkeypatch.setattr("skimgcls.reports._evaluate.find_mistakes", fails)
    X, y = digits[0].reshape(400, -1), digits[1]
    report = evaluate(GaussianNB().fit(X, y), X, y, n_bootstrap=5)
    assert report.notes == ["The mistakes cannot be shown as images: these are no images"]
    assert "mistakes" not in report.plot().panels_


def test_a_class_missing_and_a_label_unknown_are_scored_and_noted(fitted_mlp, digits):
    X, y = digits[0][250:], digits[1][250:].copy()
    y[y == 3] = 33
    report = evaluate(fitted_mlp, X, y, n_bootstrap=5)
    assert report.notes[0].startswith("y has no image of 3: ROC-AUC and average precision are means over the other 9")
    assert report.notes[1].startswith(f"MLPClassifier does not know 33, the label of {(y == 33).sum()} images")
    assert report.frame["value"]["accuracy"] == fitted_mlp.score(X, y)
    assert report.per_class.index.tolist() == [*range(10), 33]
    assert "<img" in report.to_html()


def test_a_single_class_leaves_the_areas_out(fitted_mlp, digits):
    X, y = digits
    report = evaluate(fitted_mlp, X[y == 3], y[y == 3], n_bootstrap=5)
    assert "roc_auc_ovr" not in report.frame.index
    assert any("ROC-AUC is not defined" in note for note in report.notes)
    assert {"roc", "precision_recall"}.isdisjoint(report.plot().panels_)


def test_no_samples_mean_no_intervals(fitted_mlp, digits):
    report = evaluate(fitted_mlp, *digits, n_bootstrap=0, title="Digits")
    assert report.frame[["low", "high"]].isna().all(axis=None)
    assert report.title == "Digits"
    assert "interval" not in report.summary


def test_the_seed_decides_the_intervals(fitted_mlp, digits):
    first, again, other = (evaluate(fitted_mlp, *digits, n_bootstrap=9, random_state=seed) for seed in (0, 0, 1))
    assert first.frame["low"].equals(again.frame["low"])
    assert not first.frame["low"].equals(other.frame["low"])


def test_what_cannot_be_evaluated_is_refused(fitted_mlp, digits):
    X, y = digits
    with pytest.raises(NotFittedError):
        evaluate(MLPClassifier(), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        evaluate(fitted_mlp, X, y[:-1])
    with pytest.raises(ValueError, match="None of the labels is a class"):
        evaluate(fitted_mlp, X, y.astype(str))


@pytest.mark.parametrize("gap", [np.nan, None, pd.NA])
def test_missing_labels_are_counted_and_refused(gap, fitted_mlp, digits):
    X, y = digits
    y = y.astype(object)
    y[:3] = gap
    for labels in (y, pd.Series(y)):
        with pytest.raises(ValueError, match=r"NaN or None: 3 of 400 labels are missing.* leave those images"):
            evaluate(fitted_mlp, X, labels)


def test_no_images_no_labels_and_other_numbers_of_them_are_named(fitted_mlp, digits):
    X, y = digits
    for images, labels, message in (
        (None, y, "X is None, where evaluate expected images. Pass"),
        ("cat.png", y, "X is 'cat.png', where evaluate expected images. Pass"),
        (X, None, "y is None, where evaluate expected one true label per image. Pass"),
        (X[:0], y[:0], "X is empty, where evaluate expected images. Pass at least one"),
        (X, y[:7], "X holds 400 images, y 7 labels. Pass one label per image"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate(fitted_mlp, images, labels)


def test_advice_is_asked_of_the_network_inside_a_pipeline_too(digits):
    X, y = digits[0][:200], digits[1][:200]
    network = MLPClassifier((16,), lr=1e-6, max_epochs=5, random_state=0, n_jobs=1)  # which gets nowhere
    for model in (network, make_pipeline(FunctionTransformer(), network)):
        assert "What to try" in evaluate(model.fit(X, y), X, y, n_bootstrap=20).to_html()

"""An evaluation in words."""

import dataclasses

import numpy as np
import pytest

from skimgcls.reports._evaluation_text import cost_table, per_class_table, score_name, score_table, summarize


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("f1_macro", "F1, macro"),
        ("precision_weighted", "precision, weighted"),
        ("log_loss", "log loss (nats)"),
        ("top_5_accuracy", "top-5 accuracy"),
        ("roc_auc_ovr", "ROC-AUC"),
    ],
)
def test_scores_have_names_for_a_reader(name, expected):
    assert score_name(name) == expected


def test_the_summary_tells_accuracy_weakest_class_and_confidence(report):
    accuracy, weakest, confidence = summarize(report._evaluation)
    row = report.frame.loc["accuracy"]
    assert accuracy.startswith(
        f"Accuracy {row['value']:.4f} (95 % interval {row['low']:.4f} to {row['high']:.4f}) on 150 images of 10 "
        "classes; always naming the most frequent class would give "
    )
    worst = report.per_class["f1"].idxmin()
    n_wrong, n_images = report.per_class.loc[worst, ["n_taken_for", "n_images"]]
    assert weakest.startswith(f"Weakest class: {worst}, with an F1 of {report.per_class['f1'].min():.4f}, most often")
    assert weakest.endswith(f"({n_wrong} of {n_images} images).")
    assert confidence == f"It is too unsure of itself: its mean confidence is {report.y_proba.max(axis=1).mean():.4f}."


def test_with_folds_it_tells_their_mean(cv_report):
    row = cv_report.frame.loc["accuracy"]
    text = summarize(cv_report._evaluation)[0]
    assert text.startswith(
        f"Accuracy {row['mean']:.4f} ± {row['sd']:.4f} (mean and standard deviation over 3 folds; all "
    )
    assert f"together {row['pooled']:.4f}, 95 % interval {row['low']:.4f} to {row['high']:.4f}) on 400 images" in text


def test_what_there_is_nothing_to_say_of_is_left_out(report):
    perfect = report.per_class.assign(n_taken_for=0, f1=1.0)
    sure = np.eye(10)[report.y_true]
    evaluation = dataclasses.replace(
        report._evaluation, per_class=perfect, y_pred=report.y_true, y_proba=sure, frame=report.frame.assign(low=np.nan)
    )
    accuracy, weakest = summarize(evaluation)
    assert "interval" not in accuracy
    assert weakest == "No image is labelled wrongly."


def test_a_class_that_others_are_taken_for_may_be_the_weakest(report):
    table = report.per_class.assign(n_taken_for=0)
    table.loc[table.index[1], "n_taken_for"] = 3
    table.loc[table.index[4], "f1"] = 0.001
    text = summarize(dataclasses.replace(report._evaluation, per_class=table))[1]
    assert text == "Weakest class: 4, with an F1 of 0.0010."


def test_tables_divide_scores_from_costs(report):
    scores, costs = score_table(report._evaluation), cost_table(report._evaluation)
    assert len(scores) + len(costs) == len(report.frame)
    assert list(scores.columns) == ["value", "low", "high"]
    assert list(costs.index) == [
        "training", "prediction of all images", "images per second", "prediction of one image",
        "weights that training adjusts", "size of all weights",
    ]  # fmt: skip
    assert costs["amount"]["weights that training adjusts"] == f"{report.frame['value']['n_parameters']:,.0f}"


def test_intervals_that_are_not_there_have_no_column(report):
    frame = report.frame.assign(low=np.nan, high=np.nan)
    assert list(score_table(dataclasses.replace(report._evaluation, frame=frame)).columns) == ["value"]


def test_classes_tell_what_they_are_taken_for(report):
    table = per_class_table(report.per_class)
    assert {"F1", "ROC-AUC", "images"} <= set(table.columns)
    for text, label, count in zip(
        table["taken for"], report.per_class["taken_for"], report.per_class["n_taken_for"], strict=True
    ):
        assert text == (f"{label} ({count})" if count else "")

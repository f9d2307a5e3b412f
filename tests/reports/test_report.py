"""A report as its reader uses it."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from skimgcls import evaluate
from skimgcls.reports._report_page import ReportPage


def test_the_dict_holds_every_number_as_plain_types(report):
    read = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert read == report.to_dict()
    assert read["n_images"] == 150
    assert read["classes"] == list(range(10))
    assert pd.DataFrame(read["scores"]).T["value"].astype(float).to_dict() == report.frame["value"].to_dict()
    assert [row["f1"] for row in read["per_class"]] == report.per_class["f1"].tolist()
    assert read["folds"] is None


def test_folds_are_rows_of_the_dict(cv_report):
    assert [row["accuracy"] for row in cv_report.to_dict()["folds"]] == cv_report.folds["accuracy"].tolist()


def test_what_is_missing_is_none_in_json(report, fitted_mlp, digits):
    X, y = digits
    known = y != 3
    part = evaluate(fitted_mlp, X[known], y[known], n_bootstrap=0)
    scores = part.to_dict()
    assert scores["per_class"][3]["recall"] is None
    assert scores["scores"]["accuracy"]["low"] is None
    json.dumps(scores, allow_nan=False)


@pytest.mark.parametrize("labels", [[False, True], ["nein", "ja"], [10, 20]], ids=["bools", "strings", "integers"])
def test_labels_stay_what_they_are(labels, digits):
    X, y = digits
    X, y = X.reshape(400, -1), np.array(labels)[(y > 4).astype(int)]
    read = json.loads(evaluate(GaussianNB().fit(X, y), X, y, n_bootstrap=0).to_json())
    assert sorted(read["classes"]) == sorted(labels)
    assert sorted(row["class"] for row in read["per_class"]) == sorted(labels)


def test_json_goes_to_a_file_too(report, tmp_path):
    path = report.to_json(tmp_path / "report.json")
    assert path.read_text(encoding="utf-8") == report.to_json()


@pytest.fixture
def plain_page(monkeypatch):
    """A page that takes no time."""
    monkeypatch.setattr("skimgcls.reports._report.evaluation_page", lambda evaluation: ReportPage(evaluation.title))


def test_save_writes_the_page_and_says_where(report, report_html, tmp_path):
    path = report.save(tmp_path / "report.html")
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == report_html


def test_an_old_page_survives_when_a_new_one_fails(report, plain_page, monkeypatch, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fails(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(OSError, match="no space left"):
        report.save(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_printed_it_is_text_and_in_a_notebook_a_frame(report, plain_page):
    assert report.title in repr(report)
    assert report.summary in repr(report)
    assert f"{report.frame['value']['f1_macro']:.4f}" in repr(report)
    assert report._repr_html_().startswith('<iframe title="MLPClassifier on 150 images" srcdoc="&lt;!DOCTYPE html&gt;')

"""The page about an evaluation."""

import base64
import dataclasses
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from skimgcls.metrics._advice import Advice
from skimgcls.reports._evaluation_page import evaluation_page


@pytest.mark.parametrize("which", ["report", "cv_report"])
def test_the_page_holds_all_it_needs(which, request, text_of):
    report = request.getfixturevalue(which)
    html = request.getfixturevalue("report_html") if which == "report" else report.to_html()
    assert all(source.startswith(("data:", "#")) for source in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert not re.search(r"https?:|<script|url\(", html)
    images = re.findall(r"<img[^>]*>", html)
    assert len(images) == 7
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    text = text_of(html)
    for heading in ("Result", "Pictures", "Each class", "Costs", "The model as code", "Machine and versions"):
        assert heading in text
    assert ("Scores of each fold" in text) == (which == "cv_report")
    assert report.summary.replace("<", "&lt;") in text


def test_both_tables_are_in_the_page_as_csv(report, report_html):
    files = re.findall(r'download="(\w+\.csv)" href="data:text/csv;charset=utf-8;base64,(.*?)"', report_html)
    tables = {name: pd.read_csv(io.BytesIO(base64.b64decode(data)), index_col=0) for name, data in files}
    pd.testing.assert_frame_equal(tables["scores.csv"], report.frame, check_dtype=False)
    assert list(tables["classes.csv"].columns) == list(report.per_class.columns)


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr("skimgcls.reports._evaluation_page.panels_of", lambda evaluation: [])


def test_advice_and_its_grid_are_shown_where_there_is_any(report, text_of, no_pictures):
    advice = Advice(["Raise lr (now 1e-05)."], {"lr": [1e-4, 1e-3]})
    text = text_of(evaluation_page(dataclasses.replace(report._evaluation, advice=advice)).render())
    assert "What to try Raise lr (now 1e-05). param_grid = {&quot;lr&quot;: [0.0001, 0.001]}" in text
    silent = dataclasses.replace(report._evaluation, advice=Advice())
    assert "What to try" not in text_of(evaluation_page(silent).render())


def test_names_of_classes_are_escaped(report, no_pictures):
    table = report.per_class.rename(index={8: "<img src=x>"})
    html = evaluation_page(dataclasses.replace(report._evaluation, per_class=table, title="<b>")).render()
    assert "<img src=x>" not in html
    assert "&lt;img src=x&gt;" in html
    assert "<b>" not in html


def test_the_style_of_the_session_is_left_alone_and_no_figure_stays_open(report, report_html):
    with plt.style.context("dark_background"):
        before = matplotlib.rcParams["axes.facecolor"]
        html = report.to_html()
        assert matplotlib.rcParams["axes.facecolor"] == before
    assert html == report_html
    assert plt.get_fignums() == []

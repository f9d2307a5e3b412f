"""The page about a search, as a user makes it."""

import base64
import io
import re
import warnings

import numpy as np
import optuna
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from skimgcls.model_selection import results_frame
from skimgcls.reports import SearchReport
from skimgcls.reports import _search_report as module

SEARCHES = [
    "grid_search", "random_search", "several_metrics", "pipeline_search", "one_candidate", "halving_search", "study",
    "cross_validated", "failed_search",
]  # fmt: skip


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_makes_a_page_that_holds_all_it_needs(name, request, text_of):
    report = SearchReport(request.getfixturevalue(name))
    html = report.to_html()
    text = text_of(html)
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"https?:|<script|url\(", html)
    assert all(re.search(r'alt="[^"]+"', image) for image in re.findall(r"<img[^>]*>", html))
    for heading in ("Result", "What was searched", "Costs", "Machine and versions", "scikit-learn"):
        assert heading in text
    for sentence in report._facts.headline():
        assert sentence in text.replace("&#x27;", "'")


def test_the_optuna_search_of_optuna_integration_makes_one_too(mlp, digits, text_of):
    import optuna_integration

    lr = optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is experimental
        search = optuna_integration.OptunaSearchCV(mlp, {"lr": lr}, n_trials=3, cv=2, random_state=0).fit(*digits)
    report = SearchReport(search)
    names = {}
    exec(report.code, names)
    assert names["model"].get_params() == search.best_estimator_.get_params()
    text = text_of(report.to_html())
    assert "OptunaSearchCV of MLPClassifier 3 trials, 2 folds, 400 images, by accuracy" in text
    assert "0.001 to 0.1, logarithmic" in text


def test_the_whole_table_is_in_the_page_as_csv(grid_search):
    html = SearchReport(grid_search).to_html()
    data = re.search(r'href="data:text/csv;charset=utf-8;base64,(.*?)"', html).group(1)
    table = pd.read_csv(io.BytesIO(base64.b64decode(data)), index_col="candidate")
    pd.testing.assert_frame_equal(table, results_frame(grid_search), check_dtype=False)


def test_a_table_too_large_to_carry_is_left_out(monkeypatch, grid_search):
    monkeypatch.setattr(module, "LARGEST_CSV", 100)
    assert "text/csv" not in SearchReport(grid_search).to_html()


def test_attributes_hold_what_the_page_says(grid_search):
    report = SearchReport(grid_search, title="Two optimizers")
    pd.testing.assert_frame_equal(report.frame, results_frame(grid_search))
    assert report.title == "Two optimizers"
    assert report.summary in repr(report)
    assert report.code in repr(report)
    assert report.test_score is None
    assert "expect a little less on other images" in report.summary


def test_the_title_and_the_names_of_users_are_escaped(mlp, digits):
    title = "<script>alert(1)</script>"

    def parse(name):
        return name

    parse.__qualname__ = parse.__name__ = "<img src=x>"
    search = GridSearchCV(mlp, {"augment": [None, parse]}, cv=2).fit(*digits)
    html = SearchReport(search, title=title).to_html()
    assert title not in html
    assert "<img src=x" not in html
    assert "&lt;img src=x&gt;" in html


def test_images_that_the_search_has_not_seen_give_a_score_of_their_own(several_metrics, digits):
    X, y = digits
    report = SearchReport(several_metrics, X_test=X[:100], y_test=y[:100])
    assert report.test_score == several_metrics.score(X[:100], y[:100])
    assert f"On 100 images that the search had not seen: f1 macro {report.test_score:.4f}." in report.summary
    assert "expect a little less" not in report.summary
    other = SearchReport(several_metrics, metric="accuracy", X_test=X[:100], y_test=y[:100])
    assert other.test_score == np.mean(several_metrics.predict(X[:100]) == y[:100])


def test_half_a_test_set_and_a_search_without_a_model_are_refused(grid_search, study, digits):
    X, y = digits
    with pytest.raises(ValueError, match="X_test and y_test belong together, but y_test is None"):
        SearchReport(grid_search, X_test=X)
    with pytest.raises(ValueError, match="no fitted winner to test"):
        SearchReport(study, X_test=X, y_test=y)


def test_a_search_that_is_none_or_was_not_fitted_is_refused(mlp):
    with pytest.raises(TypeError, match="Expected a fitted search"):
        SearchReport(3)
    with pytest.raises(ValueError, match="has not been fitted"):
        SearchReport(GridSearchCV(mlp, {"lr": [0.1]}))
    with pytest.raises(ValueError, match="no finished trial"):
        SearchReport(optuna.create_study())


def test_save_writes_the_page_and_says_where(tmp_path, one_candidate):
    report = SearchReport(one_candidate)
    path = report.save(tmp_path / "report.html")
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == report.to_html()


def test_an_old_report_survives_when_a_new_one_fails(monkeypatch, tmp_path, one_candidate):
    path = tmp_path / "report.html"
    path.write_text("old")
    report = SearchReport(one_candidate)

    def fails(*args):
        raise OSError("no space left on device")

    for target in ("os.replace", "skimgcls.reports._search_report.add_search_pictures"):
        with monkeypatch.context() as patched:
            patched.setattr(target, fails)
            with pytest.raises(OSError, match="no space left"):
                report.save(path)
        assert path.read_text() == "old"
        assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_notebook_shows_the_page_in_a_frame(one_candidate):
    html = SearchReport(one_candidate)._repr_html_()
    assert html.startswith('<iframe title="GridSearchCV of MLPClassifier" srcdoc="&lt;!DOCTYPE html&gt;')


def test_fits_that_ran_beside_each_other_are_told(grid_search, one_candidate, text_of):
    searched = GridSearchCV(grid_search.estimator, {"lr": [0.1]}, n_jobs=2)
    searched.__dict__.update({name: value for name, value in vars(one_candidate).items() if name.endswith("_")})
    assert "with n_jobs=2 fits ran beside each other" in text_of(SearchReport(searched).to_html())
    assert "ran beside each other" not in text_of(SearchReport(grid_search).to_html())

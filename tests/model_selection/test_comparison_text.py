import numpy as np
import pytest

from skimgcls.model_selection import Comparison
from tests.model_selection.test_comparison import make_scores

RAMP = np.linspace(-0.01, 0.01, 6)
TABLE = {"a & b": 0.9 + RAMP, "close": 0.9 - RAMP / 2, "far": 0.5 + RAMP**2, "twin": 0.9 + RAMP}


@pytest.fixture
def comparison():
    return Comparison(make_scores(TABLE, n_seeds=2), metric_label="accuracy")


def test_the_summary_counts_what_was_found(comparison):
    assert comparison.summary == (
        "Highest mean accuracy of 4 candidates: a & b, 0.9000. Of the others, 1 has identical scores, 1 shows no "
        "detectable difference and 1 is worse."
    )


def test_the_summary_tells_of_failures_and_of_a_reference():
    scores = make_scores(TABLE)
    scores.loc[scores["candidate"] == "close", "score"] = np.nan
    comparison = Comparison(scores, reference="far")
    assert comparison.summary.endswith("Against far, 2 are better and 1 could not be scored on every fold.")


def test_the_method_says_what_was_repeated_and_tested(comparison):
    assert comparison.method == (
        "Paired on 3 folds x 2 seeds; corrected resampled t-test, Holm's method over all 3 pairs; 95 % intervals of "
        "the differences."
    )
    same_folds = Comparison(make_scores(TABLE, n_seeds=2, same_folds=True), reference="far", alpha=0.1)
    assert "3 folds x 2 seeds, averaged over the seeds;" in same_folds.method
    assert "Holm's method over 2 pairs; 90 % intervals" in same_folds.method
    two = Comparison(make_scores({name: TABLE[name] for name in ("far", "close")}))
    assert two.method == "Paired on 6 folds; corrected resampled t-test; 95 % intervals of the differences."


def test_a_terminal_gets_summary_table_and_method(comparison):
    text = repr(comparison)
    assert text == str(comparison)
    assert text.startswith(comparison.summary)
    assert text.endswith(comparison.method)
    (row,) = [line for line in text.splitlines() if line.startswith("far")]
    assert row.split()[:4] == ["far", "0.5000", "0.0000", "-0.4000"]
    assert "<0.001" in row
    assert "nan" not in text.lower()


def test_failures_are_told_with_their_first_error():
    scores = make_scores(TABLE, error=None)
    failed = scores["candidate"] == "close"
    scores.loc[failed, "score"] = np.nan
    scores.loc[failed, "error"] = "ValueError: lr <= 0"
    comparison = Comparison(scores)
    assert "close: 6 fits failed, the first with ValueError: lr <= 0" in repr(comparison)
    assert "ValueError: lr &lt;= 0" in comparison._repr_html_()


def test_a_notebook_gets_a_table_with_everything_escaped(comparison):
    html = comparison._repr_html_()
    assert "a &amp; b" in html
    assert "a & b" not in html
    assert html.count("<tr") == 5
    assert comparison.method.replace("'", "&#x27;") in html


def test_large_scores_are_written_with_four_digits():
    comparison = Comparison(make_scores({name: -1000 * scores for name, scores in TABLE.items()}))
    assert "far, -500.0." in comparison.summary

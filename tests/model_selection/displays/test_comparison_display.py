import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.model_selection import Comparison, ComparisonDisplay
from tests.model_selection.test_comparison import make_scores

RAMP = np.linspace(-0.01, 0.01, 6)
TABLE = {"near": 0.9 - RAMP / 2, "best": 0.91 + RAMP, "twin": 0.91 + RAMP, "worse": 0.8 + RAMP, "x" * 200: 0.79 - RAMP}


@pytest.fixture
def display():
    return Comparison(make_scores(TABLE), metric_label="accuracy").plot()


def texts_of(display):
    return [text.get_text() for text in display.ax_.texts]


def boxes_of(texts):
    texts[0].figure.canvas.draw()
    return [text.get_window_extent() for text in texts]


def test_each_candidate_has_its_name_and_verdict_from_the_top(display):
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names[:2] == ["best", "twin"]
    assert display.ax_.get_yticks().tolist() == [4, 3, 2, 1, 0]
    assert texts_of(display)[:4] == [
        "0.9100  best", "0.9100  identical scores", "0.9000  no detectable difference", "0.8000  worse",
    ]  # fmt: skip
    assert display.ax_.get_xlabel() == "difference in accuracy to the best"


def test_marks_stand_at_the_differences_and_lines_span_the_intervals(display):
    marks = [line for line in display.ax_.lines if line.get_marker() in ("o", "D")]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx(display.frame["difference"].tolist())
    assert [mark.get_marker() for mark in marks] == ["D", "o", "o", "o", "o"]
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [False, True, True, False, False]
    spans = [collection.get_segments()[0][:, 0] for collection in display.ax_.collections]
    intervals = display.frame.iloc[1:][["difference_low", "difference_high"]]  # the best has none
    assert np.array(spans) == pytest.approx(intervals.to_numpy())


@pytest.mark.parametrize("own_axes", [False, True])
def test_no_words_overlap_or_leave_the_panel(own_axes):
    many = {f"{'a long name of a candidate ' * (i % 3)}{i}": 0.9 - 0.001 * i + RAMP * (-1) ** i for i in range(20)}
    ax = plt.subplots(figsize=(9, 9))[1] if own_axes else None
    display = Comparison(make_scores(many)).plot(ax=ax)
    words = [text for text in display.ax_.texts if "difference" in text.get_text() or "  " in text.get_text()]
    for texts in (words, display.ax_.get_yticklabels()):
        boxes = boxes_of(texts)
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    panel = display.ax_.get_window_extent()
    assert max(box.x1 for box in boxes_of(words[:20])) <= panel.x1 + 1
    marks = max(line.get_window_extent().x1 for line in display.ax_.lines if len(line.get_xdata()) == 1)
    assert marks < min(box.x0 for box in boxes_of(words[:20]))


def test_a_long_name_is_broken_and_cut(display):
    (long,) = [label.get_text() for label in display.ax_.get_yticklabels() if "x" * 20 in label.get_text()]
    assert long.count("\n") == 2
    assert long.endswith("…")


def test_what_lies_far_off_is_an_arrow_that_leaves_the_others_room():
    table = {f"as good {i}": 0.9 + RAMP * (-1) ** i * (1 + i) / 10 for i in range(6)} | {"diverged": 0.1 + RAMP}
    display = Comparison(make_scores(table)).plot()
    (arrow,) = [line for line in display.ax_.lines if line.get_marker() == "<"]
    left, _ = display.ax_.get_xlim()
    assert left < arrow.get_xdata()[0] < left / 2
    assert left > -0.5


def test_a_failed_candidate_has_words_and_no_mark():
    scores = make_scores(TABLE)
    scores.loc[scores["candidate"] == "worse", "score"] = np.nan
    display = Comparison(scores).plot()
    assert "no score from 6 of 6 fits" in texts_of(display)
    assert len([line for line in display.ax_.lines if line.get_marker() in ("o", "D")]) == 4


def test_formula_signs_in_names_are_taken_as_they_are():
    display = Comparison(make_scores({"$a_1$": TABLE["near"], "$": TABLE["best"]}), reference="$").plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_xlabel() == "difference in score to $"


def test_it_draws_into_axes_of_a_subfigure_and_from_a_frame_alone():
    figure = plt.figure(figsize=(9, 3))
    ax = figure.subfigures(1, 2)[0].subplots()
    comparison = Comparison(make_scores(TABLE))
    display = ComparisonDisplay(comparison.frame, metric_label="f1").plot(ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_xlabel() == "difference in f1 to the best"

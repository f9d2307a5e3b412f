import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skimgcls.model_selection import ParetoDisplay


def small_frame(**columns):
    base = {"name": list("abcde"), "score": [0.5, 0.7, 0.6, 0.7, 0.9], "fit_seconds": [1.0, 2.0, 3.0, 2.0, 10.0]}
    return pd.DataFrame(base | columns)


def test_the_front_are_those_that_none_beats_in_both():
    display = ParetoDisplay.from_frame(small_frame())
    assert display.front_["name"].tolist() == ["a", "b", "e"]
    assert "3 of 5 candidates are beaten by none" in display.ax_.get_title(loc="left")
    assert {text.get_text() for text in display.ax_.texts} == {"a", "b", "e"}
    assert display.ax_.get_xlabel() == "time of a fit (s)"


def test_no_candidate_outside_the_front_is_beaten_by_none(random_frame):
    frame = random_frame()
    front = ParetoDisplay.from_frame(frame).front_
    for _, row in frame.iterrows():
        beaten_by = front[(front["score"] >= row["score"]) & (front["fit_seconds"] <= row["fit_seconds"])]
        assert len(beaten_by)
    assert front["score"].is_monotonic_increasing
    assert front["fit_seconds"].is_monotonic_increasing


def test_of_speed_more_is_better():
    display = ParetoDisplay.from_frame(
        small_frame(predict_images_per_second=[10.0, 9, 8, 7, 1]), cost="predict_images_per_second"
    )
    assert display.front_["name"].tolist() == ["a", "b", "e"]


def test_lower_scores_can_be_better():
    frame = small_frame()
    frame.attrs = {"metric": "score", "metric_label": "loss", "lower_is_better": True}
    assert ParetoDisplay.from_frame(frame).front_["name"].tolist() == ["a"]


def test_a_cost_that_does_not_differ_is_passed_over(grid_frame):
    assert ParetoDisplay.from_frame(grid_frame).ax_.get_xlabel() == "time of a fit (s)"
    frame = grid_frame.assign(fit_seconds=1.0, n_parameters=range(2000, 2012))
    assert ParetoDisplay.from_frame(frame).ax_.get_xlabel() == "parameters of the network"


def test_candidates_without_score_or_cost_are_no_front():
    frame = small_frame(score=[np.nan, 0.7, 0.6, 0.7, 0.9], fit_seconds=[1.0, 2.0, 3.0, 2.0, np.nan])
    assert ParetoDisplay.from_frame(frame).front_["name"].tolist() == ["b"]


def test_the_axis_of_widely_spread_costs_is_logarithmic(random_frame):
    frame = random_frame()
    assert ParetoDisplay.from_frame(frame).ax_.get_xscale() == "log"
    assert ParetoDisplay.from_frame(small_frame()).ax_.get_xscale() == "linear"


def test_large_costs_are_written_in_thousands():
    display = ParetoDisplay.from_frame(small_frame(n_parameters=[600, 900, 5000, 9000, 70000]), cost="n_parameters")
    display.figure_.draw_without_rendering()
    assert "10k" in [label.get_text() for label in display.ax_.get_xticklabels()]


def test_a_share_has_no_ticks_above_one():
    display = ParetoDisplay.from_frame(small_frame(score=[0.9, 0.95, 0.96, 0.97, 1.0]))
    assert max(display.ax_.get_yticks()) <= 1


@pytest.mark.parametrize("n", [2, 12, 50])
@pytest.mark.parametrize("seed", [0, 1])
def test_labels_do_not_overlap_however_many(n, seed, random_frame, overlaps):
    ax = plt.subplots(layout="constrained")[1]
    display = ParetoDisplay.from_frame(random_frame(n, seed), ax=ax)
    assert display.ax_ is ax
    assert ax.texts
    assert not overlaps(ax)


def test_what_is_no_cost_is_refused():
    with pytest.raises(ValueError, match="cost='name' is no column of numbers"):
        ParetoDisplay.from_frame(small_frame(), cost="name")
    with pytest.raises(ValueError, match="cost=None is no column"):
        ParetoDisplay.from_frame(small_frame().drop(columns="fit_seconds"))
    with pytest.raises(ValueError, match="nothing to plot"):
        ParetoDisplay.from_frame(small_frame(fit_seconds=np.nan), cost="fit_seconds")

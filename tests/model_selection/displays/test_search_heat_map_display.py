import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from skimgcls.model_selection import SearchHeatMapDisplay


def framed(display):
    (frame,) = [patch for patch in display.ax_.patches if isinstance(patch, Rectangle)]
    return tuple(np.round(np.array(frame.get_xy()) + 0.5).astype(int))


def test_a_grid_is_a_table_of_its_scores_with_the_best_framed(grid_frame):
    display = SearchHeatMapDisplay.from_frame(grid_frame, x="lr", y="optimizer")
    assert display.cells_.index.tolist() == ["sgd", "adam", "adamw"]
    assert display.cells_.columns.tolist() == ["0.0001", "0.001", "0.01", "0.1"]
    np.testing.assert_allclose(display.cells_.to_numpy().ravel(), grid_frame["score"])
    assert framed(display) == (1, 1)
    assert [text.get_text() for text in display.ax_.texts][:2] == ["0.600", "0.700"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("lr", "optimizer")


def test_lower_can_be_better(grid_frame):
    grid_frame.attrs = {"metric": "score", "metric_label": "loss", "lower_is_better": True}
    display = SearchHeatMapDisplay.from_frame(grid_frame, x="lr", y="optimizer")
    assert framed(display) == (3, 2)
    assert display.ax_.images[0].get_cmap().name == "viridis_r"


def test_a_cell_is_the_best_or_the_mean_and_the_title_says_which(grid_frame):
    frame = pd.concat([grid_frame.assign(norm="None"), grid_frame.assign(norm="batch", score=0.0)])
    frame = frame[["norm", *grid_frame.columns]]
    best = SearchHeatMapDisplay.from_frame(frame, x="lr", y="optimizer")
    np.testing.assert_allclose(best.cells_.to_numpy().ravel(), grid_frame["score"])
    assert best.ax_.get_title(loc="left") == "best score over norm; best framed"
    mean = SearchHeatMapDisplay.from_frame(frame, x="lr", y="optimizer", aggregate="mean")
    np.testing.assert_allclose(mean.cells_.to_numpy().ravel(), grid_frame["score"] / 2)
    assert mean.ax_.get_title(loc="left").startswith("mean score over norm")
    with pytest.raises(ValueError, match="aggregate must be"):
        SearchHeatMapDisplay(frame, aggregate="sum").plot()


def test_the_parameters_of_the_largest_effect_are_taken(grid_frame):
    frame = grid_frame.assign(noise=np.arange(12) % 2)[["noise", *grid_frame.columns]]
    display = SearchHeatMapDisplay.from_frame(frame)
    assert {display.ax_.get_xlabel(), display.ax_.get_ylabel()} == {"optimizer", "lr"}
    one_given = SearchHeatMapDisplay.from_frame(frame, y="noise")
    assert one_given.ax_.get_ylabel() == "noise"
    assert one_given.ax_.get_xlabel() in ("optimizer", "lr")


def test_many_numbers_are_gathered_in_bins(random_frame):
    display = SearchHeatMapDisplay.from_frame(random_frame(), x="lr", y="optimizer")
    assert display.cells_.shape == (3, 8)
    assert " to " in display.cells_.columns[0]
    assert np.nanmax(display.cells_) == random_frame()["score"].max()


def test_missing_cells_are_blank(grid_frame):
    display = SearchHeatMapDisplay.from_frame(grid_frame[1:], x="lr", y="optimizer")
    assert np.isnan(display.cells_.iloc[0, 0])
    assert len(display.ax_.texts) == 11


def test_a_hopeless_score_does_not_use_up_the_colours(grid_frame):
    grid_frame["score"] = np.linspace(0.85, 0.9, 12)
    grid_frame.loc[0, "score"] = 0.1
    display = SearchHeatMapDisplay.from_frame(grid_frame, x="lr", y="optimizer")
    assert display.ax_.images[0].norm.vmin > 0.75
    assert display.ax_.images[0].colorbar.extend == "min"


def test_labels_do_not_overlap_however_long(random_frame, overlaps):
    frame = random_frame().assign(other=[f"{i % 9} " + "long name " * (i % 9) for i in range(50)])
    frame = frame[["other", *random_frame().columns]]
    for x, y in [("augment", "other"), ("other", "augment"), ("lr", "other")]:
        assert not overlaps(SearchHeatMapDisplay.from_frame(frame, x=x, y=y).ax_)


def test_it_draws_into_axes_of_the_caller(grid_frame):
    ax = plt.subplots()[1]
    assert SearchHeatMapDisplay.from_frame(grid_frame, ax=ax).ax_ is ax


def test_one_parameter_makes_no_map(grid_frame):
    with pytest.raises(ValueError, match="needs two parameters"):
        SearchHeatMapDisplay.from_frame(grid_frame[grid_frame["optimizer"] == "sgd"])
    with pytest.raises(ValueError, match="x='momentum' is no parameter"):
        SearchHeatMapDisplay.from_frame(grid_frame, x="momentum")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.model_selection import ScoreByParameterDisplay


def test_the_best_of_each_value_are_joined_on_a_logarithmic_axis(grid_frame):
    display = ScoreByParameterDisplay.from_frame(grid_frame, parameter="lr")
    line = display.lines_[""]
    assert line["value"].tolist() == [1e-4, 1e-3, 1e-2, 1e-1]
    assert line["score"].tolist() == [0.8, 0.9, 0.8, 0.75]
    assert line["std"].tolist() == [0.01] * 4
    assert display.ax_.get_xscale() == "log"
    assert "best over optimizer" in display.ax_.get_title(loc="left")
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0.0001", "0.001", "0.01", "0.1"]


def test_the_mean_has_bars_over_candidates(grid_frame):
    display = ScoreByParameterDisplay.from_frame(grid_frame, parameter="lr", aggregate="mean")
    scores = grid_frame["score"].to_numpy().reshape(3, 4)
    np.testing.assert_allclose(display.lines_[""]["score"], scores.mean(axis=0))
    np.testing.assert_allclose(display.lines_[""]["std"], scores.std(axis=0, ddof=1))
    assert "over candidates" in display.ax_.get_title(loc="left")
    with pytest.raises(ValueError, match="aggregate must be"):
        ScoreByParameterDisplay(grid_frame, aggregate="sum").plot()


def test_groups_are_lines_named_at_their_ends(grid_frame, overlaps):
    display = ScoreByParameterDisplay.from_frame(grid_frame, parameter="lr", group="optimizer")
    assert list(display.lines_) == ["sgd", "adam", "adamw"]
    assert display.lines_["sgd"]["score"].tolist() == [0.6, 0.7, 0.8, 0.75]
    assert [text.get_text() for text in display.ax_.texts] == ["sgd", "adam", "adamw"]
    assert not overlaps(display.ax_)
    assert display.ax_.get_legend() is None


def test_numbers_as_groups_are_named_with_their_parameter(grid_frame):
    display = ScoreByParameterDisplay.from_frame(grid_frame, parameter="optimizer", group="lr")
    assert list(display.lines_) == ["lr=0.0001", "lr=0.001", "lr=0.01", "lr=0.1"]
    assert display.lines_["lr=0.1"]["value"].tolist() == ["sgd", "adam", "adamw"]


def test_of_many_numbers_bins_are_joined(random_frame):
    display = ScoreByParameterDisplay.from_frame(random_frame(), parameter="lr")
    assert len(display.lines_[""]) == 8
    assert display.lines_[""]["score"].max() == random_frame()["score"].max()
    assert "8 bins" in display.ax_.get_title(loc="left")


def test_hopeless_scores_are_off_the_axis_and_the_note_says_so(random_frame):
    display = ScoreByParameterDisplay.from_frame(random_frame(), parameter="optimizer")
    assert display.ax_.get_ylim()[0] > 0.1
    assert "off the axis" in display.ax_.get_title(loc="left").replace("\n", " ")


def test_failed_candidates_are_left_out(grid_frame):
    grid_frame.loc[[1, 5, 9], "score"] = np.nan
    assert ScoreByParameterDisplay.from_frame(grid_frame, parameter="lr").lines_[""]["value"].tolist() == [
        1e-4,
        0.01,
        0.1,
    ]


def test_without_deviations_there_are_no_bars(grid_frame):
    display = ScoreByParameterDisplay.from_frame(grid_frame.drop(columns="score_std"), parameter="lr")
    assert "bars" not in display.ax_.get_title(loc="left")


@pytest.mark.parametrize("parameter", ["augment", "lr", "long"])
def test_labels_do_not_overlap_however_long(parameter, random_frame, overlaps):
    frame = random_frame().assign(long=[f"{i % 20} a long name of something" for i in range(50)])
    frame = frame[["long", *random_frame().columns]]
    assert not overlaps(ScoreByParameterDisplay.from_frame(frame, parameter=parameter, group="optimizer").ax_)


def test_the_first_parameter_that_varies_is_taken(grid_frame):
    frame = grid_frame[grid_frame["optimizer"] == "adam"]
    ax = plt.subplots()[1]
    display = ScoreByParameterDisplay.from_frame(frame, ax=ax)
    assert display.ax_ is ax
    assert ax.get_xlabel() == "lr"
    assert "each candidate" in ax.get_title(loc="left")


def test_what_cannot_be_drawn_is_refused(random_frame, grid_frame):
    with pytest.raises(ValueError, match="no parameter of the table"):
        ScoreByParameterDisplay.from_frame(grid_frame, parameter="momentum")
    with pytest.raises(ValueError, match="more than 7 lines"):
        ScoreByParameterDisplay.from_frame(random_frame(), parameter="optimizer", group="lr")
    with pytest.raises(ValueError, match="has no parameter"):
        ScoreByParameterDisplay.from_frame(grid_frame[["score"]])

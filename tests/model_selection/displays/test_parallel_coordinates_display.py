import matplotlib.pyplot as plt
import numpy as np
import pytest

from skimgcls.model_selection import ParallelCoordinatesDisplay


def bold(display):
    return [text.get_text() for text in display.ax_.texts if text.get_fontweight() == "bold"]


def lines(display):
    everyone, best = display.ax_.collections
    return [path.vertices for path in everyone.get_paths()], best.get_paths()[0].vertices


def test_each_candidate_is_a_line_over_all_parameters_to_its_score(grid_frame):
    display = ParallelCoordinatesDisplay.from_frame(grid_frame)
    assert display.parameters_ == ["optimizer", "lr"]
    everyone, best = lines(display)
    assert len(everyone) == 12
    ends = [path[-1, 1] for path in everyone]
    assert ends == sorted(ends)  # the better on top
    assert best[-1].tolist() == [2, 1]
    assert bold(display) == ["adam", "0.001", "0.90"] or bold(display) == ["adam", "0.001", "0.900"]


def test_lines_through_one_word_spread_and_those_through_one_number_do_not(grid_frame):
    everyone, _ = lines(ParallelCoordinatesDisplay.from_frame(grid_frame))
    assert len({round(path[0, 1], 6) for path in everyone}) == 12  # the optimizer
    assert len({round(path[3, 1], 6) for path in everyone}) == 4  # the learning rate


def test_lower_can_be_better(grid_frame):
    grid_frame.attrs = {"metric": "score", "metric_label": "loss", "lower_is_better": True}
    display = ParallelCoordinatesDisplay.from_frame(grid_frame)
    assert bold(display)[:2] == ["adamw", "0.1"]
    assert lines(display)[1][-1, 1] == 1


def test_what_is_not_set_stands_below(grid_frame):
    grid_frame["lr"] = grid_frame["lr"].where(grid_frame["optimizer"] != "sgd")
    display = ParallelCoordinatesDisplay.from_frame(grid_frame)
    assert "not set" in [text.get_text() for text in display.ax_.texts]
    assert min(path[3, 1] for path in lines(display)[0]) < 0


def test_failed_candidates_are_left_out_and_counted(grid_frame):
    grid_frame.loc[0, "score"] = np.nan
    display = ParallelCoordinatesDisplay.from_frame(grid_frame)
    assert len(lines(display)[0]) == 11
    assert "1 failed" in display.ax_.get_title(loc="left")


def test_equal_scores_are_drawn(grid_frame):
    display = ParallelCoordinatesDisplay.from_frame(grid_frame.assign(score=0.5))
    assert lines(display)[1][-1, 1] == 0.5


@pytest.mark.parametrize("n", [2, 12, 50])
def test_labels_do_not_overlap_however_many(n, random_frame, overlaps):
    assert not overlaps(ParallelCoordinatesDisplay.from_frame(random_frame(n)).ax_)


def test_parameters_can_be_chosen(random_frame):
    ax = plt.subplots()[1]
    display = ParallelCoordinatesDisplay.from_frame(random_frame(), parameters=["optimizer", "lr"], ax=ax)
    assert display.ax_ is ax
    assert display.parameters_ == ["optimizer", "lr"]
    with pytest.raises(ValueError, match="no parameter"):
        ParallelCoordinatesDisplay.from_frame(random_frame(), parameters=["momentum"])


def test_nothing_that_varies_is_refused(grid_frame):
    with pytest.raises(ValueError, match="varies"):
        ParallelCoordinatesDisplay.from_frame(grid_frame[:1])

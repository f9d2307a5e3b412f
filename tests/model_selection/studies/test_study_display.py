import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skimgcls.model_selection.studies._study_display import (
    StudyDisplay,
    colours_for,
    draw_curves,
    label_ends,
    make_panels,
    mean_curve,
    share_heights,
)


def make_curves(**losses):
    """Curves of candidates: for each a list of its folds' validation losses."""
    rows = [
        {
            "candidate": name, "seed": 0, "fold": fold, "epoch": epoch, "train_loss": loss + 1, "valid_loss": loss,
            "train_accuracy": 0.5, "valid_accuracy": np.nan,
        }
        for name, folds in losses.items()
        for fold, values in enumerate(folds)
        for epoch, loss in enumerate(values, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_mean_curve_ends_where_the_first_fit_did():
    curve = mean_curve(make_curves(a=[[3, 2, 1], [5, 4]]), "a", "valid_loss")
    assert curve.to_dict() == {1: 4.0, 2: 3.0}
    assert mean_curve(make_curves(a=[[3]]), "a", "valid_accuracy").empty


def test_curves_are_validation_over_training_where_there_is_some():
    curves = make_curves(a=[[3, 2, 1]])
    loss, accuracy = plt.subplots(1, 2)[1]
    assert draw_curves(loss, curves, "loss", {"a": "A"}, {"a": "red"}) == [(3, 1.0, "A", "red")]
    assert [line.get_ydata().tolist() for line in loss.get_lines()] == [[4, 3, 2], [3, 2, 1]]
    draw_curves(accuracy, curves, "accuracy", {"a": "A"}, {"a": "red"})
    assert [line.get_ydata().tolist() for line in accuracy.get_lines()] == [[0.5] * 3]


def test_equal_curves_are_one_line_with_both_names():
    ax = plt.subplots()[1]
    curves = make_curves(a=[[3, 2]], b=[[3, 2]], c=[[3, 1]])
    ends = draw_curves(ax, curves, "loss", {n: n for n in "abc"}, dict.fromkeys("abc", "k"))
    assert [text for _, _, text, _ in ends] == ["a, b", "c"]
    assert len(ax.get_lines()) == 4


def test_a_loss_that_explodes_does_not_squeeze_the_others():
    panels = plt.subplots(1, 2)[1]
    panels[0].plot([1, 2], [2.0, 1.0])
    panels[0].plot([1, 2], [2.2, 0.5])
    panels[1].plot([1, 2], [1e6, 1e9])
    share_heights(list(panels), "loss")
    assert panels[0].get_ylim() == panels[1].get_ylim()
    assert 2.2 < panels[0].get_ylim()[1] < 6


def test_a_line_that_ends_above_the_panel_has_an_arrow_behind_its_name():
    ax = plt.subplots()[1]
    ax.plot([1, 2], [1, 1])
    ax.set_ylim(0, 2)
    label_ends(ax, [(2, 1.0, "in", "k"), (2, 9.0, "out", "k")])
    assert [text.get_text() for text in ax.texts] == ["in", "out ↑"]


def test_names_without_order_have_colours_that_differ_also_when_many():
    for n, ordered in ((3, False), (20, False), (20, True)):
        colours = colours_for(range(n), ordered=ordered)
        assert len({tuple(np.atleast_1d(colour)) for colour in colours.values()}) == n


def test_panels_take_the_place_of_axes_in_a_grid():
    figure, (left, right) = plt.subplots(1, 2)
    axes = make_panels(right, [["a", "b"]], (1, 1))
    assert right not in figure.axes
    assert left in figure.axes
    assert axes["a"].figure.figure is figure
    with pytest.raises(ValueError, match="stands in no grid"):
        make_panels(figure.add_axes([0, 0, 1, 1]), [["a"]], (1, 1))


def test_the_display_knows_its_panels_and_its_figure():
    display = StudyDisplay("study", lambda study, ax: {study: ax}).plot(ax=plt.subplots()[1])
    assert display.figure_ is display.axes_["study"].figure

import numpy as np
import pandas as pd
import pytest

from skimgcls.model_selection import results_frame
from skimgcls.model_selection.displays._plotted_results import (
    bin_edges,
    bins_of,
    cut_axis,
    number_text,
    parameter_axis,
    read_results,
    score_texts,
    short_labels,
    style_axes,
    value_name,
    worst_shown,
)


def scale_of(values):
    return parameter_axis(pd.Series(values)).scale


def test_parameters_stand_before_the_score(grid_frame):
    results = read_results(grid_frame)
    assert (results.metric, results.label, results.lower_is_better) == ("score", "score", False)
    assert results.parameters == results.varied == ["optimizer", "lr"]


def test_a_table_of_several_metrics_without_its_notes_is_understood(grid_frame):
    frame = grid_frame.rename(columns={"score": "f1_macro", "score_std": "f1_macro_std"})
    assert read_results(frame).label == "f1 macro"
    assert read_results(frame).parameters == ["optimizer", "lr"]
    assert read_results(frame.assign(other=1.0), "other").parameters == ["optimizer", "lr"]
    with pytest.raises(ValueError, match="no column 'accuracy'"):
        read_results(frame, "accuracy")


def test_of_halving_the_last_iteration_counts_and_pruned_trials_do_not(grid_frame):
    halving = pd.concat([grid_frame.assign(iteration=0), grid_frame[:2].assign(iteration=1, score=1.0)])
    results = read_results(halving)
    assert len(results.frame) == 12
    assert results.scores[:3].tolist() == [1.0, 1.0, 0.8]
    trials = grid_frame.assign(state=["pruned"] * 5 + ["complete"] * 7)
    assert len(read_results(trials).frame) == 7


def test_a_table_without_any_score_is_refused(grid_frame):
    with pytest.raises(ValueError, match="nothing to plot"):
        read_results(grid_frame.assign(score=np.nan))


def test_notes_of_a_results_frame_reach_the_display():
    import optuna

    study = optuna.create_study(direction="minimize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    results = read_results(results_frame(study))
    assert (results.label, results.lower_is_better) == ("value", True)
    assert np.argmax(results.worth) == np.argmin(results.scores)


def test_names_hold_what_differs(grid_frame):
    results = read_results(grid_frame.assign(constant=1)[["constant", *grid_frame]])
    assert results.names()[:2] == ["sgd, lr=0.0001", "sgd, lr=0.001"]
    assert results.names([4, 5]) == ["lr=0.0001", "lr=0.001"]


@pytest.mark.parametrize(
    ("value", "name"),
    [("adam", "adam"), ("None", "p=None"), ("(8, 4)", "p=(8, 4)"), (0.25, "p=0.25"), (True, "p=True")],
)
def test_a_word_needs_no_name(value, name):
    assert value_name("p", value) == name


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1e-4, 1e-3, 1e-2], "log"),
        ([0.001, 0.01], "log"),
        ([16, 32, 64, 128], "log"),
        ([1, 2, 3, 4, 5], "linear"),
        ([0.1, 0.2], "linear"),
        ([0, 0.25, 0.5], "linear"),
        ([0, 1e-5, 1e-3, 1e-1], "steps"),
        (np.linspace(0.01, 0.6, 50), "linear"),
        (np.geomspace(1e-5, 1e-1, 50), "log"),
        ([5, 5], "linear"),
        (["a", "b"], "steps"),
        ([True, False], "steps"),
    ],
)
def test_the_scale_is_that_on_which_values_lie_evenly(values, scale):
    assert scale_of(values) == scale


def test_words_keep_their_order_and_written_numbers_are_sorted():
    assert parameter_axis(pd.Series(["sgd", "adam", "sgd"])).labels == ["sgd", "adam"]
    assert parameter_axis(pd.Series(["0.5", "None", "0.1"])).labels == ["None", "0.1", "0.5"]


def test_steps_of_numbers_have_even_places_and_many_numbers_round_ticks():
    axis = parameter_axis(pd.Series([0.1, 0, 1e-5, np.nan]))
    np.testing.assert_array_equal(axis.positions, [2, 0, 1, np.nan])
    assert axis.labels == ["0", "1e-5", "0.1"]
    assert parameter_axis(pd.Series(np.geomspace(1e-5, 0.2, 50))).labels == ["1e-5", "0.0001", "0.001", "0.01", "0.1"]


def test_many_numbers_go_into_bins_that_hold_their_ends():
    axis = parameter_axis(pd.Series(np.linspace(0, 8, 50)))
    edges = bin_edges(axis)
    np.testing.assert_allclose(edges, range(9))
    np.testing.assert_array_equal(bins_of(np.array([0, 0.5, 8, np.nan]), edges), [0, 0, 7, np.nan])
    assert bin_edges(parameter_axis(pd.Series([1, 2, 3]))) is None


def test_hopeless_scores_end_the_axis_and_others_do_not():
    assert worst_shown([0.9, 0.88, 0.86], False) == 0.86
    assert worst_shown([0.9, 0.88, 0.86, 0.1, 0.87], False) == pytest.approx(0.9 - 4 * 0.03)
    assert worst_shown([1.0, 1.1, 99.0], True) == pytest.approx(1.4)
    assert worst_shown([0.5, 0.5], False) == 0.5


def test_an_axis_is_cut_at_its_bad_end():
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    ax.set_ylim(0, 1)
    assert cut_axis(ax, [0.9, 0.88, 0.86, 0.1, 0.87], False) == 1
    assert ax.get_ylim() == (pytest.approx(0.78), 1)
    assert cut_axis(ax, [0.9, 0.88], False) == 0
    ax.set_ylim(0, 100)
    assert cut_axis(ax, [1.0, 1.1, 99.0], True) == 1
    assert ax.get_ylim() == (0, pytest.approx(1.4))


def test_numbers_and_scores_are_short():
    assert [number_text(each) for each in (0.001, 1e-05, 123456.0, 3, 1e20)] == [
        "0.001",
        "1e-5",
        "1.235e5",
        "3",
        "1e20",
    ]
    assert score_texts([0.9, 0.8]) == ["0.900", "0.800"]
    assert score_texts([0.9001, 0.9002]) == ["0.9001", "0.9002"]
    assert score_texts([20000.0, np.nan]) == ["2e4", "nan"]


def test_labels_that_are_cut_stay_different():
    labels = short_labels(["x" * 50 + "a", "x" * 50 + "b", "x" * 50 + "a", "short"], 20)
    assert labels[0] == labels[2] != labels[1]
    assert labels[3] == "short"
    assert all(len(label) <= 20 for label in labels)


def test_axes_have_no_frame():
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    style_axes(ax)
    assert not ax.spines["top"].get_visible()

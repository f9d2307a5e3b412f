import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skorch import NeuralNetClassifier

from skimgcls.metrics import TrainingCurveDisplay


def make_history(n_epochs=6, best=4, valid=True, shift=0.0):
    epochs = np.arange(1, n_epochs + 1)
    history = pd.DataFrame(
        {
            "epoch": epochs,
            "train_loss": 1 / epochs + shift,
            "train_accuracy": 1 - 0.5 / epochs,
            "valid_loss": 0.3 + 0.1 * abs(epochs - best) + shift,
            "valid_accuracy": 0.9 - 0.02 * abs(epochs - best),
            "seconds": 1.0,
        }
    )
    if not valid:
        history[["valid_loss", "valid_accuracy"]] = np.nan
    return history


def curves(ax):
    """What the lines of a panel show, without the mark of the best epoch."""
    return [line.get_ydata() for line in ax.lines if line.get_markerfacecolor() != "white"]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def marks(ax):
    return [line for line in ax.lines if line.get_markerfacecolor() == "white"]


def test_draws_loss_and_accuracy_of_train_and_validation():
    history = make_history()
    display = TrainingCurveDisplay.from_history(history)
    assert isinstance(display, TrainingCurveDisplay)
    assert display.axes_.shape == (2,)
    assert display.figure_ is display.axes_[0].figure
    for ax, metric in zip(display.axes_, ["loss", "accuracy"], strict=True):
        train, valid = curves(ax)[:2]
        np.testing.assert_array_equal(train, history[f"train_{metric}"])
        np.testing.assert_array_equal(valid, history[f"valid_{metric}"])
        assert ax.get_xlabel() == "epoch"
        assert {"train", "validation"} <= set(texts(ax))
        assert ax.get_legend() is None
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss (nats)", "accuracy"]


def test_marks_the_epoch_of_the_lowest_validation_loss_in_both_panels():
    display = TrainingCurveDisplay.from_history(make_history(best=4))
    for ax, value in zip(display.axes_, [0.3, 0.9], strict=True):
        (mark,) = marks(ax)
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (4, pytest.approx(value))
        assert f"best epoch 4: {value:.3f}" in texts(ax)


def test_without_validation_data_there_is_the_train_line_alone():
    for history in (make_history(valid=False), make_history()[["train_loss", "train_accuracy"]]):
        display = TrainingCurveDisplay.from_history(history)
        for ax in display.axes_:
            assert len(ax.lines) == 1
            assert texts(ax) == ["train"]


def test_a_single_epoch_is_drawn_as_points_on_an_unzoomed_axis():
    display = TrainingCurveDisplay.from_history(make_history(n_epochs=1, best=1))
    for ax in display.axes_:
        drawn = [line for line in ax.lines if len(line.get_xdata()) == 1]
        assert [line.get_marker() for line in drawn] == ["o", "o"]  # train, validation; nothing was better than another
        assert not marks(ax)
        assert not any("best" in text for text in texts(ax))
        assert ax.get_ylim()[0] == 0
        assert list(ax.get_xticks()) == [1]


def test_several_runs_have_thin_lines_a_mean_and_a_band():
    runs = [make_history(shift=shift) for shift in (0.0, 0.1, 0.5)]
    display = TrainingCurveDisplay.from_history(runs)
    ax = display.axes_[0]
    train = [line for line in ax.lines if line.get_color() == "#0072B2"]
    assert [line.get_linewidth() for line in train] == [0.8, 0.8, 0.8, 2.2]
    np.testing.assert_allclose(train[3].get_ydata(), np.mean([run["train_loss"] for run in runs], axis=0))
    band = ax.collections[0].get_datalim(ax.transData)
    assert band.y1 == pytest.approx(1.2 + np.std([0.0, 0.1, 0.5], ddof=1))
    spread = np.std([0.3, 0.4, 0.8], ddof=1)
    note = next(text for text in texts(ax) if "best" in text)
    assert "mean ± sd of 3 runs" in note
    assert f"best epoch 4: 0.500 ± {spread:.3f}" in note


def test_the_mean_ends_with_the_shortest_run():
    display = TrainingCurveDisplay.from_history([make_history(6), make_history(3, best=2)])
    means = [line for line in display.axes_[0].lines if line.get_linewidth() == 2.2]
    assert [line.get_xdata().max() for line in means] == [3, 3]
    assert "best epochs 2 to 4" in " ".join(texts(display.axes_[0]))


def test_named_runs_carry_their_names():
    display = TrainingCurveDisplay.from_history({"CNN": make_history(), "MLP": make_history(3)})
    assert {"CNN", "MLP"} <= set(texts(display.axes_[0]))
    assert list(display.runs_) == ["CNN", "MLP"]
    many = {f"fold {i}": make_history() for i in range(9)}
    assert not any("fold" in text for text in texts(TrainingCurveDisplay.from_history(many).axes_[0]))


def test_runs_without_validation_data_among_others_are_no_hindrance():
    display = TrainingCurveDisplay.from_history([make_history(), make_history(valid=False)])
    assert {"train", "validation"} <= set(texts(display.axes_[0]))
    assert len(marks(display.axes_[0])[0].get_xdata()) == 1


def test_single_epoch_runs_are_points():
    display = TrainingCurveDisplay.from_history([make_history(1, best=1)] * 2)
    assert all(line.get_marker() in ("o", ".") for line in display.axes_[0].lines)


@pytest.mark.parametrize(
    "history",
    [
        {"train_loss": [1.0, 0.5], "valid_acc": [0.5, 0.6]},
        {"train_loss": np.array([1.0, 0.5]), "valid_acc": pd.Series([0.5, 0.6], index=[7, 8]).to_numpy()},
        [
            {"epoch": 1, "train_loss": 1.0, "valid_acc": 0.5, "batches": []},
            {"epoch": 2, "train_loss": 0.5, "valid_acc": 0.6},
        ],
        pd.DataFrame({"train_loss": [1.0, 0.5], "valid_acc": [0.5, 0.6]}, index=[3, 4]),
    ],
)
def test_reads_one_run_in_any_form(history):
    display = TrainingCurveDisplay.from_history(history)
    assert list(display.runs_) == [1]
    assert display.runs_[1]["epoch"].tolist() == [1, 2]
    np.testing.assert_array_equal(curves(display.axes_[0])[0], [1.0, 0.5])
    np.testing.assert_array_equal(curves(display.axes_[1])[0], [0.5, 0.6])


@pytest.mark.parametrize(
    "history",
    [
        [{"train_loss": [1.0]}, {"train_loss": [0.5]}],
        ({"a": [{"train_loss": 1.0}], "b": [{"train_loss": 0.5}]}),
        {"a": pd.DataFrame({"train_loss": [1.0]}), "b": {"train_loss": [0.5]}},
        (pd.DataFrame({"train_loss": [1.0]}), [{"train_loss": 0.5}]),
    ],
)
def test_reads_several_runs_in_any_form(history):
    runs = TrainingCurveDisplay(history).runs_
    assert [run["train_loss"].tolist() for run in runs.values()] == [[1.0], [0.5]]


def test_a_history_without_accuracy_says_so():
    display = TrainingCurveDisplay.from_history({"train_loss": [1.0, 0.5]})
    assert texts(display.axes_[1]) == ["no accuracy recorded"]


def test_does_not_change_the_history():
    history = make_history().drop(columns="epoch")
    before = history.copy()
    TrainingCurveDisplay.from_history(history)
    pd.testing.assert_frame_equal(history, before)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (3, "history must be a DataFrame, or a list or dict of several, got int"),
        ([], "history holds no run"),
        (make_history().head(0), "has no epoch"),
        (pd.DataFrame({"loss": [1.0]}), "neither a loss nor an accuracy.*got .*'loss'"),
    ],
)
def test_what_is_no_history_is_refused(history, message):
    with pytest.raises(ValueError, match=message):
        TrainingCurveDisplay(history)


class Fitted:
    def __init__(self, history):
        self.history_ = history


def test_from_estimator_reads_history_inside_a_pipeline_and_of_a_list():
    fitted = Fitted(make_history())
    pipeline = make_pipeline("passthrough")
    pipeline.steps[-1] = ("net", fitted)
    assert TrainingCurveDisplay.from_estimator(pipeline).history is fitted.history_
    assert len(TrainingCurveDisplay.from_estimator([fitted, pipeline]).runs_) == 2


def test_from_estimator_reads_a_skorch_net():
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(dim=-1))
    net = NeuralNetClassifier(module, max_epochs=2, verbose=0)
    net.fit(np.ones((20, 3), dtype="float32"), np.arange(20) % 2)
    display = TrainingCurveDisplay.from_estimator(net)
    np.testing.assert_array_equal(curves(display.axes_[0])[0], net.history[:, "train_loss"])
    np.testing.assert_array_equal(curves(display.axes_[1])[0], net.history[:, "valid_acc"])


@pytest.mark.parametrize("estimator", [LogisticRegression(), Fitted([])])
def test_from_estimator_refuses_one_without_history(estimator):
    with pytest.raises(ValueError, match=f"{type(estimator).__name__} has no training history"):
        TrainingCurveDisplay.from_estimator(estimator)


def test_draws_into_given_axes():
    figure, given = plt.subplots(1, 2)
    display = TrainingCurveDisplay(make_history()).plot(ax=given)
    assert list(display.axes_) == list(given)
    assert display.figure_ is figure


def test_draws_into_a_subfigure():
    figure = plt.figure()
    subfigure = figure.subfigures(1, 2)[0]
    display = TrainingCurveDisplay.from_history(make_history(), ax=subfigure.subplots())
    assert display.figure_ is figure
    figure.canvas.draw()


def test_long_names_of_runs_end_inside_their_panel():
    runs = {"a name that goes on and on, and on": make_history(), "another one of the same length": make_history(3)}
    display = TrainingCurveDisplay.from_history(runs)
    display.figure_.canvas.draw()
    for ax in display.axes_:
        edge = ax.get_window_extent().x1
        assert all(text.get_window_extent().x1 <= edge + 2 for text in ax.texts if "epoch" not in text.get_text())


def test_accuracy_ends_at_one():
    display = TrainingCurveDisplay.from_history({"train_accuracy": [0.2, 1.0]})
    assert display.axes_[1].get_ylim()[1] <= 1.01


def test_an_infinite_loss_is_left_out():
    display = TrainingCurveDisplay.from_history({"train_loss": [1.0, np.inf, 3.0], "train_accuracy": [0.5, 0.1, 0.1]})
    assert display.axes_[0].lines[0].get_ydata().tolist() == [1.0, 3.0]

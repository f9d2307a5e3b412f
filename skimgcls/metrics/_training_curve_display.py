"""Loss and accuracy over the epochs of one or several trainings."""

from collections.abc import Mapping

import numpy as np

from skimgcls.metrics._panels import label_line_ends, make_axes, style_panel, write_note
from skimgcls.metrics._suit_paper import suit_paper
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

# Okabe and Ito's palette, told apart by colour-blind readers too.
COLOURS = {"train": "#0072B2", "valid": "#D55E00"}
NAMES = {"train": "train", "valid": "validation"}
PANELS = {"loss": "loss (nats)", "accuracy": "accuracy"}
ALIASES = {"train_acc": "train_accuracy", "valid_acc": "valid_accuracy"}  # skorch's own names
GREY = "#595959"
MOST_NAMED_RUNS = 8  # more names at the ends of lines could not be told apart


class TrainingCurveDisplay:
    """Loss and accuracy over epochs, on training and validation data.

    Two panels side by side. The best of several epochs, the one of the lowest validation loss, is marked. Several runs,
    such as the folds of a cross-validation, are laid over each other as thin lines, under their mean and a band of one
    standard deviation over the epochs that all of them reached.

    Parameters
    ----------
    history : DataFrame, list or dict
        One run: a DataFrame with one row per epoch, as an estimator's ``history_``, with any of the columns
        ``epoch`` (from 1), ``train_loss`` and ``valid_loss`` (nats), ``train_accuracy`` and ``valid_accuracy`` (0 to
        1); or the ``history`` of a skorch net. Several runs: a list of these, or a dict of them by name. Up to 8
        named runs carry their names in the plot.

    Attributes
    ----------
    history : DataFrame, list or dict
        As it was given.
    runs_ : dict of DataFrame
        The same as tables with a column ``epoch``, by name or number of the run.
    axes_ : ndarray of 2 matplotlib Axes
        The panels: loss, then accuracy. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If there is no run, no epoch, or neither a loss nor an accuracy.

    Examples
    --------
    >>> from skimgcls.metrics import TrainingCurveDisplay
    >>> history = {"train_loss": [0.9, 0.5, 0.3], "valid_loss": [0.8, 0.6, 0.7], "valid_accuracy": [0.7, 0.8, 0.8]}
    >>> display = TrainingCurveDisplay.from_history(history)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['loss (nats)', 'accuracy']
    """

    def __init__(self, history):
        self.history = history
        self.runs_ = _read_runs(history)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Plot how an estimator was trained.

        Parameters
        ----------
        estimator : estimator, skorch net, or list of these
            Fitted. Pipelines and searches are asked for the estimator inside; a list, such as
            ``cross_validate(..., return_estimator=True)["estimator"]``, gives several runs.
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            See ``plot``.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            If an estimator has no training history.
        """
        if isinstance(estimator, (list, tuple, np.ndarray)):
            return cls.from_history([_history_of(each) for each in estimator], ax=ax)
        return cls.from_history(_history_of(estimator), ax=ax)

    @classmethod
    def from_history(cls, history, *, ax=None):
        """Plot one or several histories.

        Parameters
        ----------
        history : DataFrame, list or dict
            As for the class.
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            See ``plot``.

        Returns
        -------
        display : TrainingCurveDisplay
        """
        return cls(history).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw both panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of 2 Axes, default=None
            Two Axes are drawn into, loss first. One is divided in two. None makes a new figure.

        Returns
        -------
        self : TrainingCurveDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ValueError
            If `ax` is neither one nor two Axes.
        """
        self.axes_ = make_axes(ax)
        self.figure_ = self.axes_[0].figure.figure  # also from within a subfigure
        for panel, (metric, label) in zip(self.axes_, PANELS.items(), strict=True):
            if any(f"{split}_{metric}" in run for run in self.runs_.values() for split in COLOURS):
                self._draw_panel(panel, metric)
            else:
                panel.text(0.5, 0.5, f"no {metric} recorded", transform=panel.transAxes, ha="center", color=GREY)
                panel.set(xticks=[], yticks=[])
            panel.set_ylabel(label)
        suit_paper(self.axes_)
        return self

    def _draw_panel(self, ax, metric):
        labels = []  # (x, y, text, colour) at the ends of lines
        for split in COLOURS:
            curves = _curves(self.runs_, f"{split}_{metric}")
            draw = _draw_single if len(self.runs_) == 1 else _draw_several
            labels += draw(ax, list(curves.values()), split) if curves else []
        labels += self._run_names(metric)
        style_panel(ax, last_epoch=max(run["epoch"].max() for run in self.runs_.values()))
        bottom, top = ax.get_ylim()
        if ax.dataLim.width == 0:  # a single epoch has no course to zoom into
            bottom, top = 0, max(1.15 * ax.dataLim.y1, 1)
        ax.set_ylim(bottom, min(top, 1.01) if metric == "accuracy" else top)
        self._mark_best(ax, metric)
        label_line_ends(ax, labels)

    def _run_names(self, metric):
        if len(self.runs_) == 1 or len(self.runs_) > MOST_NAMED_RUNS or not isinstance(self.history, Mapping):
            return []
        curves = _curves(self.runs_, f"train_{metric}") | _curves(self.runs_, f"valid_{metric}")
        return [(epochs[-1], values[-1], str(name), GREY) for name, (epochs, values) in curves.items()]

    def _mark_best(self, ax, metric):
        """Ring the best epoch of each run, and write above the panel what it reached."""
        marks = []
        curves = _curves(self.runs_, f"valid_{metric}")
        for name, (epochs, losses) in _curves(self.runs_, "valid_loss").items():
            best = epochs[np.argmin(losses)]
            if len(epochs) > 1 and name in curves and best in curves[name][0]:
                marks.append((best, curves[name][1][curves[name][0] == best][0]))
        if not marks:
            return
        best, values = np.transpose(marks)
        first, last = int(min(best)), int(max(best))
        if len(self.runs_) == 1:
            ax.axvline(first, color=GREY, lw=0.8, ls=":", zorder=0)
            note = f"best epoch {first}: {values[0]:.3f}"
        else:
            epochs = f"epoch {first}" if first == last else f"epochs {first} to {last}"
            spread = f" ± {np.std(values, ddof=1):.3f}" if len(marks) > 1 else ""
            note = f"mean ± sd of {len(self.runs_)} runs | best {epochs}: {np.mean(values):.3f}{spread}"
        ax.plot(best, values, "o", ms=7 if len(marks) == 1 else 4, mfc="white", mec=COLOURS["valid"], mew=1.5, zorder=5)
        write_note(ax, note, GREY)


def _read_runs(history):
    import pandas as pd

    if _is_one_run(history):
        runs = {1: history}
    elif isinstance(history, Mapping):
        runs = dict(history)
    elif isinstance(history, (list, tuple)):
        runs = dict(enumerate(history, start=1))
    else:
        raise ValueError(f"history must be a DataFrame, or a list or dict of several, got {type(history).__name__}.")
    if not runs:
        raise ValueError("history holds no run. Pass the history_ of a fitted estimator.")
    tables = {name: pd.DataFrame(run).rename(columns=ALIASES) for name, run in runs.items()}
    for name, table in tables.items():
        if table.empty:
            raise ValueError(f"Run {name!r} of history has no epoch. Fit before plotting.")
        if "epoch" not in table:
            table.insert(0, "epoch", range(1, len(table) + 1))
        if not any(f"{split}_{metric}" in table for split in COLOURS for metric in PANELS):
            raise ValueError(
                f"Run {name!r} of history has neither a loss nor an accuracy. Expected any of the columns train_loss, "
                f"valid_loss, train_accuracy and valid_accuracy, got {list(table.columns)}."
            )
    return tables


def _is_one_run(history):
    """Tell a table, a dict of columns or a list of rows from several runs."""
    if hasattr(history, "columns"):
        return True
    if isinstance(history, Mapping):
        return all(
            np.ndim(column) == 1 and not isinstance(next(iter(column), 0), Mapping) for column in history.values()
        )
    if isinstance(history, (list, tuple)) and history and isinstance(history[0], Mapping):
        return all(np.ndim(value) == 0 for name, value in history[0].items() if name != "batches")
    return False


def _history_of(estimator):
    found = unwrap_estimator(estimator, "history_")
    if found is None or not len(found.history_):
        raise ValueError(
            f"{type(estimator).__name__} has no training history. Expected a fitted estimator with history_, such as "
            "CNNClassifier, or a pipeline or search around one."
        )
    return found.history_


def _curves(runs, column):
    """The values of a column that are there: {name of the run: (epochs, values)}."""
    curves = {}
    for name, run in runs.items():
        values = run[column].to_numpy(dtype=float) if column in run else np.empty(0)
        if np.isfinite(values).any():
            there = np.isfinite(values)  # nothing can be drawn of a loss that has overflown
            curves[name] = run["epoch"].to_numpy()[there], values[there]
    return curves


def _draw_single(ax, curves, split):
    ((epochs, values),) = curves
    marker = "o" if len(epochs) == 1 else None  # one epoch makes no line
    ax.plot(epochs, values, color=COLOURS[split], lw=2, marker=marker)
    return [(epochs[-1], values[-1], NAMES[split], COLOURS[split])]


def _draw_several(ax, curves, split):
    colour = COLOURS[split]
    for epochs, values in curves:
        ax.plot(epochs, values, color=colour, lw=0.8, alpha=0.45, marker="." if len(epochs) == 1 else None)
    common = sorted(set.intersection(*(set(epochs) for epochs, _ in curves)))
    if not common:
        return []
    values = np.array(
        [[dict(zip(*curve, strict=True))[epoch] for epoch in common] for curve in curves]
    )  # (runs, epochs)
    mean = values.mean(axis=0)
    if len(curves) > 1:
        spread = values.std(axis=0, ddof=1)
        ax.fill_between(common, mean - spread, mean + spread, color=colour, alpha=0.15, lw=0)
    ax.plot(common, mean, color=colour, lw=2.2, marker="o" if len(common) == 1 else None)
    return [(common[-1], mean[-1], NAMES[split], colour)]

"""Learning curves of all candidates of a search."""

from collections.abc import Mapping

import numpy as np

from skimgcls.metrics._panels import label_line_ends, make_axes, style_panel
from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.model_selection._results_frame import results_frame
from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import COLOURS, GREY, PlottedResults, cut_axis, short_labels

LABELS = {"loss": "loss (nats)", "accuracy": "accuracy", "score": "score so far"}
MOST_NAMED = 6
LOWER_IS_BETTER = {"loss"}


class CandidateCurvesDisplay:
    """Loss and accuracy over epochs, one line for each candidate; the best six in colour, named in the last panel.

    Lines are of validation data where all candidates have some, else of training data, as the axes say; the mean over
    the folds of a candidate, as far as all of them went. Best is who has the best value of the last panel at any epoch.

    Parameters
    ----------
    histories : dict
        By name of the candidate: a DataFrame with one row per epoch, as an estimator's ``history_``, or a list of
        these, one for each fold. Columns: any of ``train_loss`` and ``valid_loss`` (nats), ``train_accuracy`` and
        ``valid_accuracy`` (0 to 1), or ``score``.

    Attributes
    ----------
    curves_ : dict of dict of Series
        By panel and candidate: values over epochs. Set by ``plot``.
    axes_ : ndarray of matplotlib Axes
        The panels. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    Raises
    ------
    ValueError
        If there is nothing to draw.

    See Also
    --------
    skimgcls.metrics.TrainingCurveDisplay : Training and validation of one estimator.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimgcls.model_selection import CandidateCurvesDisplay
    >>> slow = pd.DataFrame({"train_loss": [2.0, 1.5, 1.2], "train_accuracy": [0.3, 0.5, 0.6]})
    >>> fast = pd.DataFrame({"train_loss": [1.0, 0.5, 0.4], "train_accuracy": [0.6, 0.8, 0.9]})
    >>> display = CandidateCurvesDisplay({"lr=0.001": slow, "lr=0.01": fast}).plot()
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['training loss (nats)', 'training accuracy']
    """

    def __init__(self, histories):
        self.histories = histories

    @classmethod
    def from_estimators(cls, estimators, *, ax=None):
        """Plot how fitted estimators were trained.

        Parameters
        ----------
        estimators : dict or list
            Fitted estimators with ``history_``, pipelines or searches around them, or, for several folds, lists of
            these such as ``cross_validate(..., return_estimator=True)["estimator"]``. By name, or as a list, where the
            parameters that differ make the names.
        ax : matplotlib Axes or array of Axes, default=None
            See ``plot``.

        Returns
        -------
        display : CandidateCurvesDisplay

        Raises
        ------
        ValueError
            If one has no history.
        """
        if not isinstance(estimators, Mapping):
            estimators = dict(zip(_names_of(estimators), estimators, strict=True))
        histories = {name: [_history_of(each) for each in _folds(folds)] for name, folds in estimators.items()}
        return cls(histories).plot(ax=ax)

    @classmethod
    def from_search(cls, search, *, ax=None):
        """Plot a search that kept what its candidates reported.

        Parameters
        ----------
        search : fitted search, optuna.Study or dict
            A study, or a search around one, whose trials reported a value after each epoch; what ``cross_validate(...,
            return_estimator=True)`` returned; or a search with ``histories_``, a list with the histories of the folds
            of each candidate.
        ax : matplotlib Axes or array of Axes, default=None
            See ``plot``.

        Returns
        -------
        display : CandidateCurvesDisplay

        Raises
        ------
        ValueError
            If it kept none, as scikit-learn's searches do.
        """
        if isinstance(search, Mapping) and "estimator" in search:
            return cls.from_estimators({f"fold {i}": each for i, each in enumerate(search["estimator"], 1)}, ax=ax)
        study = getattr(search, "study_", search)
        if hasattr(study, "get_trials"):
            return cls(_reports(study, search)).plot(ax=ax)
        if not getattr(search, "histories_", None):
            raise ValueError(
                f"{type(search).__name__} kept no learning curves of its candidates. Fit those of interest, or call "
                "cross_validate(..., return_estimator=True), and pass them to from_estimators."
            )
        frame = results_frame(search).reset_index(drop=True)
        if "iteration" in frame:  # of each candidate the last, which has all epochs
            frame = frame.drop_duplicates(_parameters(frame), keep="last")
        of_rows = search.histories_
        return cls(dict(zip(_names(frame), [of_rows[row] for row in frame.index], strict=True))).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw one panel for each of loss, accuracy and score that there is.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            As many as there are panels, or one that is divided. None makes a new figure.

        Returns
        -------
        self : CandidateCurvesDisplay
            With ``curves_``, ``axes_`` and ``figure_``.

        Raises
        ------
        ValueError
            If there is nothing to draw.
        """
        columns, self.curves_ = _read(self.histories)
        self.axes_ = np.atleast_1d(make_axes(ax, n_panels=len(columns), figsize=(4.8 * len(columns), 4.0)))
        self.figure_ = self.axes_[0].figure.figure  # also from within a subfigure
        best = _best(self.curves_, limit=MOST_NAMED)
        for panel, (kind, column) in zip(self.axes_, columns.items(), strict=True):
            _draw(panel, self.curves_[kind], best, kind, named=panel is self.axes_[-1])
            split = {"train": "training ", "valid": "validation "}.get(column.partition("_")[0], "")
            panel.set_ylabel(f"{split}{LABELS[kind]}")
        n_curves = len(next(iter(self.curves_.values())))
        if n_curves > len(best):
            write_lines(self.axes_[0], f"{n_curves} candidates; the best {len(best)} in colour")
        return self


def _folds(folds):
    return list(folds) if isinstance(folds, (list, tuple, np.ndarray)) else [folds]


def _history_of(estimator):
    found = unwrap_estimator(estimator, "history_")
    if found is None or not len(found.history_):
        raise ValueError(
            f"{type(estimator).__name__} has no training history. Expected a fitted estimator with history_, such as "
            "CNNClassifier, or a pipeline or search around one."
        )
    return found.history_


def _names_of(estimators):
    """Names made of the parameters in which estimators differ."""
    import pandas as pd

    from skimgcls.model_selection._parameter_columns import parameter_columns

    params = [_folds(folds)[0].get_params(deep=True) for folds in estimators]
    kept = [{name: value for name, value in each.items() if name != "random_state"} for each in params]
    frame = pd.DataFrame(parameter_columns(kept))
    return _unique(PlottedResults(frame, "", "", False, list(frame.columns)).names())


def _names(frame):
    return _unique(PlottedResults(frame, frame.attrs["metric"], "", False, _parameters(frame)).names())


def _parameters(frame):
    return list(frame.columns[: frame.columns.get_loc(frame.attrs["metric"])])


def _unique(names):
    return [name if names.count(name) == 1 else f"{name} #{place}" for place, name in enumerate(names, 1)]


def _reports(study, search):
    """What the trials of a study reported, as histories."""
    import pandas as pd

    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    names = dict(zip([trial.number for trial in trials], _names(results_frame(search)), strict=True))
    reported = {names[trial.number]: trial.intermediate_values for trial in trials if trial.intermediate_values}
    if not reported:
        raise ValueError("No trial reported a value before its end: there is no curve. Report one after each epoch.")
    first = min(step for values in reported.values() for step in values)
    return {
        name: pd.DataFrame({"epoch": [step - first + 1 for step in values], "score": list(values.values())})
        for name, values in reported.items()
    }


def _read(histories):
    """The column that each panel shows, and the mean curve of each candidate."""
    import pandas as pd

    tables = {}
    for name, folds in histories.items():
        tables[name] = [pd.DataFrame(fold) for fold in ([folds] if hasattr(folds, "columns") else _folds(folds))]
        tables[name] = [table.set_index("epoch") if "epoch" in table else _numbered(table) for table in tables[name]]
    everything = [table for folds in tables.values() for table in folds]
    columns = {}
    for column in ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy", "score"):
        if everything and all(column in table and table[column].notna().any() for table in everything):
            columns[column.rpartition("_")[2]] = column  # validation, which comes second, where there is any
    if not columns:
        raise ValueError("The histories share no loss, accuracy or score, or there are none. Pass histories of fits.")
    curves = {
        kind: {name: _mean([table[column] for table in folds]) for name, folds in tables.items()}
        for kind, column in columns.items()
    }
    return columns, curves


def _numbered(table):
    return table.set_axis(range(1, len(table) + 1), axis=0)


def _mean(curves):
    """The mean over the epochs that all reached."""
    import pandas as pd

    return pd.concat(curves, axis=1, join="inner").mean(axis=1).dropna()


def _best(curves, limit):
    kind, values = list(curves.items())[-1]
    if kind in LOWER_IS_BETTER:
        return sorted(values, key=lambda name: values[name].min())[:limit]
    return sorted(values, key=lambda name: -values[name].max())[:limit]


def _draw(ax, curves, best, kind, named):
    for name in [*(each for each in curves if each not in best), *best[::-1]]:
        curve = curves[name]
        colour = COLOURS[best.index(name)] if name in best else GREY
        width, alpha = (1.8, 1.0) if name in best else (0.8, 0.35)
        marker = "o" if len(curve) == 1 else None  # one epoch makes no line
        ax.plot(curve.index, curve, color=colour, lw=width, alpha=alpha, marker=marker, ms=4)
    style_panel(ax, last_epoch=max(curve.index[-1] for curve in curves.values()))
    _fit_axis(ax, np.concatenate([curve.to_numpy(dtype=float) for curve in curves.values()]), kind)
    if not named:  # the names would take as much room again
        return
    ends = zip(best, short_labels(best, 48), COLOURS, strict=False)
    low, high = ax.get_ylim()
    label_line_ends(
        ax,
        [(curves[n].index[-1], np.clip(curves[n].iloc[-1], low, high), text, colour) for n, text, colour in ends],
    )


def _fit_axis(ax, values, kind):
    """End the axis where only hopeless curves follow, and close to the best one."""
    values = values[np.isfinite(values)]
    cut_axis(ax, values, kind in LOWER_IS_BETTER)
    low, high = ax.get_ylim()
    if kind in LOWER_IS_BETTER:
        best = values.min()
        ax.set_ylim(bottom=max(low, best - 0.05 * (high - best)))
    else:
        best = values.max()
        ax.set_ylim(top=min(high, best + 0.05 * (best - low)))

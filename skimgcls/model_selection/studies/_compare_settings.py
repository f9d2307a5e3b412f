"""What one parameter of a network does."""

import numpy as np

from skimgcls.model_selection._named_candidates import _unique
from skimgcls.model_selection._parameter_columns import readable
from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import parameter_axis, short_labels, style_axes, value_name
from skimgcls.model_selection.displays._score_by_parameter_display import _write_ticks
from skimgcls.model_selection.studies._run_study import check_values, find_network, run_study
from skimgcls.model_selection.studies._study_display import (
    LABELS,
    TEST,
    TRAIN,
    colours_for,
    draw_curves,
    label_ends,
    make_panels,
    say_no_curves,
    share_heights,
)

_CHANGE_THE_LOSS = {"criterion", "label_smoothing", "class_weight"}


def compare_settings(
    estimator,
    X,
    y,
    parameter,
    values,
    *,
    cv=3,
    scoring=None,
    n_seeds=1,
    n_jobs=None,
    random_state=None,
):
    """Compare values of one parameter of a network.

    For epochs (``"max_epochs"``), losses (``"criterion"``), activations (``"activation"``) and every other parameter.
    The picture shows the scores of the test and the training folds, and the loss and the accuracy over the epochs.

    Parameters
    ----------
    estimator : estimator
        ``MLPClassifier``, ``CNNClassifier``, or a pipeline that ends in one. All its other parameters stay.
    X : array-like of shape (n, ...)
        Images in any form that the estimator takes.
    y : array-like of shape (n,)
        Labels.
    parameter : str
        Name of a parameter of the network; what a pipeline puts before it may be left out.
    values : list
        Its values, at least two.
    cv : int, splitter, iterable of (train, test) or None, default=3
        As in ``compare``: folds of an integer are shuffled.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``compare``. None is the accuracy; of several metrics the first decides.
    n_seeds : int, default=1
        Repetitions of the cross-validation, each with seeds and folds of its own.
    n_jobs : int or None, default=None
        Fits at a time. Seconds are best compared with one.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of an estimator without one.

    Returns
    -------
    study : Study
        ``frame``, ``comparison``, ``curves`` and ``plot()``; a notebook shows its table and its picture.

    Raises
    ------
    TypeError
        If `estimator` is none, or `parameter` no name.
    ValueError
        If it holds no network, this has no such parameter, a value occurs twice or cannot be, or there are fewer than
        two; or as ``compare`` does.

    See Also
    --------
    compare_optimizers : Two parameters at once.
    Study : What is returned.

    Notes
    -----
    The losses "cross_entropy" and "nll" are one function written in two ways, so that their verdict is "identical
    scores".

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import compare_settings
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0)
    >>> study = compare_settings(model, X[:300], y[:300], "criterion", ["nll", "cross_entropy"], random_state=0)
    >>> study.frame["verdict"].tolist()
    ['best', 'identical scores']
    """
    prefix, _ = find_network(estimator)
    if not isinstance(parameter, str):
        raise TypeError(f"parameter must be the name of one, such as 'activation', got {parameter!r}.")
    parameter = parameter.removeprefix(prefix)
    values = check_values("values", values)
    names = _unique([value_name(parameter, text) for text in readable(values)])
    settings = {name: {parameter: value} for name, value in zip(names, values, strict=True)}
    options = {"cv": cv, "scoring": scoring, "n_seeds": n_seeds, "n_jobs": n_jobs, "random_state": random_state}
    return run_study(estimator, settings, X, y, draw=_draw, **options)


def _draw(study, ax):
    frame, curves = study.frame, study.curves
    parameter = frame.columns[0]
    axes = make_panels(ax, [["scores", "loss", "accuracy"]], (13.0, 3.9))
    ordered = frame[parameter].dtype.kind in "iuf"
    rows = frame.sort_values(parameter) if ordered else frame
    colours = colours_for(list(rows.index), ordered=ordered)
    labels = dict(zip(rows.index, short_labels([str(name) for name in rows.index], 24), strict=True))
    ends = {kind: draw_curves(axes[kind], curves, kind, labels, colours) for kind in LABELS}
    for kind, label in LABELS.items():
        share_heights([axes[kind]], kind)
        axes[kind].set_ylabel(label)
        if not ends[kind]:
            say_no_curves(axes[kind])
    note = "lines: validation; dashes: training"
    write_lines(axes["loss"], f"{note}; each by its own loss" if parameter in _CHANGE_THE_LOSS else note)
    label_ends(axes["accuracy"], ends["accuracy"])
    _draw_scores(axes["scores"], rows, parameter, study.comparison.metric_label)
    return axes


def _draw_scores(ax, rows, parameter, metric_label):
    axis = parameter_axis(rows[parameter])
    style_axes(ax)
    if axis.scale == "log":
        ax.set_xscale("log")
    joined = "none" if axis.scale == "steps" else "-"
    for column, colour, face in (("train_score", TRAIN, "white"), ("score", TEST, TEST)):
        if column in rows:
            bars = np.nan_to_num(rows[f"{column}_std"].to_numpy(dtype=float))
            style = {"elinewidth": 1, "capsize": 3, "lw": 1.6, "ls": joined, "marker": "o", "ms": 6}
            ax.errorbar(axis.positions, rows[column], bars, color=colour, mfc=face, mec=colour, **style)
    if axis.scale == "steps":
        ax.set_xlim(-0.5, len(axis.ticks) - 0.5)
    ax.set(xlabel=parameter, ylabel=metric_label)
    _write_ticks(ax, axis)
    failed = rows.index[rows["score"].isna()]
    note = "filled: test folds; hollow: training folds; bars: one standard deviation"
    write_lines(ax, note + (f"; no score: {', '.join(failed)}" if len(failed) else ""))

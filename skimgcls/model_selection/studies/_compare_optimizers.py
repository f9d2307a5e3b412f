"""Which optimizer, and at which learning rate."""

import itertools
from numbers import Real

from skimgcls.model_selection._parameter_columns import readable
from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import GREY, number_text
from skimgcls.model_selection.displays._score_by_parameter_display import ScoreByParameterDisplay
from skimgcls.model_selection.displays._search_heat_map_display import SearchHeatMapDisplay
from skimgcls.model_selection.studies._run_study import check_values, run_study
from skimgcls.model_selection.studies._study_display import (
    LABELS,
    colours_for,
    draw_curves,
    label_ends,
    make_panels,
    say_no_curves,
    share_heights,
)


def compare_optimizers(
    estimator,
    X,
    y,
    *,
    optimizers=("sgd", "adam", "rmsprop"),
    lrs=(1e-4, 1e-3, 1e-2, 1e-1),
    cv=3,
    scoring=None,
    n_seeds=1,
    n_jobs=None,
    random_state=None,
):
    """Compare optimizers, each at several learning rates.

    The best learning rate differs by orders of magnitude between optimizers, so one says little about them at a single
    one. All pairs are fitted on the same folds. The picture has a heat map of the scores, and in the row of each
    optimizer the loss and the accuracy over the epochs.

    Parameters
    ----------
    estimator : estimator
        ``MLPClassifier``, ``CNNClassifier``, or a pipeline that ends in one. All its other parameters stay.
    X : array-like of shape (n, ...)
        Images in any form that the estimator takes.
    y : array-like of shape (n,)
        Labels.
    optimizers : list of str or class, default=("sgd", "adam", "rmsprop")
        Values of ``optimizer``.
    lrs : list of float, default=(1e-4, 1e-3, 1e-2, 1e-1)
        Values of ``lr``: the default of each optimizer in torch lies inside of them.
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
        If `estimator` is none.
    ValueError
        If it holds no network, a value occurs twice or cannot be, or there are fewer than two pairs; or as ``compare``
        does.

    See Also
    --------
    compare_settings : Values of one parameter.
    Study : What is returned.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import compare_optimizers
    >>> X, y = load_digit_images(return_X_y=True)
    >>> X, y = X[:300], y[:300]
    >>> model = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0)
    >>> study = compare_optimizers(model, X, y, optimizers=["sgd", "adam"], lrs=[1e-3, 1e-2], random_state=0)
    >>> study.frame[["optimizer", "lr"]].values.tolist()
    [['sgd', 0.001], ['sgd', 0.01], ['adam', 0.001], ['adam', 0.01]]
    >>> study.comparison.best
    'adam, lr=0.01'
    """
    optimizers, lrs = check_values("optimizers", optimizers, at_least=1), check_values("lrs", lrs, at_least=1)
    named = zip(readable(optimizers), optimizers, strict=True)
    settings = {
        f"{name}, lr={number_text(lr, digits=12) if isinstance(lr, Real) else lr}": {"optimizer": optimizer, "lr": lr}
        for (name, optimizer), lr in itertools.product(named, lrs)
    }
    options = {"cv": cv, "scoring": scoring, "n_seeds": n_seeds, "n_jobs": n_jobs, "random_state": random_state}
    return run_study(estimator, settings, X, y, draw=_draw, **options)


def _draw(study, ax):
    frame, curves = study.frame, study.curves
    optimizers = list(dict.fromkeys(frame["optimizer"]))
    mosaic = [["scores", f"{name} loss", f"{name} accuracy"] for name in optimizers]
    size = (12.5, max(3.4, 2.1 * len(optimizers) + 0.8))
    axes = make_panels(ax, mosaic, size, width_ratios=[1.25, 1, 1])
    _draw_scores(axes["scores"], frame)
    shades = colours_for(sorted(frame["lr"].unique()), ordered=True)
    colours = {name: shades[lr] for name, lr in frame["lr"].items()}
    for kind, label in LABELS.items():
        panels = {name: axes[f"{name} {kind}"] for name in optimizers}
        ends = {}
        for name, panel in panels.items():
            labels = frame.index[frame["optimizer"] == name]
            labels = {candidate: number_text(frame.loc[candidate, "lr"]) for candidate in labels}
            ends[name] = draw_curves(panel, curves, kind, labels, colours)
        share_heights(list(panels.values()), kind)
        for name, panel in panels.items():
            label_ends(panel, ends[name]) if ends[name] else say_no_curves(panel)
            panel.set_ylabel(label)
            if name != optimizers[-1]:
                panel.set_xlabel("")
            note = "; lines: validation, dashes: training" if name == optimizers[0] and kind == "loss" else ""
            write_lines(panel, f"{name}, by learning rate{note}")
    return axes


def _draw_scores(ax, frame):
    if min(frame["optimizer"].nunique(), frame["lr"].nunique()) == 1:  # no map of one row
        parameter = "lr" if frame["lr"].nunique() > 1 else "optimizer"
        ScoreByParameterDisplay.from_frame(frame, parameter=parameter, ax=ax)
        return
    SearchHeatMapDisplay.from_frame(frame, x="lr", y="optimizer", ax=ax)
    rows, columns = list(dict.fromkeys(frame["optimizer"])), sorted(frame["lr"].unique())
    for _, failed in frame[frame["score"].isna()].iterrows():
        place = columns.index(failed["lr"]), rows.index(failed["optimizer"])
        word = "diverged" if failed["verdict"].startswith("diverged") else "failed"
        ax.text(*place, word, ha="center", va="center", color=GREY, fontsize=7)

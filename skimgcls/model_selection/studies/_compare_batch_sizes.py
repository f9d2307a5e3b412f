"""Which batch size: what it costs in time and epochs, and what it does to the score."""

from functools import partial

import numpy as np

from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import COLOURS, style_axes
from skimgcls.model_selection.studies._run_study import check_values, run_study
from skimgcls.model_selection.studies._study_display import make_panels


def compare_batch_sizes(
    estimator,
    X,
    y,
    *,
    batch_sizes=(32, 64, 128, 256, 512, 1024),
    max_epochs=100,
    patience=5,
    cv=3,
    scoring=None,
    n_seeds=1,
    n_jobs=None,
    random_state=None,
):
    """Compare batch sizes, each trained until it no longer improves.

    A larger batch makes an epoch faster, and more epochs necessary. So each fit goes on until early stopping ends it,
    and the picture shows the training time, the epochs until then, and the score, each against the batch size.

    Parameters
    ----------
    estimator : estimator
        ``MLPClassifier``, ``CNNClassifier``, or a pipeline that ends in one. All its other parameters stay, the
        learning rate too, though larger batches often bear a higher one [1]_.
    X : array-like of shape (n, ...)
        Images in any form that the estimator takes.
    y : array-like of shape (n,)
        Labels.
    batch_sizes : list of int, default=(32, 64, 128, 256, 512, 1024)
        Images in a step. All that exceed a training fold are the same.
    max_epochs : int, default=100
        Epochs after which a fit ends that early stopping has not ended: more than most need. Hollow points in the
        picture had such fits.
    patience : int or None, default=5
        Epochs without improvement before early stopping (the default of the estimators), which watches a tenth of
        the training fold. None trains for `max_epochs`.
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
        If it holds no network, a value occurs twice or cannot be, or there are fewer than two; or as ``compare`` does.

    See Also
    --------
    compare_settings : Values of another parameter.
    Study : What is returned.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv 1706.02677.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import compare_batch_sizes
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(hidden_units=16, lr=0.01, random_state=0)
    >>> study = compare_batch_sizes(model, X[:300], y[:300], batch_sizes=[16, 64], max_epochs=20, random_state=0)
    >>> sorted(study.plot().axes_)
    ['epochs', 'score', 'seconds']
    """
    stopping = {"early_stopping": patience is not None, "max_epochs": max_epochs}
    stopping |= {} if patience is None else {"patience": patience}
    sizes = check_values("batch_sizes", batch_sizes)
    settings = {f"batch_size={size}": {"batch_size": size, **stopping} for size in sizes}
    options = {"cv": cv, "scoring": scoring, "n_seeds": n_seeds, "n_jobs": n_jobs, "random_state": random_state}
    draw = partial(_draw, max_epochs=None if patience is None else max_epochs)
    return run_study(estimator, settings, X, y, draw=draw, columns=[{"batch_size": size} for size in sizes], **options)


def _draw(study, ax, *, max_epochs):
    frame = study.frame.sort_values("batch_size")
    panels = {
        "seconds": ("fit_seconds", "training time (s)", COLOURS[0]),
        "epochs": ("epochs", "epochs" if max_epochs is None else "epochs until early stopping", COLOURS[2]),
        "score": ("score", f"{study.comparison.metric_label} on the test folds", COLOURS[1]),
    }
    axes = make_panels(ax, [list(panels)], (12.0, 3.7))
    counted = study.comparison.scores[study.comparison.scores["epochs"] >= (max_epochs or np.inf)]
    unstopped = frame.index.isin(counted["candidate"])
    for name, (column, label, colour) in panels.items():
        _draw_panel(axes[name], frame, column, colour, unstopped)
        axes[name].set(xlabel="batch size", ylabel=label)
    for name in ("seconds", "epochs"):
        axes[name].set_ylim(0, None)
    write_lines(axes["seconds"], _first_note(study))
    if unstopped.any():
        write_lines(axes["epochs"], f"hollow: some fits went on to epoch {max_epochs}")
    failed = frame.loc[frame["score"].isna(), "batch_size"]
    best = study.comparison.best
    note = f"best: {frame.loc[best, 'batch_size']}"
    write_lines(axes["score"], note + (f"; no score: {', '.join(map(str, failed))}" if len(failed) else ""))
    return axes


def _draw_panel(ax, frame, column, colour, unstopped):
    from matplotlib.ticker import NullLocator

    style_axes(ax)
    ax.set_xscale("log", base=2)
    bars = np.nan_to_num(frame[f"{column}_std"].to_numpy(dtype=float))
    ax.errorbar(frame["batch_size"], frame[column], bars, color=colour, lw=1.8, elinewidth=1, capsize=3, zorder=2)
    faces = np.where(unstopped, "white", colour)
    ax.scatter(frame["batch_size"], frame[column], s=36, c=faces, edgecolors=colour, linewidths=1.5, zorder=3)
    ax.set_xticks(frame["batch_size"], [str(size) for size in frame["batch_size"]], fontsize=9)
    ax.xaxis.set_minor_locator(NullLocator())


def _first_note(study):
    n_fits = study.comparison.scores.groupby("candidate").size().max()
    return f"means of {n_fits} fits; bars: one standard deviation"

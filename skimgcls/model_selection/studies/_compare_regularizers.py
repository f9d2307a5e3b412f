"""What keeps a network from learning its training images by heart."""

import itertools
from collections.abc import Mapping

import numpy as np

from skimgcls.metrics._text import font_families
from skimgcls.model_selection._parameter_columns import as_text
from skimgcls.model_selection.displays._place_labels import write_lines
from skimgcls.model_selection.displays._plotted_results import GREY, short_labels, style_axes
from skimgcls.model_selection.studies._run_study import run_study
from skimgcls.model_selection.studies._study_display import (
    TEST,
    TRAIN,
    draw_curves,
    make_panels,
    mean_curve,
    share_heights,
)

NONE = "none"
OFF = {
    "dropout": 0.0, "l1": 0.0, "weight_decay": 0.0, "norm": None, "label_smoothing": 0.0, "augment": None,
    "early_stopping": False,
}  # fmt: skip
REGULARIZERS = {
    "dropout": {"dropout": 0.3},
    "L1": {"l1": 1e-4},
    "L2": {"weight_decay": 1e-3},
    "batch norm": {"norm": "batch"},
    "label smoothing": {"label_smoothing": 0.1},
    "augmentation": {"augment": "light"},
    "early stopping": {"early_stopping": True},
}
COMMON_PAIRS = (
    ("dropout", "L2"), ("dropout", "batch norm"), ("dropout", "early stopping"), ("label smoothing", "augmentation"),
)  # fmt: skip


def compare_regularizers(
    estimator,
    X,
    y,
    *,
    regularizers=None,
    pairs="common",
    cv=3,
    scoring=None,
    n_seeds=1,
    n_jobs=None,
    random_state=None,
):
    """Compare means against overfitting, alone and in pairs, with a network that has none of them.

    The picture shows the score of the training and of the test folds, between which lies the gap, and the learning
    curves of each candidate. The verdicts are about the test score against that of "none": a smaller gap alone is no
    gain.

    Parameters
    ----------
    estimator : estimator
        ``MLPClassifier``, ``CNNClassifier``, or a pipeline that ends in one. Every candidate begins with ``dropout``,
        ``l1``, ``weight_decay``, ``norm``, ``label_smoothing``, ``augment`` and ``early_stopping`` off, whatever they
        are in the estimator: "none" is a ``CNNClassifier`` without batch norm. All other parameters stay.
    X : array-like of shape (n, ...)
        Images in any form that the estimator takes.
    y : array-like of shape (n,)
        Labels.
    regularizers : dict of str to dict, default=None
        Parameters of the network by name of the candidate. None means "dropout" (0.3), "L1" (``l1=1e-4``), "L2"
        (``weight_decay=1e-3``), "batch norm", "label smoothing" (0.1 [1]_), "augmentation" ("light") and "early
        stopping". How strong each should be depends on the data; these are strong enough to be seen on a few thousand
        small images.
    pairs : {"common", "all"}, list of pair of str, or None, default="common"
        Which regularizers are also tried together. "common" means dropout with L2, with batch norm and with early
        stopping, and label smoothing with augmentation, as far as `regularizers` has them.
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
        If `estimator` is none, or `regularizers` is no dict of dicts.
    ValueError
        If the estimator holds no network, a regularizer sets a parameter that this lacks or a value that cannot be, or
        a pair is none; or as ``compare`` does.

    See Also
    --------
    compare_settings : Values of one parameter, such as the share of dropout.
    Study : What is returned.

    Notes
    -----
    Dropout and augmentation are on while training accuracy is counted over an epoch, which is why it can lie below that
    of validation in the curves. The training score, and with it the gap, is of the finished network.

    Early stopping holds out a tenth of the training fold to watch: its curves are of these images, its training score
    includes them.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import compare_regularizers
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0)
    >>> weak = {"dropout": {"dropout": 0.1}, "L2": {"weight_decay": 1e-4}}
    >>> study = compare_regularizers(model, X[:300], y[:300], regularizers=weak, pairs="all", random_state=0)
    >>> study.frame.index.tolist()
    ['none', 'dropout', 'L2', 'dropout + L2']
    """
    regularizers = _check_regularizers(regularizers)
    chosen = {NONE: {}} | regularizers | _pairs(regularizers, pairs)
    columns = [
        {"settings": ", ".join(f"{k}={as_text(v)}" for k, v in each.items()) or NONE} for each in chosen.values()
    ]
    settings = {name: OFF | params for name, params in chosen.items()}
    options = {"cv": cv, "scoring": scoring, "n_seeds": n_seeds, "n_jobs": n_jobs, "random_state": random_state}
    return run_study(estimator, settings, X, y, draw=_draw, reference=NONE, columns=columns, **options)


def _check_regularizers(regularizers):
    regularizers = REGULARIZERS if regularizers is None else regularizers
    if not isinstance(regularizers, Mapping) or not all(isinstance(each, Mapping) for each in regularizers.values()):
        raise TypeError(
            "regularizers must be a dict of names to dicts of parameters, such as {'dropout': {'dropout': 0.5}}, got "
            f"{regularizers!r}."
        )
    if not [name for name in regularizers if name != NONE]:
        raise ValueError("regularizers holds nothing to compare with none. Name at least one, or leave it None.")
    return {str(name): dict(params) for name, params in regularizers.items()}


def _pairs(regularizers, pairs):
    """Settings of the pairs, by name."""
    if pairs == "common":
        pairs = [pair for pair in COMMON_PAIRS if set(pair) <= set(regularizers)]
    elif pairs == "all":
        names = [name for name in regularizers if name != NONE]
        pairs = itertools.combinations(names, 2)
    elif isinstance(pairs, str):
        raise ValueError(f"pairs must be 'common', 'all', a list of pairs of names, or None, got {pairs!r}.")
    settings = {}
    for pair in pairs or ():
        if isinstance(pair, str) or len(pair) != 2 or not set(pair) <= set(regularizers):
            raise ValueError(f"pairs holds {pair!r}, but wanted two names out of {list(regularizers)}.")
        first, second = (regularizers[name] for name in pair)
        both = sorted(set(first) & set(second))
        if both:
            raise ValueError(f"The pair {tuple(pair)} sets {both[0]!r} twice. Leave it out of pairs.")
        settings[" + ".join(pair)] = first | second
    return settings


def _draw(study, ax):
    names = list(study.frame.index)
    n_columns = 4 if len(names) <= 16 else 6
    n_rows = -(-len(names) // n_columns)
    empty = ["."] * (n_rows * n_columns - len(names))
    places = np.array([f"curves {name}" for name in names] + empty, dtype=object).reshape(n_rows, n_columns)
    mosaic = [["gap", *row] for row in places.tolist()]
    size = (5.5 + 2.0 * n_columns, max(3.2, 1.75 * n_rows, 0.27 * len(names) + 1))
    axes = make_panels(ax, mosaic, size, width_ratios=[3.2] + [1] * n_columns)
    _draw_gaps(axes["gap"], study.frame, study.comparison.metric_label)
    _draw_curves({name: axes[f"curves {name}"] for name in names}, study.curves)
    return axes


def _draw_gaps(ax, frame, metric_label):
    """Training and test score of each candidate with what lies between, the best test score on top."""
    rows = frame.sort_values("score", kind="stable", na_position="first")  # from below
    heights = np.arange(len(rows))
    style_axes(ax, grid="x")
    ax.hlines(heights, rows["score"], rows["train_score"], color="0.75", lw=3, zorder=1)
    ax.errorbar(rows["score"], heights, xerr=rows["score_std"], fmt="o", color=TEST, ms=6, elinewidth=1, zorder=3)
    ax.plot(rows["train_score"], heights, "o", mfc="white", mec=TRAIN, mew=1.5, ms=6, zorder=2)
    texts = [
        row.verdict if np.isnan(row.score) else f"{row.gap:.3f}  {'' if name == NONE else row.verdict}".rstrip()
        for name, row in zip(rows.index, rows.itertuples(), strict=True)
    ]
    style = {"fontsize": 8, "fontfamily": font_families([*texts, *rows.index]), "parse_math": False}
    for height, text in zip(heights, texts, strict=True):
        ax.text(1.02, height, text, transform=ax.get_yaxis_transform(), va="center", color=GREY, **style)
    ax.set_yticks(heights, short_labels(list(rows.index), 32), **style)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(metric_label)
    write_lines(
        ax,
        "filled: test folds, one standard deviation; hollow: training; number: the gap\n"
        "right: accuracy on the test folds, dashes: on training folds, grey: of none",
    )


def _draw_curves(panels, curves):
    none = mean_curve(curves, NONE, "valid_accuracy")
    for name, panel in panels.items():
        panel.plot(none.index, none, color="0.6", lw=1, zorder=1)
        draw_curves(panel, curves, "accuracy", {name: ""}, {name: TEST}, train_colour=TRAIN)
        panel.set_xlabel("")
        panel.tick_params(labelsize=7)
        write_lines(panel, name)
        if panel.get_subplotspec().is_last_row():
            panel.set_xlabel("epoch", fontsize=8)
    share_heights(list(panels.values()), "accuracy")

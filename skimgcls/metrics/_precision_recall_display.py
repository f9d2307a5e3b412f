"""Precision and recall of each class and on average."""

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from skimgcls.metrics._one_vs_rest_display import GREY, OneVsRestDisplay


class PrecisionRecallDisplay(OneVsRestDisplay):
    """Precision against recall of each class, and on average.

    Each class is held against all others. The macro average is the mean of the curves, in which every class counts the
    same; the micro average takes every pair of image and class as a decision of its own. Of two classes there is one
    curve, that of the second. Areas are average precisions: sums of steps, not trapezoids, which would flatter.

    Parameters
    ----------
    curves : dict by label
        Of each class a named tuple of recalls ``x`` (m,), precisions ``y`` (m,), ``area`` and ``n_images`` of the
        class. ``from_estimator`` and ``from_predictions`` compute them.
    averages : dict, default=None
        The same for "macro" and "micro"; None of two classes.
    left_out : list of labels, default=()
        Classes that no curve can be drawn of, since there is no image of them.
    name : str, default=None
        Words above the curves, such as the name of the model.

    Attributes
    ----------
    frame : DataFrame, one row per class and average
        ``class``, ``average_precision`` (guessing has the share of the class) and ``n_images``.
    ax_ : matplotlib Axes
        Set by ``plot``.
    figure_ : matplotlib Figure
        What it is part of. Set by ``plot``.

    See Also
    --------
    RocCurveDisplay : Does not depend on how frequent the classes are.

    References
    ----------
    .. [1] Davis and Goadrich, "The relationship between Precision-Recall and ROC curves", ICML 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.metrics import PrecisionRecallDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=100, C=0.1).fit(X[:500] / 16, y[:500])
    >>> display = PrecisionRecallDisplay.from_estimator(clf, X[500:] / 16, y[500:])
    >>> display.frame.tail(2).round(2)
        class  average_precision  n_images
    10  macro               0.93      1297
    11  micro               0.94      1297
    """

    _LABELS = ("recall", "precision")
    _AREA = ("average precision", "average_precision")
    _CORNER = (1, 1)
    _KEYS = ("lower left", "upper right")
    _DRAWSTYLE = "steps-pre"

    @staticmethod
    def _curve(is_positive, score):
        precision, recall, _ = precision_recall_curve(is_positive, score, drop_intermediate=True)
        return recall[::-1], precision[::-1], float(average_precision_score(is_positive, score))

    @staticmethod
    def _mean_of(curves, grid):
        """Average the steps: up to each recall reaches the precision of the highest threshold that has it."""
        steps = [np.searchsorted(curve.x, grid, side="left") for curve in curves]
        return grid, np.mean([curve.y[step] for curve, step in zip(curves, steps, strict=True)], axis=0)

    @staticmethod
    def _corner_distance(curve):
        """Where precision equals recall, the last time if several."""
        before = int(np.flatnonzero(curve.x < curve.y)[-1])
        if before + 1 == len(curve.x):
            return 0.0
        return 1 - max(curve.x[before], curve.y[before + 1])

    def _draw_guessing(self, ax):
        """Guessing has the share of a class as its precision, which is where a curve ends; the mean of several."""
        ax.axhline(np.mean([curve.y[-1] for curve in self.curves.values()]), color=GREY, lw=1, ls=":", zorder=1)

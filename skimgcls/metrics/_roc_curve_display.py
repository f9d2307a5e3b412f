"""Receiver operating characteristic of each class and on average."""

import numpy as np
from sklearn.metrics import auc, roc_curve

from skimgcls.metrics._one_vs_rest_display import GREY, OneVsRestDisplay


class RocCurveDisplay(OneVsRestDisplay):
    """True against false positive rate of each class, and on average.

    Each class is held against all others. The macro average is the mean of the curves, in which every class counts the
    same; the micro average takes every pair of image and class as a decision of its own. Of two classes there is one
    curve, that of the second.

    Parameters
    ----------
    curves : dict by label
        Of each class a named tuple of false positive rates ``x`` (m,), true positive rates ``y`` (m,), ``area`` and
        ``n_images`` of the class. ``from_estimator`` and ``from_predictions`` compute them.
    averages : dict, default=None
        The same for "macro" and "micro"; None of two classes.
    left_out : list of labels, default=()
        Classes that no curve can be drawn of, since there is no image of them.
    name : str, default=None
        Words above the curves, such as the name of the model.

    Attributes
    ----------
    frame : DataFrame, one row per class and average
        ``class``, ``auc`` (area below the curve; guessing has 0.5) and ``n_images``.
    ax_ : matplotlib Axes
        Set by ``plot``.
    figure_ : matplotlib Figure
        What it is part of. Set by ``plot``.

    See Also
    --------
    PrecisionRecallDisplay : Tells more where a class is rare.

    References
    ----------
    .. [1] Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006. Section 8 has several
       classes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls.metrics import RocCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=100, C=0.1).fit(X[:500] / 16, y[:500])
    >>> display = RocCurveDisplay.from_estimator(clf, X[500:] / 16, y[500:])
    >>> display.frame.tail(2).round(2)
        class   auc  n_images
    10  macro  0.99      1297
    11  micro  0.99      1297
    """

    _LABELS = ("false positive rate", "true positive rate")
    _AREA = ("AUC", "auc")
    _CORNER = (0, 1)
    _KEYS = ("lower right",)
    _DRAWSTYLE = "default"

    @staticmethod
    def _curve(is_positive, score):
        false_rate, true_rate, _ = roc_curve(is_positive, score)
        return false_rate, true_rate, float(auc(false_rate, true_rate))

    @staticmethod
    def _mean_of(curves, grid):
        """Average heights, below and above each vertical step, so that the area stays the mean of the areas."""
        below = np.mean([np.interp(-grid, -curve.x[::-1], curve.y[::-1]) for curve in curves], axis=0)
        above = np.mean([np.interp(grid, curve.x, curve.y) for curve in curves], axis=0)
        return np.repeat(grid, 2), np.column_stack([below, above]).ravel()

    @staticmethod
    def _corner_distance(curve):
        """Where the curve meets the line from the upper left to the lower right corner."""
        passed = curve.x + curve.y - 1  # from -1 to 1, rising
        after = max(int(np.argmax(passed >= 0)), 1)
        before = after - 1
        share = -passed[before] / (passed[after] - passed[before])
        return curve.x[before] + share * (curve.x[after] - curve.x[before])

    def _draw_guessing(self, ax):
        ax.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":", zorder=1)

"""Curves of each class against the rest, and their averages."""

from collections import namedtuple

import numpy as np

from skimgcls.metrics._check_probabilities import check_probabilities

GRID = 2000  # most points of an averaged curve: a finer one looks the same

OneVsRestCurve = namedtuple("OneVsRestCurve", ["x", "y", "area", "n_images"])
OneVsRestCurve.__doc__ = """A curve (x, y), the area below it and the number of images of its class."""


def one_vs_rest_curves(y_true, y_proba, classes, curve, mean_of):
    """Draw a curve of each class, and of their averages.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels. One that is not in `classes` is the rest to all of them.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Probabilities.
    classes : array-like of shape (n_classes,) or None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
    curve : callable
        Of ``(is_positive, score)``, both (n,); gives x, y and area.
    mean_of : callable
        Of several curves and a grid (m,); gives x and y of their mean.

    Returns
    -------
    curves : dict of OneVsRestCurve by label
        Of two classes the second alone. Without the classes that have no images or all of them.
    averages : dict of OneVsRestCurve
        "macro", the mean over classes, and "micro", where each image and class is a decision of its own; empty for two
        classes.
    left_out : list of labels
        Classes without a curve.

    Raises
    ------
    ValueError
        If labels and probabilities do not fit together, or no class has a curve.
    """
    codes, y_proba, classes = check_probabilities(y_true, y_proba, classes)
    n_images = np.bincount(codes[codes >= 0], minlength=len(classes))
    columns = [1] if len(classes) == 2 else range(len(classes))
    has_curve = (n_images > 0) & (n_images < len(codes))
    curves = {
        classes[k].item() if hasattr(classes[k], "item") else classes[k]: OneVsRestCurve(
            *curve(codes == k, y_proba[:, k]), int(n_images[k])
        )
        for k in columns
        if has_curve[k]
    }
    if not curves:
        present = ", ".join(repr(label) for label in classes[n_images > 0].tolist())
        raise ValueError(
            f"y_true has no label other than {present}: a curve needs images of the class and of the rest."
        )
    left_out = [classes.tolist()[k] for k in columns if not has_curve[k]]
    if len(classes) == 2:
        return curves, {}, left_out
    grid = np.unique(np.concatenate([each.x for each in curves.values()]))
    if len(grid) > GRID:
        grid = grid[np.linspace(0, len(grid) - 1, GRID).astype(int)]
    macro = OneVsRestCurve(
        *mean_of(list(curves.values()), grid), float(np.mean([each.area for each in curves.values()])), len(codes)
    )
    is_positive = codes[:, None] == np.arange(len(classes))  # (n, n_classes)
    micro = OneVsRestCurve(*curve(is_positive.ravel(), y_proba.ravel()), len(codes))
    return curves, {"macro": macro, "micro": micro}, left_out

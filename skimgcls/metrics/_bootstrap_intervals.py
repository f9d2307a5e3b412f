"""How sure scores are, by drawing the images anew."""

import numpy as np
from sklearn.utils import check_random_state

from skimgcls.metrics._coded_predictions import code_predictions
from skimgcls.metrics._weighted_scores import WeightedScores

TAILS = (0.025, 0.975)
CHUNK = 1_000_000  # weights at a time: some megabytes
RANKING_WORK = 200_000_000  # images times classes times samples: a second or two
FEWEST_RANKINGS = 100


def bootstrap_intervals(y_true, y_pred=None, y_proba=None, *, classes=None, n_bootstrap=1000, random_state=0):
    """Compute 95 % intervals of the scores of ``classification_scores``.

    The images are drawn anew with replacement, `n_bootstrap` times, and each score is computed of each sample; its
    interval goes from the 2.5th to the 97.5th percentile [1]_. It says how much a score would vary with other test
    images of the same kind. What another training would change it does not say.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,), default=None
        Predicted labels. None means those of the largest probability.
    y_proba : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities.
    classes : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`. None means the sorted labels of `y_true`.
    n_bootstrap : int, default=1000
        Samples; 1,000 suffice for percentiles [1]_. The area under the ROC curve and the average precision, which have
        to go through all images of all classes, get fewer where images times classes exceed 200,000: 200 with 10,000
        images of 100 classes, and at least 100.
    random_state : int, RandomState instance or None, default=0
        Seed of the samples.

    Returns
    -------
    intervals : DataFrame, one row per score
        ``low`` and ``high``. The calibration error, which every sample inflates, has the interval of its samples moved
        by the difference of their mean from the value.

    Raises
    ------
    ValueError
        If labels, probabilities and classes do not fit together, or `n_bootstrap` is not positive.

    See Also
    --------
    classification_scores : The scores.

    References
    ----------
    .. [1] Efron and Tibshirani, "An Introduction to the Bootstrap", 1993: chapter 13.

    Examples
    --------
    >>> from skimgcls.metrics import bootstrap_intervals
    >>> y_true, y_pred = ["cat", "dog"] * 50, ["cat", "dog"] * 40 + ["cat", "cat"] * 10
    >>> bootstrap_intervals(y_true, y_pred).loc["accuracy"].round(2).tolist()
    [0.84, 0.96]
    """
    import pandas as pd

    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be 1 or more, got {n_bootstrap!r}.")
    weighted = WeightedScores(code_predictions(y_true, y_pred, y_proba, classes))
    n, n_classes = len(weighted.coded.true), weighted.coded.n_classes
    n_rankings = min(n_bootstrap, max(RANKING_WORK // (n * n_classes), FEWEST_RANKINGS))
    parts = []
    for first, weights in _samples(n, n_bootstrap, check_random_state(random_state)):
        to_rank = weights[: max(n_rankings - first, 0)]
        parts.append(weighted.direct(weights) | (weighted.ranking(to_rank) if len(to_rank) else {}))
    drawn = {name: np.concatenate([part[name] for part in parts if name in part]) for name in parts[0]}
    intervals = {name: _percentiles(values) for name, values in drawn.items()}
    if "expected_calibration_error" in drawn:
        once = np.ones((1, n), dtype=np.int32)
        value = weighted.direct(once)["expected_calibration_error"]
        moved = intervals["expected_calibration_error"] + value - drawn["expected_calibration_error"].mean()
        intervals["expected_calibration_error"] = moved.clip(0, 1)
    return pd.DataFrame(
        list(intervals.values()), index=pd.Index(list(intervals), name="score"), columns=["low", "high"]
    )


def _samples(n, n_samples, random_state):
    """Yield the number of the first of some samples, and how often each image is in each of them."""
    n_at_once = max(CHUNK // n, 1)
    for first in range(0, n_samples, n_at_once):
        rows = min(n_at_once, n_samples - first)
        drawn = random_state.randint(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield first, np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.int32)


def _percentiles(values):
    """The middle 95 % of what is defined: a sample may lack the classes that a score is of."""
    defined = values[np.isfinite(values)]
    return np.quantile(defined, TAILS) if len(defined) else np.full(2, np.nan)

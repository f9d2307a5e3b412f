"""Predictions of a fitted classifier, and what it costs to have it."""

import statistics
import time
from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skimgcls.base import BaseImageClassifier
from skimgcls.inspection._shown_images import take
from skimgcls.metrics._unwrap_estimator import unwrap_estimator

FEWEST_CALLS, MOST_CALLS = 3, 30  # of one image


@dataclass
class TimedPredictions:
    """What a classifier says about some images.

    Parameters
    ----------
    y_pred : ndarray (n,)
        Labels.
    y_proba : ndarray (n, n_classes) or None
        Probabilities, where it gives them.
    classes : ndarray (n_classes,)
        Labels of their columns.
    costs : dict of str to float
        ``fit_seconds``, ``predict_seconds``, ``images_per_second``, ``latency_ms`` of one image, ``n_parameters`` and
        ``n_bytes`` of the weights; what is not known is NaN.
    """

    y_pred: np.ndarray
    y_proba: np.ndarray | None
    classes: np.ndarray
    costs: dict


def predict_timed(estimator, X, *, seconds=0.5):
    """Predict each image once, and one image several times.

    Parameters
    ----------
    estimator : classifier
        Fitted. A pipeline or search is welcome.
    X : array-like (n, ...)
        Images in any form that it accepts.
    seconds : float, default=0.5
        About how long to repeat the prediction of one image: 3 to 30 times.

    Returns
    -------
    predictions : TimedPredictions

    Raises
    ------
    NotFittedError
        If it is not fitted.
    ValueError
        If it is no classifier, or there is no image.
    """
    check_is_fitted(estimator)
    known = unwrap_estimator(estimator, "classes_")
    if known is None:
        raise ValueError(f"{type(estimator).__name__} has no classes_. Pass a fitted classifier.")
    has_proba = hasattr(estimator, "predict_proba")
    predict = estimator.predict_proba if has_proba else estimator.predict
    latency = _latency(predict, take(X, [0]), seconds)
    start = time.perf_counter()  # the first calls are over, which load what later ones have
    predicted = np.asarray(predict(X))
    elapsed = time.perf_counter() - start
    classes = np.asarray(known.classes_)
    if not has_proba:
        y_pred, y_proba = predicted, None
    else:
        y_pred = classes[predicted.argmax(axis=1)] if _takes_the_largest(estimator) else estimator.predict(X)
        y_proba = predicted
    costs = {"predict_seconds": elapsed, "images_per_second": len(predicted) / elapsed, "latency_ms": 1e3 * latency}
    return TimedPredictions(y_pred, y_proba, classes, model_costs(estimator) | costs)


def model_costs(estimator):
    """Look up what a fitted estimator knows of its training and its size: {name: number, or NaN}."""
    fitted = next((each for name in ("fit_time_", "refit_time_") if (each := unwrap_estimator(estimator, name))), None)
    seconds = np.nan if fitted is None else getattr(fitted, "fit_time_", getattr(fitted, "refit_time_", None))
    counted, net = unwrap_estimator(estimator, "n_parameters_"), unwrap_estimator(estimator, "net_")
    return {
        "fit_seconds": seconds,
        "n_parameters": np.nan if counted is None else counted.n_parameters_,
        "n_bytes": np.nan if net is None else _n_bytes(net.net_.module_),
    }


def _latency(predict, image, seconds):
    """Median time of a call, in seconds."""
    took = []
    predict(image)
    end = time.perf_counter() + seconds
    while len(took) < FEWEST_CALLS or (len(took) < MOST_CALLS and time.perf_counter() < end):
        start = time.perf_counter()
        predict(image)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def _takes_the_largest(estimator):
    """Whether its labels are those of the largest probability, so that they need no second look at the images.

    Ours do; others may choose by a threshold or, as support vector machines, by something else altogether.
    """
    while True:
        steps = getattr(estimator, "steps", None)
        inner = steps[-1][1] if steps else getattr(estimator, "best_estimator_", None)
        if inner is None:
            break
        estimator = inner
    kind = type(estimator)
    return isinstance(estimator, BaseImageClassifier) and (
        (kind.predict, kind.predict_proba) == (BaseImageClassifier.predict, BaseImageClassifier.predict_proba)
    )


def _n_bytes(module):
    return sum(each.numel() * each.element_size() for each in (*module.parameters(), *module.buffers()))

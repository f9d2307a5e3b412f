"""What a fit trains and validates on: checked once, then handed to the net as it is."""

import re
import reprlib
import sys
import warnings
from dataclasses import dataclass
from numbers import Number

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _num_samples, assert_all_finite

from skimgcls.images import ImageLayout
from skimgcls.images._read_images import refuse_hidden_values
from skimgcls.training._image_dataset import ImageDataset
from skimgcls.training._prepared_images import read_dataset
from skimgcls.utils._random import stream_seed

_EARLY_STOPPING_FRACTION = 0.1  # as scikit-learn's MLPClassifier and HistGradientBoostingClassifier hold out


@dataclass
class TrainingData:
    """Checked images, class codes and weights of one fit.

    Parameters
    ----------
    train : ImageDataset
    valid : ImageDataset or None
    layout : ImageLayout
        Shape of the images and order of their numbers.
    classes : ndarray (k,)
        The user's labels, sorted; a code is an index into it.
    maximum : float
        Largest value of the images of the first fit.
    """

    train: ImageDataset
    valid: ImageDataset | None
    layout: ImageLayout
    classes: np.ndarray
    maximum: float


def prepare_training_data(
    estimator, X, y, sample_weight=None, X_val=None, y_val=None, *, classes=None, layout=None, maximum=None, seed=0
):
    """Check everything that a fit is given and split off what is held out.

    Parameters
    ----------
    estimator : BaseImageClassifier
        Its ``image_shape``, ``channels``, ``dtype``, ``class_weight``, ``early_stopping`` and ``validation_fraction``
        apply, and its name stands in errors.
    X, y, sample_weight, X_val, y_val
        As for ``fit``.
    classes : array-like or None
        All labels there may be; None takes those of ``y``.
    layout : ImageLayout or None
        Of an earlier fit, which X must then agree with.
    maximum : float or None
        Largest value seen by an earlier fit.
    seed : int
        Of the hold-out split.

    Returns
    -------
    TrainingData
    """
    name = type(estimator).__name__
    read = {"image_shape": estimator.image_shape, "channels": estimator.channels, "dtype": estimator.dtype}
    images = read_dataset(X, estimator, fitted_layout=layout, fitted_maximum=maximum, **read)
    layout = images.layout
    maximum = images.maximum if maximum is None else maximum
    y = _read_labels(y, name, "y")
    _check_lengths(images, y, sample_weight)
    weights = _read_weights(sample_weight, y, estimator.class_weight, name)
    kept = np.flatnonzero(weights) if weights is not None else np.arange(len(y))
    classes = _read_classes(classes, y, y[kept], name)
    codes = encode_labels(y, classes, "y", name)
    data = images.labelled(codes, _as_needed(weights, kept, estimator.dtype))
    fraction = estimator.validation_fraction or (_EARLY_STOPPING_FRACTION if estimator.early_stopping else None)
    if X_val is not None or y_val is not None:
        valid = _read_validation_data(estimator, X_val, y_val, layout, classes, maximum)
        return TrainingData(_restrict(data, kept), valid, layout, classes, maximum)
    if fraction is None:
        return TrainingData(_restrict(data, kept), None, layout, classes, maximum)
    kept_train, kept_valid = _hold_out(kept, codes[kept], fraction, seed)
    return TrainingData(data.subset(kept_train), data.subset(kept_valid), layout, classes, maximum)


def encode_labels(y, classes, argument, estimator_name):
    """Turn labels into codes, or name the ones that are no class."""
    code_of = {label: code for code, label in enumerate(classes.tolist())}
    labels, positions = np.unique(y, return_inverse=True)
    unseen = [label for label in labels.tolist() if label not in code_of]
    if unseen:
        raise ValueError(
            f"{argument} holds labels that are no class of {estimator_name}: {unseen[:5]}. The classes are "
            f"{classes.tolist()[:10]}. Correct the labels, or name all classes with partial_fit(classes=...)."
        )
    return np.array([code_of[label] for label in labels.tolist()], dtype=np.int64)[positions]


def _check_lengths(images, y, sample_weight):
    n_weights = len(y) if sample_weight is None or isinstance(sample_weight, Number) else _num_samples(sample_weight)
    if not len(images) == len(y) == n_weights:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X holds {len(images)} images, "
            f"y {len(y)} labels" + ("." if sample_weight is None else f", sample_weight {n_weights} values.")
        )


def _read_labels(y, name, argument):
    if y is None:
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None.")
    refuse_hidden_values(y, name, argument)
    try:
        y = y if hasattr(y, "iloc") else np.asarray(y)
        shape = y.shape
    except ValueError:  # a list of lists of several lengths
        shape = ("n", "several")
    if len(shape) > 1 and shape[1:] != (1,):
        raise ValueError(
            f"Unknown label type: {name} takes one label per image, {argument} of shape (n,), but got shape "
            f"({', '.join(map(str, shape))}). For one-hot rows pass {argument}.argmax(axis=1); several labels per "
            "image are not supported."
        )
    if _are_plain_labels(y, shape):
        return y
    n_missing = _count_missing(y) if len(shape) == 1 else 0
    if n_missing:
        raise ValueError(f"Input {argument} contains NaN: {n_missing} labels are missing. Leave those images out.")
    try:
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name=argument, estimator_name=name)
        check_classification_targets(labels)
    except (TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]  # scikit-learn prints all complex numbers
        if re.search(rf"\b{argument}\b", reason):
            raise ValueError(
                f"{reason} {name} expected one label for each image: correct {argument}, or leave out images without "
                "one."
            ) from error
        labels = np.ravel(y).tolist()
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        if "," in kinds:  # they cannot be sorted
            raise ValueError(
                f"{argument} mixes labels of different types, {kinds}; {name} expected one type. Convert them, for "
                f"example with {argument}.astype(str), and leave out images without a label."
            ) from error
        raise ValueError(
            f"{argument} cannot be used as labels: {reason} Got {kinds}, such as {reprlib.repr(labels[0])}; {name} "
            "expected one string, integer or boolean for each image."
        ) from error
    return labels


def _are_plain_labels(y, shape):
    """Tell whether all that follows has nothing to find: it takes longer than a step of a small network."""
    simple = isinstance(y, np.ndarray) and len(shape) == 1 and y.dtype.kind in "biuU"  # booleans, integers, strings
    return simple and (len(y) <= 20 or len(np.unique(y)) <= len(y) // 2)  # scikit-learn warns of more


def _count_missing(y):
    if hasattr(y, "isna"):
        return int(y.isna().sum())
    return sum(label is None or label != label for label in y) if y.dtype.kind in "fO" else 0


def _read_weights(sample_weight, y, class_weight, name):
    if sample_weight is None and class_weight is None:
        return None
    _check_class_weight(class_weight, name)
    try:
        weights = _check_sample_weight(sample_weight, y, dtype=np.float64, copy=True)
    except (TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        named = "" if re.search("sample.?weight", reason, re.IGNORECASE) else "sample_weight cannot be read: "
        raise ValueError(
            f"{named}{reason}. {name} expected one finite number of at least 0 for each image. A weight of 0 leaves an "
            "image out."
        ) from error
    if (weights < 0).any():
        raise ValueError(
            f"sample_weight holds negative values, the smallest {weights.min():g}; {name} expected weights of at least "
            "0. A weight of 0 leaves an image out."
        )
    kept = weights > 0
    if not kept.any():
        raise ValueError(
            f"sample_weight holds only zeros: {name} has nothing to train on. Give at least two classes a "
            "positive weight."
        )
    _check_sum(weights, "sample_weight", name)
    try:
        with np.errstate(over="ignore"):  # refused below
            weights[kept] *= compute_sample_weight(class_weight, y[kept])  # the balance of what is trained on
    except ValueError as error:
        raise ValueError(f"{error}={class_weight!r}. Name labels of y in it, or use 'balanced'.") from error
    _check_sum(weights, f"class_weight={class_weight!r}", name)
    if not weights.any():
        raise ValueError(
            f"class_weight={class_weight!r} leaves no image a positive weight: {name} has nothing to train on. Give at "
            "least two classes a positive weight."
        )
    return weights


def _check_sum(weights, argument, name):
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError(
            f"{argument} is too large: the weights of all images add up to {total}, where {name} expected a finite "
            "sum. Divide all weights by a constant; only their ratios count."
        )


def _check_class_weight(class_weight, name):
    given = class_weight if isinstance(class_weight, dict) else {}
    largest = sys.float_info.max
    wrong = {k: w for k, w in given.items() if not (isinstance(w, Number) and np.isreal(w) and 0 <= w <= largest)}
    if wrong:
        raise ValueError(
            f"class_weight holds {wrong}; {name} expected finite numbers of at least 0. A weight of 0 leaves a class "
            "out."
        )


def _read_classes(classes, y, y_kept, name):
    """All labels are classes, as in scikit-learn's own estimators, also those whose images all weigh nothing."""
    are_known = classes is None and len(y_kept) == len(y)
    classes = np.unique(y if classes is None else classes)
    trained = classes if len(classes) < 2 or are_known else np.unique(y_kept)
    if len(trained) < 2 and (len(classes) < 2 or len(np.unique(y)) > 1):
        raise ValueError(
            f"{name} needs at least two classes to tell apart, but got 1 class: {trained.tolist()} "
            f"(n_samples={len(y_kept)}). Check y, classes, sample_weight and class_weight."
        )
    return classes


def _as_needed(weights, kept, dtype):
    """Normalise to mean 1 over what is trained on; equal weights are none."""
    if weights is None or np.ptp(weights[kept]) == 0:
        return None
    return (weights / weights[kept].mean()).astype(dtype)


def _restrict(data, kept):
    return data if len(kept) == len(data) else data.subset(kept)


def _read_validation_data(estimator, X_val, y_val, layout, classes, maximum):
    if X_val is None or y_val is None:
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was given without {missing}. Validation needs both images and labels.")
    name = type(estimator).__name__
    reading = {"fitted_layout": layout, "fitted_maximum": maximum, "dtype": estimator.dtype}
    images = read_dataset(X_val, estimator, input_name="X_val", **reading)
    y_val = _read_labels(y_val, name, "y_val")
    if len(images) != len(y_val):
        raise ValueError(f"X_val holds {len(images)} images, but y_val {len(y_val)} labels. Give one label per image.")
    return images.labelled(encode_labels(y_val, classes, "y_val", name))


def _hold_out(kept, codes, fraction, seed):
    """Split positions, stratified by class where the classes are large enough."""
    counts = np.bincount(codes)
    counts = counts[counts > 0]
    n_valid = int(np.ceil(fraction * len(kept)))
    if n_valid >= len(kept):
        raise ValueError(
            f"validation_fraction={fraction} leaves no image of {len(kept)} to train on. Lower it or pass X_val and "
            "y_val."
        )
    stratify = codes
    if counts.min() < 2 or min(n_valid, len(kept) - n_valid) < len(counts):
        stratify = None
        warnings.warn(
            f"The {n_valid} of {len(kept)} images held out for validation are not stratified: with {len(counts)} "
            f"classes, the smallest of {counts.min()} images, each part cannot hold every class.",
            UserWarning,
            stacklevel=5,
        )
    return train_test_split(kept, test_size=n_valid, stratify=stratify, random_state=stream_seed(seed, "split") % 2**32)

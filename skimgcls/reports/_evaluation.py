"""What was measured of a classifier, before it becomes a report."""

from dataclasses import dataclass, field

import numpy as np

from skimgcls.images import as_displayable
from skimgcls.inspection._rank_predictions import rank_predictions
from skimgcls.inspection._shown_images import names_of, read_shown, short_names
from skimgcls.reports._search_facts import plural

MOST_MISTAKES = 15
MOST_NAMED = 3
UNITS = {
    "log_loss": "nats",
    "fit_seconds": "s",
    "predict_seconds": "s",
    "images_per_second": "images/s",
    "latency_ms": "ms",
    "n_parameters": "weights",
    "n_bytes": "bytes",
}


@dataclass
class Evaluation:
    """Predictions of some images, with their scores.

    Parameters
    ----------
    model : str
        Name of the classifier.
    title : str
        Of the report.
    code : str
        Python code that makes the classifier.
    y_true, y_pred : ndarray (n,)
        Labels.
    y_proba : ndarray (n, n_classes) or None
        Probabilities.
    classes : ndarray (n_classes,)
        Labels of their columns.
    frame : DataFrame
        Scores and costs.
    per_class : DataFrame
        Scores of each class.
    history : DataFrame, list of DataFrame or None
        Of training, one of each fold.
    mistakes : dict or None
        Arguments of ClassifiedImagesDisplay.
    notes : list of str
        What the numbers do not say.
    advice : Advice or None
        What to try, as the estimator reads its training curves.
    folds : DataFrame or None
        Scores of each fold.
    """

    model: str
    title: str
    code: str
    y_true: np.ndarray
    y_pred: np.ndarray
    y_proba: np.ndarray | None
    classes: np.ndarray
    frame: object
    per_class: object
    history: object = None
    mistakes: dict | None = None
    notes: list = field(default_factory=list)
    advice: object = None
    folds: object = None


def unit_of(name):
    """The unit of a score or cost."""
    return UNITS.get(name, "0 to 1")


def find_mistakes(X, y_true, y_pred, y_proba, classes, *, rows=None, estimator):
    """Collect the most confident mistakes, with their images, for ClassifiedImagesDisplay.

    Parameters
    ----------
    X : array-like
        All images.
    y_true, y_pred : ndarray (n,)
        Labels.
    y_proba : ndarray (n, n_classes)
        Probabilities.
    classes : ndarray (n_classes,)
        Labels of their columns.
    rows : ndarray of int (n,), default=None
        Which row of X each of them is about. None means all in their order.
    estimator : classifier
        Fitted on such images.

    Returns
    -------
    mistakes : dict
        Copies, so that the images themselves need not be kept.

    Raises
    ------
    ValueError
        If X holds no images.
    """
    ranked = rank_predictions(y_true, y_pred, y_proba, classes)
    shown = ranked.head(MOST_MISTAKES)
    places = shown["index"].to_numpy() if rows is None else rows[shown["index"].to_numpy()]
    places = places.tolist()
    if places:
        images = as_displayable(read_shown(X, places, estimator=estimator), channels="first")
        title = f"{plural(len(places), 'mistake')} of {len(ranked):,}, most confident first"
    else:
        images, title = np.empty((0, 1, 1)), "no mistakes"
    return {
        "images": images,
        "y_true": shown["true"].to_numpy(),
        "y_pred": shown["predicted"].to_numpy(),
        "confidence": shown["confidence"].to_numpy(),
        "names": short_names(names_of(X), places),
        "title": title,
    }


def explain_gaps(model, y_true, y_proba, classes):
    """Say which classes have no images, and which images no class: list of sentences."""
    known, seen = set(classes.tolist()), set(y_true.tolist())
    missing = [label for label in classes.tolist() if label not in seen]
    notes = []
    if missing:
        what = f"y has no image of {_some(missing)}"
        if y_proba is None or len(seen & known) < 2:
            notes.append(f"{what}.")
        else:
            n_left = len(known) - len(missing)
            notes.append(f"{what}: ROC-AUC and average precision are means over the other {n_left:,} classes.")
    unknown = [label for label in dict.fromkeys(y_true.tolist()) if label not in known]
    if unknown:
        n_unknown = int(np.isin(y_true, unknown).sum())
        notes.append(
            f"{model} does not know {_some(unknown)}, the label of {plural(n_unknown, 'image')}: counted "
            "as mistakes, of probability 0."
        )
    if y_proba is None:
        notes.append(
            f"{model} has no predict_proba. Log loss, areas, average precision, top-k accuracy and calibration error "
            "need probabilities and are missing; sklearn.calibration.CalibratedClassifierCV around it gives some."
        )
    elif len(seen & known) < 2:
        notes.append("All images are of one class: ROC-AUC is not defined.")
    return notes


def _some(labels):
    shown = ", ".join(repr(label) for label in labels[:MOST_NAMED])
    return shown if len(labels) <= MOST_NAMED else f"{shown} and {len(labels) - MOST_NAMED:,} more"

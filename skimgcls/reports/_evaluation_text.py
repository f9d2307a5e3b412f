"""An evaluation in words: a few sentences, and tables for a reader."""

import numpy as np

from skimgcls.reports._search_facts import plural, score_text
from skimgcls.reports._search_tables import duration_text

SURE_ENOUGH = 0.01  # between mean confidence and accuracy: less is not worth a sentence
NAMES = {
    "roc_auc_ovr": "ROC-AUC",
    "expected_calibration_error": "calibration error",
    "log_loss": "log loss (nats)",
}
COSTS = {
    "fit_seconds": ("training", duration_text),
    "predict_seconds": ("prediction of all images", duration_text),
    "images_per_second": ("images per second", "{:,.0f}".format),
    "latency_ms": ("prediction of one image", lambda ms: duration_text(ms / 1e3) if ms >= 1e3 else f"{ms:.3g} ms"),
    "n_parameters": ("weights that training adjusts", "{:,.0f}".format),
    "n_bytes": ("size of all weights", lambda n: f"{n / 2**20:.3g} MiB" if n >= 2**20 else f"{n / 2**10:.3g} KiB"),
}


def summarize(evaluation):
    """Say what came out: list of sentences."""
    texts = [_accuracy(evaluation), _weakest(evaluation.per_class), _confidence(evaluation)]
    return [text for text in texts if text]


def score_table(evaluation):
    """The scores under names for a reader: DataFrame."""
    frame = evaluation.frame
    scores = frame[~frame.index.isin(list(COSTS))].drop(columns="unit")
    return scores.dropna(axis="columns", how="all").rename(index=score_name)


def cost_table(evaluation):
    """The costs as texts: DataFrame."""
    import pandas as pd

    known = evaluation.frame.iloc[:, 0]  # a value, or the mean over the folds
    amounts = {label: write(known[name]) for name, (label, write) in COSTS.items() if name in known}
    return pd.DataFrame({"amount": list(amounts.values())}, index=pd.Index(list(amounts), name="cost"))


def per_class_table(per_class):
    """The scores of each class, as from ``per_class_scores``, under names for a reader: DataFrame."""
    names = {"f1": "F1", "average_precision": "average precision", "roc_auc": "ROC-AUC", "n_images": "images"}
    pairs = zip(per_class["taken_for"], per_class["n_taken_for"], strict=True)
    counted = [f"{label} ({count:,})" if count else "" for label, count in pairs]
    table = per_class.drop(columns=["taken_for", "n_taken_for"]).rename(columns=names)
    return table.assign(**{"taken for": counted})


def score_name(name):
    """How a score is called in a table."""
    if name in NAMES:
        return NAMES[name]
    if name.startswith("top_"):
        return name.replace("_", "-", 1).replace("_", " ")
    kind, _, average = name.rpartition("_")
    if average in ("macro", "weighted"):
        return f"{'F1' if kind == 'f1' else kind}, {average}"
    return name.replace("_", " ")


def _accuracy(evaluation):
    row = evaluation.frame.loc["accuracy"]
    n = len(evaluation.y_true)
    where = f"on {plural(n, 'image')} of {len(evaluation.classes):,} classes"
    most_frequent = evaluation.per_class["n_images"].max() / n
    chance = f"always naming the most frequent class would give {score_text(most_frequent)}"
    interval = "" if np.isnan(row["low"]) else f"95 % interval {score_text(row['low'])} to {score_text(row['high'])}"
    if evaluation.folds is None:
        return f"Accuracy {score_text(row['value'])}{f' ({interval})' if interval else ''} {where}; {chance}."
    spread = f"{score_text(row['mean'])} ± {score_text(row['sd'])}"
    pooled = f"all together {score_text(row['pooled'])}{f', {interval}' if interval else ''}"
    n_folds = plural(len(evaluation.folds), "fold")
    return f"Accuracy {spread} (mean and standard deviation over {n_folds}; {pooled}) {where}; {chance}."


def _weakest(per_class):
    seen = per_class[per_class["n_images"] > 0]
    if not seen["n_taken_for"].any():
        return "No image is labelled wrongly."
    place = int(seen["f1"].argmin())
    name, n_images, n_wrong, other = (
        each.iloc[place] for each in (seen.index.to_series(), seen["n_images"], seen["n_taken_for"], seen["taken_for"])
    )
    text = f"Weakest class: {name}, with an F1 of {score_text(seen['f1'].iloc[place])}"
    if not n_wrong:
        return f"{text}."
    return f"{text}, most often taken for {other} ({n_wrong:,} of {plural(int(n_images), 'image')})."


def _confidence(evaluation):
    """Whether it is too sure of itself, or not enough."""
    if evaluation.y_proba is None:
        return ""
    confidence = float(evaluation.y_proba.max(axis=1).mean())
    accuracy = float(np.mean(evaluation.y_true == evaluation.y_pred))
    if abs(confidence - accuracy) < SURE_ENOUGH:
        return ""
    kind = "sure" if confidence > accuracy else "unsure"
    return f"It is too {kind} of itself: its mean confidence is {score_text(confidence)}."

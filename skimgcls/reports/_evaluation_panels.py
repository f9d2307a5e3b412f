"""The pictures of an evaluation: what each shows, how it is drawn, what it says in words."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from skimgcls.inspection import ClassifiedImagesDisplay
from skimgcls.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    ReliabilityDisplay,
    RocCurveDisplay,
    TrainingCurveDisplay,
)
from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._panels import LABEL_SIZE, panel_width, write_note
from skimgcls.metrics._text import font_families, text_width
from skimgcls.reports._search_facts import plural

BLUE, GREY = "#0072B2", "#595959"
HALF_WIDTH = 4.5  # inches: two stand side by side on a page
MOST_IN_HALF = 12  # classes of a confusion matrix
MOST_BARS = 15  # classes
NAME_WIDTH = 0.4  # most of the panel that names take
MOST_POINTS = 120  # of a name
SMALL = (7, 2)  # points and lines of names that do not fit on one line


@dataclass(frozen=True)
class Panel:
    """One picture.

    Parameters
    ----------
    name : str
        Of the panel.
    heading : str
        Words above it.
    draw : callable
        Takes an Evaluation and Axes, or None for a new figure, and returns a display.
    say : callable
        Takes an Evaluation and returns the alternative text.
    is_there : callable
        Takes an Evaluation and returns whether there is something to draw.
    size : callable
        Takes an Evaluation and returns inches as a figure of its own; None means what it needs.
    """

    name: str
    heading: str
    draw: Callable
    say: Callable
    is_there: Callable
    size: Callable = lambda evaluation: None

    def figure(self, evaluation):
        """Draw it by itself: matplotlib Figure."""
        from matplotlib.figure import Figure

        size = self.size(evaluation)
        ax = None if size is None else Figure(size, layout="constrained").subplots()
        return self.draw(evaluation, ax).figure_


def panels_of(evaluation):
    """The panels that an evaluation has, in order of reading."""
    return [panel for panel in PANELS if panel.is_there(evaluation)]


class _PerClassBars:
    """Bars of the F1 of each class, the weakest at the top; of many classes the weakest."""

    def __init__(self, per_class):
        self.per_class = per_class

    def plot(self, ax):
        scored = self.per_class.dropna(subset=["f1"]).sort_values("f1", kind="stable")
        shown = scored.head(MOST_BARS)
        texts = [str(label) for label in shown.index]
        families = font_families(texts)
        room = min(NAME_WIDTH * panel_width(ax), MOST_POINTS)
        fits = max(text_width(text, LABEL_SIZE, families) for text in texts) <= room
        size, n_lines = (LABEL_SIZE, 1) if fits else SMALL
        measure = partial(text_width, size=size, families=families)
        names = ["\n".join(fit_label(text, room, n_lines, measure)) for text in texts]
        places = np.arange(len(shown))
        ax.barh(places, shown["f1"], height=0.66, color=BLUE, alpha=0.85)
        for place, f1 in zip(places, shown["f1"], strict=True):
            is_long = f1 > 0.2
            ax.annotate(
                f"{f1:.3f}", (f1, place), (-4 if is_long else 4, 0), textcoords="offset points", va="center",
                ha="right" if is_long else "left", color="white" if is_long else GREY, fontsize=8,
            )  # fmt: skip
        ax.set_yticks(places, names, fontfamily=families, fontsize=size, parse_math=False, linespacing=1)
        ax.set(xlim=(0, 1), ylim=(max(len(shown), 3) - 0.4, -0.6), xlabel="F1")
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.grid(axis="x", color="0.9", lw=0.8)
        ax.set_axisbelow(True)
        which = f"the {MOST_BARS} weakest of {len(scored):,} classes" if len(shown) < len(scored) else "weakest first"
        write_note(ax, f"F1 of each class, {which}", GREY)
        self.ax_, self.figure_ = ax, ax.figure.figure
        return self


def _draw_bars(evaluation, ax):
    return _PerClassBars(evaluation.per_class).plot(ax)


def _draw_curves(evaluation, ax):
    return TrainingCurveDisplay.from_history(evaluation.history, ax=ax)


def _draw_confusion(evaluation, ax):
    # A label that is no class has a row too.
    labels = evaluation.per_class.index.to_numpy()
    return ConfusionMatrixDisplay.from_predictions(evaluation.y_true, evaluation.y_pred, classes=labels, ax=ax)


def _with_proba(display):
    def draw(evaluation, ax):
        return display.from_predictions(evaluation.y_true, evaluation.y_proba, classes=evaluation.classes, ax=ax)

    return draw


def _draw_mistakes(evaluation, ax):
    return ClassifiedImagesDisplay(**evaluation.mistakes).plot(ax=ax)


def _say_curves(evaluation):
    if isinstance(evaluation.history, list):
        return f"Loss and accuracy over the epochs of {len(evaluation.history)} trainings, one of each fold."
    return f"Loss and accuracy over {len(evaluation.history)} epochs of training."


def _say_confusion(evaluation):
    text = "Predicted against true classes, in percent of each true class."
    table = evaluation.per_class
    worst = int(table["n_taken_for"].argmax())
    n_wrong, other = table["n_taken_for"].iloc[worst], table["taken_for"].iloc[worst]
    if not n_wrong:
        return f"{text} No image is mistaken."
    return f"{text} Most often {table.index[worst]} is taken for {other}, by {plural(int(n_wrong), 'image')}."


def _say_bars(evaluation):
    f1 = evaluation.per_class["f1"].dropna().sort_values()
    return f"F1 of each class, from {f1.iloc[0]:.3f} of {f1.index[0]} to {f1.iloc[-1]:.3f} of {f1.index[-1]}."


def _say_score(text, name):
    def say(evaluation):
        value = evaluation.frame.loc[name]
        return f"{text.format(value.get('value', value.get('pooled')))}."

    return say


def _say_mistakes(evaluation):
    return f"Images with true label, prediction and its probability: {evaluation.mistakes['title']}."


def _has_curves(evaluation):
    return "roc_auc_ovr" in evaluation.frame.index


def _square(evaluation):
    return HALF_WIDTH, HALF_WIDTH + 0.2


def _matrix_size(evaluation):
    return _square(evaluation) if len(evaluation.per_class) <= MOST_IN_HALF else None


def _bars_size(evaluation):
    n_bars = min(max(len(evaluation.per_class), 3), MOST_BARS)
    return HALF_WIDTH, HALF_WIDTH + 0.2 if n_bars >= 8 else 1.0 + 0.4 * n_bars


PANELS = (
    Panel("training_curves", "Training", _draw_curves, _say_curves, lambda e: e.history is not None),
    Panel("confusion_matrix", "Confusions", _draw_confusion, _say_confusion, lambda e: True, _matrix_size),
    Panel("per_class", "Classes", _draw_bars, _say_bars, lambda e: True, _bars_size),
    Panel(
        "roc", "ROC curves", _with_proba(RocCurveDisplay),
        _say_score("ROC curves, each class against the rest; mean area {:.4f}", "roc_auc_ovr"), _has_curves, _square,
    ),
    Panel(
        "precision_recall", "Precision and recall", _with_proba(PrecisionRecallDisplay),
        _say_score("Precision against recall of each class; mean average precision {:.4f}", "average_precision"),
        _has_curves, _square,
    ),
    Panel(
        "reliability", "Confidence", _with_proba(ReliabilityDisplay),
        _say_score("Accuracy against confidence; expected calibration error {:.4f}", "expected_calibration_error"),
        lambda e: e.y_proba is not None, _square,
    ),
    Panel("mistakes", "Most confident mistakes", _draw_mistakes, _say_mistakes, lambda e: e.mistakes is not None),
)  # fmt: skip

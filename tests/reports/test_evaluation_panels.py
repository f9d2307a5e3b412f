"""The pictures of an evaluation."""

import dataclasses
import io
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from skimgcls import evaluate
from skimgcls.reports._evaluation_panels import MOST_BARS, PANELS, panels_of

NAMES = ["training_curves", "confusion_matrix", "per_class", "roc", "precision_recall", "reliability", "mistakes"]
LONG_NAMES = ["Canis lupus familiaris (golden retriever)", "Донаудампфшиффартсгезельшафт", "$5 bill & <b>"]


def labelled(rng, labels, n=200, has_proba=True):
    """An evaluation of a model that is right now and then."""
    y = np.array(labels)[np.r_[np.arange(len(labels)), rng.integers(0, len(labels), n)]]
    X = rng.integers(0, 256, size=(len(y), 16)) + 20.0 * np.unique(y, return_inverse=True)[1][:, None] % 97
    clf = GaussianNB().fit(X, y)
    return evaluate(clf, X, y, n_bootstrap=0)._evaluation


def drawn(figure):
    png = io.BytesIO()
    figure.savefig(png, dpi=60)
    png.seek(0)
    return matplotlib.image.imread(png)


def test_a_network_has_all_panels(report, cv_report):
    assert [panel.name for panel in panels_of(report._evaluation)] == NAMES
    assert [panel.name for panel in panels_of(cv_report._evaluation)] == NAMES


def test_what_is_not_there_has_no_panel(report):
    evaluation = report._evaluation
    labels_alone = dataclasses.replace(
        evaluation, history=None, y_proba=None, mistakes=None, frame=report.frame.drop(index="roc_auc_ovr")
    )
    assert [panel.name for panel in panels_of(labels_alone)] == ["confusion_matrix", "per_class"]
    one_class = dataclasses.replace(evaluation, frame=report.frame.drop(index="roc_auc_ovr"))
    assert {"roc", "precision_recall"}.isdisjoint(panel.name for panel in panels_of(one_class))


@pytest.mark.parametrize("which", ["report", "cv_report"])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_each_panel_is_drawn_and_says_what_it_shows(panel, which, request):
    evaluation = request.getfixturevalue(which)._evaluation
    picture = drawn(panel.figure(evaluation))
    assert picture.std() > 0.01
    text = panel.say(evaluation)
    assert text.endswith(".")
    assert "nan" not in text


@pytest.mark.filterwarnings("ignore:No installed font", "ignore:Glyph")
@pytest.mark.parametrize(
    "labels",
    [[False, True], LONG_NAMES, list(range(100)), [f"family {i} of some long name" for i in range(40)]],
    ids=["bools", "long", "100", "40 long"],
)
def test_names_of_bars_are_neither_cut_nor_lie_over_each_other(labels, rng):
    panel = next(panel for panel in PANELS if panel.name == "per_class")
    figure = panel.figure(labelled(rng, labels))
    assert drawn(figure).std() > 0.01
    (ax,) = figure.axes
    boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
    assert len(boxes) == min(len(labels), MOST_BARS)
    assert min(box.x0 for box in boxes) >= 0
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))


@pytest.mark.parametrize("labels", [["no", "yes"], list(range(100))], ids=["two", "100"])
def test_panels_take_few_classes_and_many(labels, rng):
    evaluation = labelled(rng, labels)
    assert all(drawn(panel.figure(evaluation)).std() > 0.01 for panel in panels_of(evaluation))


def test_words_tell_the_most_frequent_confusion_or_that_there_is_none(report):
    say = {panel.name: panel.say for panel in PANELS}
    table = report.per_class
    worst = table["n_taken_for"].idxmax()
    row = table.loc[worst]
    words = f"Most often {worst} is taken for {row['taken_for']}, by {row['n_taken_for']} images."
    assert say["confusion_matrix"](report._evaluation).endswith(words)
    perfect = dataclasses.replace(report._evaluation, per_class=table.assign(n_taken_for=0))
    assert say["confusion_matrix"](perfect).endswith("No image is mistaken.")
    assert f"{report.frame['value']['roc_auc_ovr']:.4f}" in say["roc"](report._evaluation)

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skimgcls import MLPClassifier
from skimgcls.metrics import ClassBalanceDisplay
from skimgcls.preprocessing import ImageNormalizer

LONG_NAMES = [
    "Canis lupus familiaris (golden retriever)",
    "very_long_snake_case_class_name_01",
    "Донаудампфшиффартсгезельшафт",
    "كلب صغير",
    "猫と犬",
    "$5 bill & $6",
]
CASES = {
    "balanced": np.arange(600) % 10,
    "long tail": np.repeat(np.arange(10), [5000, 3000, 1800, 1100, 650, 390, 230, 140, 80, 50]),
    "two": np.repeat(["benign", "malignant"], [990, 10]),
    "booleans": np.array([True] * 30 + [False] * 70),
    "thirty": np.repeat([f"species {i}" for i in range(30)], np.arange(30, 0, -1)),
    "hundred": np.repeat([f"species number {i}" for i in range(100)], np.arange(1, 101) ** 2),
    "long": np.repeat(LONG_NAMES, [1234567, 900000, 500000, 12000, 300, 2]),
    "one": np.array(["only"] * 5),
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")
@pytest.mark.parametrize("labels", CASES.values(), ids=CASES)
def test_a_picture_of_any_labels_is_drawn_without_overlap(labels, png_complaints):
    assert png_complaints(ClassBalanceDisplay.from_labels(labels).figure_) == []


def test_bars_stand_from_the_largest_to_the_smallest_with_name_and_number():
    display = ClassBalanceDisplay.from_labels(["owl"] * 3 + ["cat"] * 30 + ["dog"] * 12)
    assert [bar.get_width() for bar in display.ax_.patches] == [30, 12, 3]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["cat", "dog", "owl"]
    assert texts(display.ax_)[:3] == ["30", "12", "3"]
    assert [to_hex(bar.get_facecolor()) for bar in display.ax_.patches] == ["#0072b2", "#0072b2", "#d55e00"]
    assert "the largest class is 10 times the smallest" in texts(display.ax_)[-1]
    assert display.ax_.lines[0].get_xdata()[0] == 15


def test_of_many_classes_the_ends_are_named():
    display = ClassBalanceDisplay.from_labels(CASES["hundred"])
    note = " ".join(texts(display.ax_)[-1].split())
    assert "largest: species number 99, 10,000" in note
    assert "smallest: species number 0, 1" in note
    assert display.ax_.get_xlabel() == "100 classes, from the largest to the smallest"


def test_classes_without_images_are_shown_and_named():
    display = ClassBalanceDisplay.from_labels([0, 0, 2], classes=[0, 1, 2])
    assert display.counts.tolist() == [2, 1, 0]
    assert display.ratio_ == np.inf
    assert "no images of 1" in texts(display.ax_)[-1]


def test_an_estimator_shows_what_its_training_weighs(digits):
    X, y = digits
    kept = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:5]])
    X, y = X[kept], y[kept]
    shown = {}
    for name, params in {
        "plain": {},
        "weights": {"class_weight": "balanced"},
        "draws": {"sampling": "oversample"},
    }.items():
        clf = MLPClassifier(hidden_units=4, max_epochs=1, random_state=0, **params).fit(X, y)
        shown[name] = ClassBalanceDisplay.from_estimator(clf)
    assert shown["plain"].counts.tolist() == [len(y) - 5, 5]
    assert shown["weights"].ratio_ == pytest.approx(1)
    assert shown["draws"].counts.tolist() == [len(y) - 5] * 2


def test_a_classifier_inside_a_pipeline_inside_a_search_is_found(digits):
    pipeline = make_pipeline(ImageNormalizer(), MLPClassifier(hidden_units=4, max_epochs=1))
    search = GridSearchCV(pipeline, {"mlpclassifier__lr": [0.01]}, cv=2).fit(*digits)
    assert ClassBalanceDisplay.from_estimator(search).counts.sum() == 200


@pytest.mark.parametrize("estimator", [GaussianNB(), MLPClassifier()], ids=["foreign", "unfitted"])
def test_an_estimator_that_keeps_no_counts_is_refused(estimator):
    with pytest.raises(ValueError, match=r"Use ClassBalanceDisplay.from_labels\(y\)"):
        ClassBalanceDisplay.from_estimator(estimator)


def test_it_is_drawn_into_axes_that_are_given(png_complaints):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    display = ClassBalanceDisplay.from_labels(CASES["long tail"], ax=axes[0])
    ClassBalanceDisplay.from_labels(CASES["thirty"], ax=axes[1])
    assert display.ax_ is axes[0]
    assert display.figure_ is figure
    assert not axes[1].get_yticklabels() or "30 classes" in axes[1].get_xlabel()
    assert png_complaints(figure) == []


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="one number for each class"):
        ClassBalanceDisplay([1, 2], ["a"])
    with pytest.raises(ValueError, match="one number for each class"):
        ClassBalanceDisplay([0, 0], ["a", "b"])
    with pytest.raises(ValueError, match=r"no class: \['c'\]"):
        ClassBalanceDisplay.from_labels(["a", "c"], classes=["a", "b"])

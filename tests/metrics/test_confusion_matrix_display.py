import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Annotation
from sklearn import metrics
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skimgcls.metrics import ConfusionMatrixDisplay

BOXES = pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")


def shown(display):
    return [[text.get_text() if text else "" for text in row] for row in display.text_]


def note(display):
    return " ".join([text for text in display.ax_.texts if isinstance(text, Annotation)][-1].get_text().split())


@BOXES
def test_any_model_is_drawn_without_overlap_with_the_numbers_of_scikit_learn(case, png_complaints):
    _, y, proba, classes = case
    y_pred = classes[proba.argmax(axis=1)]
    display = ConfusionMatrixDisplay.from_predictions(y, y_pred, classes=classes)
    expected = metrics.confusion_matrix(y, y_pred, labels=classes, normalize="true")
    np.testing.assert_array_equal(display.confusion_matrix, expected)
    assert png_complaints(display.figure_) == []


@pytest.mark.parametrize("normalize", ["pred", "all", None])
def test_other_shares_are_those_of_scikit_learn(normalize):
    y, y_pred = list("aaaabbc"), list("aabbbac")
    display = ConfusionMatrixDisplay.from_predictions(y, y_pred, normalize=normalize)
    np.testing.assert_array_equal(display.confusion_matrix, metrics.confusion_matrix(y, y_pred, normalize=normalize))
    assert isinstance(display, metrics.ConfusionMatrixDisplay)


def test_cells_hold_percent_of_each_true_class_and_what_never_happened_is_blank():
    display = ConfusionMatrixDisplay.from_predictions(list("aaaab"), list("aaabb"))
    assert shown(display) == [["75", "25"], ["", "100"]]
    assert note(display) == "percent of the images of each true class"
    counts = ConfusionMatrixDisplay.from_predictions(list("aaaab"), list("aaabb"), normalize=None)
    assert shown(counts) == [["3", "1"], ["", "1"]]
    assert note(counts) == "number of images"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50"), (0.0004, "<0.1"), (0.006, "0.6"), (0.0149, "1"), (0.994, "99"), (0.996, "99.6"), (0.9996, ">99.9")],
)
def test_rounding_claims_neither_never_nor_always(share, text):
    matrix = np.array([[1 - share, share], [0, 1]])
    assert shown(ConfusionMatrixDisplay(matrix, normalize="true").plot())[0][1] == text


def test_numbers_stand_out_from_their_background(predictions):
    y, proba, classes = predictions(range(10))
    display = ConfusionMatrixDisplay.from_predictions(y, classes[proba.argmax(axis=1)])
    for i, j in np.argwhere(display.confusion_matrix > 0):
        image = display.ax_.images[int(i != j)]
        background = plt.matplotlib.colors.to_rgb(image.cmap(image.norm(display.confusion_matrix[i, j])))
        colours = [plt.matplotlib.colors.to_rgb(display.text_[i, j].get_color()), background]
        assert abs(np.dot(np.subtract(*colours), (0.299, 0.587, 0.114))) > 0.4


def test_mistakes_have_a_colour_of_their_own(predictions):
    y, proba, classes = predictions(range(10))
    display = ConfusionMatrixDisplay.from_predictions(y, classes[proba.argmax(axis=1)])
    correct, wrong = (~np.ma.getmaskarray(image.get_array()) for image in display.ax_.images)
    filled = display.confusion_matrix > 0
    np.testing.assert_array_equal(correct, filled & np.eye(10, dtype=bool))
    np.testing.assert_array_equal(wrong, filled & ~np.eye(10, dtype=bool))
    assert display.im_ is display.ax_.images[0]


def test_a_perfect_model_has_no_dark_mistakes():
    y = np.arange(3000) % 3
    y_pred = y.copy()
    y_pred[0] = 1
    image = ConfusionMatrixDisplay.from_predictions(y, y_pred).ax_.images[1]
    assert image.norm(0.001) < 0.02


def test_of_a_hundred_classes_the_strongest_confusions_are_ringed_and_named():
    y = np.repeat(np.arange(100), 20)
    y_pred = y.copy()
    y_pred[60:71], y_pred[1000:1005] = 97, 51  # 11 images of class 3, 5 of class 50
    names = np.array([f"species {i}" for i in range(100)])
    display = ConfusionMatrixDisplay.from_predictions(names[y], names[y_pred], classes=names)
    assert display.text_ is None
    assert {"species 3", "species 97", "species 50", "species 51", "55", "25"} <= {
        text.get_text() for text in display.ax_.texts
    }
    (rings,) = [line for line in display.ax_.lines if line.get_marker() == "s"]
    assert rings.get_xydata().tolist() == [[97, 3], [51, 50]]
    assert "ringed: the 2 strongest confusions" in note(display)
    perfect = ConfusionMatrixDisplay.from_predictions(names[y], names[y], classes=names)
    assert "ringed" not in note(perfect)


def test_a_class_without_images_is_said_in_the_note():
    display = ConfusionMatrixDisplay.from_predictions(["a", "b"], ["a", "b"], classes=list("abcdefg"))
    assert note(display).endswith("no image of c, d, e and 2 more")


def test_classes_are_the_sorted_labels_of_both_unless_given():
    display = ConfusionMatrixDisplay.from_predictions([True, True], [True, False])
    assert display.display_labels.tolist() == [False, True]
    ordered = ConfusionMatrixDisplay.from_predictions(["a", "b"], ["a", "a"], classes=["b", "a"])
    assert [tick.get_text() for tick in ordered.ax_.get_yticklabels()] == ["b", "a"]


def test_from_estimator_predicts_through_pipelines_and_searches_without_probabilities(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    search = GridSearchCV(make_pipeline(StandardScaler(), LinearSVC()), {"linearsvc__C": [0.1]}, cv=2)
    search.fit(X[:150], y[:150])
    display = ConfusionMatrixDisplay.from_estimator(search, X[150:], y[150:])
    expected = metrics.confusion_matrix(y[150:], search.predict(X[150:]), labels=range(10), normalize="true")
    np.testing.assert_array_equal(display.confusion_matrix, expected)


def test_a_label_that_the_classifier_does_not_know_is_a_mistake_in_a_row_of_its_own():
    X = np.array([[0.0], [0.1], [1.0], [1.1]])
    clf = LogisticRegression().fit(X, ["a", "a", "b", "b"])
    display = ConfusionMatrixDisplay.from_estimator(clf, X, ["a", "a", "b", "new"], normalize=None)
    assert display.display_labels.tolist() == ["a", "b", "new"]
    assert display.confusion_matrix.tolist() == [[2, 0, 0], [0, 1, 0], [0, 1, 0]]
    with pytest.raises(ValueError, match=r"None of the labels is a class.*fitted with"):
        ConfusionMatrixDisplay.from_estimator(clf, X, [0, 0, 1, 1])


def test_what_is_unknown_is_refused():
    with pytest.raises(ValueError, match="normalize"):
        ConfusionMatrixDisplay.from_predictions([0, 1], [0, 1], normalize="rows")
    with pytest.raises(ValueError, match="inconsistent"):
        ConfusionMatrixDisplay.from_predictions([0, 1], [0, 1, 1])


@BOXES
@pytest.mark.parametrize("kind", ["digits", "long", "hundred"])
def test_fits_into_a_small_panel(kind, named_case, png_complaints):
    y, proba, classes = named_case(kind)
    figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    display = ConfusionMatrixDisplay.from_predictions(y, classes[proba.argmax(axis=1)], classes=classes, ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert png_complaints(figure) == []


def test_a_model_that_is_not_fitted_says_so():
    with pytest.raises(NotFittedError):
        ConfusionMatrixDisplay.from_estimator(LogisticRegression(), [[0.0], [1.0]], [0, 1])

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, roc_auc_score, roc_curve
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skimgcls.metrics import RocCurveDisplay


def test_areas_equal_those_of_scikit_learn(case):
    _, y, proba, classes = case
    display = RocCurveDisplay.from_predictions(y, proba, classes=classes)
    is_class = np.asarray(y)[:, None] == classes
    present = is_class.any(axis=0)
    if len(classes) == 2:
        assert display.frame["auc"].tolist() == [pytest.approx(roc_auc_score(is_class[:, 1], proba[:, 1]))]
        assert display.averages == {}
        return
    expected = roc_auc_score(is_class[:, present], proba[:, present], average=None)
    np.testing.assert_allclose([curve.area for curve in display.curves.values()], expected)
    assert display.averages["macro"].area == pytest.approx(expected.mean())
    assert display.averages["micro"].area == pytest.approx(roc_auc_score(is_class, proba, average="micro"))
    assert display.left_out == classes[~present].tolist()


def test_areas_equal_the_one_against_the_rest_score_of_scikit_learn(predictions):
    y, proba, _ = predictions(["a", "b", "c", "d"])
    frame = RocCurveDisplay.from_predictions(y, proba).frame.set_index("class")
    assert frame.loc["macro", "auc"] == pytest.approx(roc_auc_score(y, proba, multi_class="ovr"))
    assert frame.loc["b", "n_images"] == (y == "b").sum()


def test_curves_are_those_of_scikit_learn_and_the_macro_average_has_the_mean_area(predictions):
    y, proba, _ = predictions(range(5), skill=1)
    display = RocCurveDisplay.from_predictions(y, proba)
    false_rate, true_rate, _ = roc_curve(y == 3, proba[:, 3])
    np.testing.assert_array_equal(display.curves[3].x, false_rate)
    np.testing.assert_array_equal(display.curves[3].y, true_rate)
    macro = display.averages["macro"]
    assert auc(macro.x, macro.y) == pytest.approx(macro.area)
    grid = [0.1, 0.35, 0.8]  # between the steps
    heights = [np.interp(grid, curve.x, curve.y) for curve in display.curves.values()]
    np.testing.assert_allclose(np.interp(grid, macro.x, macro.y), np.mean(heights, axis=0), atol=0.02)


def test_a_picture_of_any_model_is_drawn_without_overlap(case, png_complaints):
    _, y, proba, classes = case
    assert png_complaints(RocCurveDisplay.from_predictions(y, proba, classes=classes).figure_) == []


def key_of(display):
    inset = display.ax_.child_axes
    return [text.get_text() for text in (inset[0] if inset else display.ax_).get_legend().get_texts()]


def test_of_many_classes_the_worst_are_named(predictions):
    y, proba, _ = predictions([f"species {i}" for i in range(30)])
    display = RocCurveDisplay.from_predictions(y, proba)
    shown = [text.partition("\xa0")[2].strip() for text in key_of(display)]
    assert shown[:2] == ["macro average", "micro average"]
    assert shown[2:] == display.frame.head(30).sort_values("auc")["class"].head(3).tolist()
    assert sum(line.get_color() == "#9A9A9A" for line in display.ax_.lines) == 27


def test_of_few_classes_all_are_named(predictions):
    y, proba, _ = predictions(["a", "b", "c", "d"])
    assert len(key_of(RocCurveDisplay.from_predictions(y, proba))) == 6
    y, proba, _ = predictions(["a", "b"])
    assert [text[-1] for text in key_of(RocCurveDisplay.from_predictions(y, proba))] == ["b"]


def test_an_inset_shows_the_corner_of_good_models_only(predictions):
    good = RocCurveDisplay.from_predictions(*predictions(range(5), n=1000, skill=9)[:2])
    (inset,) = good.ax_.child_axes
    assert inset.get_xlim()[1] < 0.35
    assert inset.get_ylim()[0] > 0.65
    assert len(inset.lines) == len(good.ax_.lines)
    assert good.ax_.get_legend() is None
    assert not RocCurveDisplay.from_predictions(*predictions(range(5), skill=1)[:2]).ax_.child_axes


def test_rounding_claims_no_perfect_area(predictions):
    y, proba, _ = predictions(range(3), n=3000, skill=12)
    display = RocCurveDisplay.from_predictions(y, proba)
    assert 0.9995 <= display.averages["macro"].area < 1
    assert ">0.999" in key_of(display)[0]


def note(display):
    return " ".join(display.ax_.texts[0].get_text().split())


def test_the_note_names_the_model_the_positive_class_and_what_is_left_out(predictions):
    y, proba, classes = predictions(range(10), missing=(1, 3, 5, 7, 9))
    text = note(RocCurveDisplay.from_predictions(y, proba, classes=classes, name="my CNN"))
    assert text.startswith("my CNN")
    assert "left out, no image in y: 1, 3, 5 and 2 more" in text
    y, proba, _ = predictions(["benign", "malignant"])
    assert "positive class: malignant" in note(RocCurveDisplay.from_predictions(y, proba))


def test_from_estimator_predicts_through_pipelines_and_searches(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=20, tol=0.1))
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1]}, cv=2).fit(X[:150], y[:150])
    display = RocCurveDisplay.from_estimator(search, X[150:], y[150:])
    expected = RocCurveDisplay.from_predictions(y[150:], search.predict_proba(X[150:]), classes=search.classes_)
    assert display.frame.equals(expected.frame)


def test_a_classifier_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="LinearSVC has no predict_proba"):
        RocCurveDisplay.from_estimator(LinearSVC(), [[0]], [0])


@pytest.mark.parametrize("within", ["axes", "subfigure"])
def test_draws_into_given_axes(predictions, within):
    figure = plt.figure(layout="constrained")
    ax = (figure if within == "axes" else figure.subfigures(1, 2)[0]).subplots()
    display = RocCurveDisplay.from_predictions(*predictions(range(3))[:2], ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot().ax_ is not ax

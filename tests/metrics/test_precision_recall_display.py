import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls.metrics import PrecisionRecallDisplay


def test_areas_equal_those_of_scikit_learn(case):
    _, y, proba, classes = case
    display = PrecisionRecallDisplay.from_predictions(y, proba, classes=classes)
    is_class = np.asarray(y)[:, None] == classes
    present = is_class.any(axis=0)
    if len(classes) == 2:
        expected = average_precision_score(is_class[:, 1], proba[:, 1])
        assert display.frame["average_precision"].tolist() == [pytest.approx(expected)]
        return
    expected = average_precision_score(is_class[:, present], proba[:, present], average=None)
    np.testing.assert_allclose([curve.area for curve in display.curves.values()], expected)
    assert display.averages["macro"].area == pytest.approx(expected.mean())
    assert display.averages["micro"].area == pytest.approx(average_precision_score(is_class, proba, average="micro"))
    assert display.left_out == classes[~present].tolist()


def test_the_steps_of_each_curve_and_of_the_macro_average_have_their_area(predictions):
    y, proba, _ = predictions(range(5), skill=1)
    display = PrecisionRecallDisplay.from_predictions(y, proba)
    for curve in [*display.curves.values(), *display.averages.values()]:
        assert np.sum(np.diff(curve.x) * curve.y[1:]) == pytest.approx(curve.area)
    precision, recall, _ = precision_recall_curve(y == 3, proba[:, 3], drop_intermediate=True)
    np.testing.assert_array_equal(display.curves[3].x, recall[::-1])
    np.testing.assert_array_equal(display.curves[3].y, precision[::-1])


def test_a_picture_of_any_model_is_drawn_without_overlap(case, png_complaints):
    _, y, proba, classes = case
    assert png_complaints(PrecisionRecallDisplay.from_predictions(y, proba, classes=classes).figure_) == []


def test_guessing_has_the_share_of_the_class_as_its_precision(predictions):
    y, proba, _ = predictions(["a", "b", "b"], skill=1)  # two thirds are b
    display = PrecisionRecallDisplay.from_predictions(y, proba[:, :2] / proba[:, :2].sum(axis=1, keepdims=True))
    (guessing,) = [line for line in display.ax_.lines if line.get_linestyle() == ":"]
    assert guessing.get_ydata() == [pytest.approx((y == "b").mean())] * 2


@pytest.mark.parametrize(("skill", "corner"), [(5, "lower left"), (0.1, "upper right")])
def test_the_key_stands_where_the_curves_leave_room(predictions, skill, corner):
    display = PrecisionRecallDisplay.from_predictions(*predictions(range(8), skill=skill)[:2])
    axes = [display.ax_, *display.ax_.child_axes]
    (key,) = [ax.get_legend() for ax in axes if ax.get_legend()]
    assert key._loc == key.codes[corner]


def test_an_inset_shows_the_corner_of_good_models(predictions):
    display = PrecisionRecallDisplay.from_predictions(*predictions(range(3), n=900, skill=12)[:2])
    (inset,) = display.ax_.child_axes
    assert inset.get_xlim()[0] > 0.65
    assert inset.get_ylim()[0] > 0.65


def test_from_estimator_predicts_through_a_pipeline(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=20, tol=0.1)).fit(X[:150], y[:150])
    display = PrecisionRecallDisplay.from_estimator(pipeline, X[150:], y[150:], name="flat")
    expected = PrecisionRecallDisplay.from_predictions(y[150:], pipeline.predict_proba(X[150:]), classes=range(10))
    assert display.frame.equals(expected.frame)
    assert display.ax_.texts[0].get_text().startswith("flat")

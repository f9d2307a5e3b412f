import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimgcls.metrics import ReliabilityDisplay, expected_calibration_error


def texts(ax):
    return [text.get_text() for text in ax.texts]


def sharpened(proba, power):
    powered = proba**power
    return powered / powered.sum(axis=1, keepdims=True)


def test_points_stand_at_the_mean_confidence_and_accuracy_of_the_filled_bins(predictions):
    y, proba, classes = predictions(range(4))
    display = ReliabilityDisplay.from_predictions(y, proba, n_bins=10)
    filled = display.bins[display.bins["n_images"] > 0]
    points = [line for line in display.axes_[0].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(points[0].get_xydata(), filled[["confidence", "accuracy"]])
    last = proba.max(axis=1) > 0.9
    assert display.bins["accuracy"].iloc[-1] == pytest.approx((classes[proba.argmax(axis=1)] == y)[last].mean())
    assert display.bins["n_images"].sum() == len(y)


def test_the_error_is_that_of_the_function(case):
    _, y, proba, classes = case
    display = ReliabilityDisplay.from_predictions(y, proba, classes=classes, name="net", n_bins=12)
    assert display.errors_ == {"net": pytest.approx(expected_calibration_error(y, proba, classes=classes, n_bins=12))}
    note = " ".join(texts(display.axes_[0])[-1].split())
    assert note.startswith("net")
    assert f"expected calibration error {display.errors_['net']:.3f}, 12 bins" in note


def test_whiskers_are_wilson_intervals(predictions):
    y, proba, _ = predictions(range(4), n=80)
    display = ReliabilityDisplay.from_predictions(y, proba)
    filled = display.bins[display.bins["n_images"] > 0]
    whiskers = [segment[:, 1] for segment in display.axes_[0].collections[0].get_segments()]
    for row, whisker in zip(filled.itertuples(), whiskers, strict=True):
        test = binomtest(round(row.accuracy * row.n_images), row.n_images)
        np.testing.assert_allclose(whisker, test.proportion_ci(0.95, method="wilson"), atol=1e-6)


def test_bars_span_the_gap_in_the_colour_of_its_direction(predictions):
    y, proba, _ = predictions(range(4))
    for power, colour in ((6, "#d55e00"), (0.3, "#0072b2")):
        display = ReliabilityDisplay.from_predictions(y, sharpened(proba, power))
        table = display.bins[display.bins["n_images"] > 0]
        heaviest = int(np.argmax(table["n_images"]))
        bar = display.axes_[0].patches[heaviest]
        row = table.iloc[heaviest]
        assert bar.get_y() == pytest.approx(row["accuracy"])
        assert bar.get_y() + bar.get_height() == pytest.approx(row["confidence"])
        assert plt.matplotlib.colors.to_hex(bar.get_facecolor()) == colour


def test_the_panel_below_counts_images(predictions):
    y, proba, _ = predictions(range(4), n=3000, skill=6)
    display = ReliabilityDisplay.from_predictions(y, proba)
    below = display.axes_[1]
    assert [bar.get_height() for bar in below.patches] == display.bins["n_images"].tolist()
    largest = display.bins["n_images"].max()
    assert f"{largest / 1000:.1f}k" in texts(below)
    assert below.get_xlim() == display.axes_[0].get_xlim()


def test_a_picture_of_any_model_is_drawn_without_overlap(case, png_complaints):
    _, y, proba, classes = case
    assert png_complaints(ReliabilityDisplay.from_predictions(y, proba, classes=classes, name="model").figure_) == []


def test_several_models_are_lines_with_names_and_errors(predictions, png_complaints):
    y, proba, _ = predictions(range(4))
    models = {"CNN": proba, "$x$ and a name that goes on and on": sharpened(proba, 4), "كلب": sharpened(proba, 0.5)}
    display = ReliabilityDisplay.from_predictions(y, models)
    lines = [line for line in display.axes_[0].lines if line.get_marker() == "o"]
    assert len({line.get_color() for line in lines}) == 3
    key = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert key[0] == f"\u200e{display.errors_['CNN']:.3f}\xa0 CNN"
    assert list(display.bins) == list(models)
    assert png_complaints(display.figure_) == []


def test_from_estimator_predicts_with_one_or_several(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=20, tol=0.1)).fit(X[:150], y[:150])
    display = ReliabilityDisplay.from_estimator(pipeline, X[150:], y[150:], n_bins=5)
    expected = ReliabilityDisplay.from_predictions(
        y[150:], pipeline.predict_proba(X[150:]), classes=pipeline.classes_, n_bins=5
    )
    assert display.bins.equals(expected.bins)
    both = ReliabilityDisplay.from_estimator({"a": pipeline, "b": pipeline}, X[150:], y[150:])
    assert both.errors_["a"] == both.errors_["b"]


@pytest.mark.parametrize("n_models", [0, 8])
def test_no_model_and_too_many_are_refused(predictions, n_models):
    y, proba, _ = predictions(range(3))
    with pytest.raises(ValueError, match=f"1 to 7 models, got {n_models}"):
        ReliabilityDisplay.from_predictions(y, {str(i): proba for i in range(n_models)})


@pytest.mark.parametrize("n_axes", [1, 2])
def test_draws_into_given_axes(predictions, n_axes, png_complaints):
    figure, given = plt.subplots(n_axes, 1, layout="constrained", squeeze=False, figsize=(5, 6))
    given = given.ravel()
    display = ReliabilityDisplay.from_predictions(*predictions(range(3))[:2], ax=given if n_axes == 2 else given[0])
    assert display.figure_ is figure
    assert (list(display.axes_) == list(given)) == (n_axes == 2)
    assert png_complaints(figure) == []
    above, below = (ax.get_window_extent() for ax in display.axes_)
    assert above.y0 > below.y1
    assert n_axes == 2 or above.height > 2 * below.height

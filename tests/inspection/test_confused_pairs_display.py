import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.images import decode_images
from skimgcls.inspection import ConfusedPairsDisplay, misclassified_images, most_confused_pairs
from skimgcls.inspection._nearest_correct import features_of

LONG_NAMES = [
    "Canis lupus familiaris (golden retriever), seen from behind in the rain",
    "very_long_snake_case_class_name_01",
    "Донаудампфшиффартсгезельшафт",
    "كلب صغير",
]


@pytest.fixture
def network(digits):
    X, y = digits
    return MLPClassifier(hidden_units=(9,), max_epochs=3, random_state=0).fit(X[:100], y[:100]), X[100:], y[100:]


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def headings(display):
    return [text for text in texts_of(display.figure_.axes[0]) if text]


def assert_nothing_overlaps_or_is_cut(display):
    display.figure_.savefig(io.BytesIO(), format="png", dpi=100)
    tiles = list(display.axes_.ravel())
    texts = [text for ax in (display.figure_.axes[0], *tiles) for text in ax.texts if text.get_text()]
    boxes = [each.get_window_extent() for each in (*texts, *tiles)]
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= display.figure_.bbox.x1 + 1
        assert box.y1 <= display.figure_.bbox.y1 + 1
    for one, other in itertools.combinations(boxes, 2):
        width, height = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
        assert width < 1.5 or height < 1


def test_each_of_the_most_confused_pairs_has_its_most_confident_mistakes(network):
    clf, X, y = network
    display = ConfusedPairsDisplay.from_estimator(clf, X, y, n_pairs=2, n_images=2)
    pairs = most_confused_pairs(clf, X, y, n_pairs=2)
    assert display.pairs.equals(pairs)
    mistakes = misclassified_images(clf, X, y)
    shown = 0
    for pair in pairs.itertuples():
        expected = mistakes[(mistakes["true"] == pair.true) & (mistakes["predicted"] == pair.predicted)].head(2)
        rows = display.mistakes.iloc[shown : shown + len(expected)]
        assert rows["index"].tolist() == expected["index"].tolist()
        np.testing.assert_array_equal(rows["confidence"], expected["confidence"])
        shown += len(expected)
    assert shown == len(display.mistakes) == len(display.images)


@pytest.mark.parametrize("hand_in_training_images", [False, True])
def test_the_image_beside_a_mistake_is_the_nearest_correct_one(hand_in_training_images, network, digits):
    clf, X, y = network
    searched = (digits[0][:100], digits[1][:100]) if hand_in_training_images else (X, y)
    options = {"X_train": searched[0], "y_train": searched[1]} if hand_in_training_images else {}
    display = ConfusedPairsDisplay.from_estimator(clf, X, y, n_images=2, **options)
    correct = np.flatnonzero(clf.predict(searched[0]) == searched[1])
    features = features_of(clf, searched[0], correct.tolist())
    for i, row in enumerate(display.mistakes.itertuples()):
        distances = np.linalg.norm(features - features_of(clf, X, [row.index]), axis=1)
        assert row.nearest_index == correct[distances.argmin()]
        assert row.distance == pytest.approx(distances.min(), rel=1e-3)
        assert row.nearest_label == searched[1][row.nearest_index]
        np.testing.assert_array_equal(display.nearest_images[i], np.round(searched[0][row.nearest_index] * (255 / 16)))
        prefix = "training #" if hand_in_training_images else "#"
        assert texts_of(display.axes_[i, 0])[1] == f"#{row.index}"
        assert texts_of(display.axes_[i, 1]) == [f"✓\xa0{row.nearest_label}", f"{prefix}{row.nearest_index}"]


def test_headings_count(network):
    clf, X, y = network
    display = ConfusedPairsDisplay.from_estimator(clf, X, y, n_pairs=1)
    pair = next(display.pairs.itertuples())
    n_true = int((y == pair.true).sum())
    heading, detail, title, note = headings(display)
    assert title == "MLPClassifier: the most frequent confusion"
    assert "nearest" in note
    assert heading == f"{pair.true} taken for {pair.predicted}"
    assert detail.startswith(f"{pair.n_images} of {n_true} images (")
    assert detail.endswith(f"the other way {pair.n_reverse}")


@pytest.mark.parametrize("wrap", ["pipeline", "search"])
def test_networks_in_pipelines_and_searches(wrap, digits):
    X, y = digits
    clf = make_pipeline(FunctionTransformer(lambda X: X / 16), MLPClassifier(max_epochs=1, random_state=0))
    if wrap == "search":
        clf = GridSearchCV(clf, {"mlpclassifier__lr": [1e-3]}, cv=2)
    display = ConfusedPairsDisplay.from_estimator(clf.fit(X, y), X, y, n_pairs=2, n_images=2)
    assert display.axes_.shape == (len(display.mistakes), 2)
    assert display.title.startswith("MLPClassifier: ")


def test_classifiers_of_scikit_learn_compare_pixels(digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    names = np.array([f"digit {label}" for label in y])
    clf = LogisticRegression(C=0.0001).fit(X, names)
    display = ConfusedPairsDisplay.from_estimator(clf, X, names, name="a line")
    correct = np.flatnonzero(clf.predict(X) == names)
    row = display.mistakes.iloc[0]
    distances = np.linalg.norm(X[correct].astype(float) - X[row["index"]], axis=1)
    assert row["nearest_index"] == correct[distances.argmin()]
    assert display.title.startswith("a line: ")


def test_paths_are_decoded_and_give_the_names(tmp_path, digits):
    X, y = digits
    paths = np.array([str(tmp_path / f"digit_{i}.png") for i in range(60)])
    for path, image in zip(paths, X, strict=False):
        Image.fromarray(image * 15).save(path)
    decode = FunctionTransformer(lambda paths: decode_images(paths, 8))
    clf = make_pipeline(decode, MLPClassifier(max_epochs=1, random_state=0)).fit(paths, y[:60])
    display = ConfusedPairsDisplay.from_estimator(clf, paths, y[:60], n_pairs=1, n_images=1)
    row = display.mistakes.iloc[0]
    np.testing.assert_array_equal(display.images[0], X[row["index"]] * 15)
    assert row["name"] == f"digit_{row['index']}.png"
    assert row["nearest_name"] == f"digit_{row['nearest_index']}.png"


def test_no_mistakes_are_said_and_not_an_error(network):
    clf, X, _ = network
    display = ConfusedPairsDisplay.from_estimator(clf, X, clf.predict(X))
    assert display.title == "MLPClassifier: no mistakes"
    assert display.axes_.shape == (0, 2)
    display.figure_.canvas.draw()


def test_without_a_correct_image_the_place_stays_empty(network):
    clf, X, y = network
    wrong = clf.predict(X) != y
    display = ConfusedPairsDisplay.from_estimator(clf, X[wrong], y[wrong], n_pairs=1, n_images=1)
    assert display.mistakes["nearest_index"].tolist() == [-1]
    assert not display.axes_[0, 1].images
    assert not display.axes_[0, 1].axison


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")
@pytest.mark.parametrize(
    ("n_classes", "n_images", "colour"), [(2, 1, False), (2, 5, True), (10, 5, False), (100, 3, True)]
)
@pytest.mark.parametrize("into_axes", [False, True])
def test_pictures_neither_overlap_nor_are_cut(n_classes, n_images, colour, into_axes, rng):
    X = rng.integers(0, 256, (200, 8, 8, 3) if colour else (200, 8, 8), dtype=np.uint8)
    y = np.array([f"{LONG_NAMES[i % 4]} {i}" for i in range(n_classes)])[rng.permutation(200) % n_classes]
    clf = MLPClassifier(hidden_units=(4,), max_epochs=1, random_state=0).fit(X, y)
    ax = plt.subplots(figsize=(9, 7))[1] if into_axes else None
    display = ConfusedPairsDisplay.from_estimator(clf, X, y, n_images=n_images, ax=ax)
    assert_nothing_overlaps_or_is_cut(display)


def test_bytes_and_floats_side_by_side_keep_their_values(network, digits):
    clf, X, y = network
    training = digits[0][:100].astype(np.float32), digits[1][:100]
    display = ConfusedPairsDisplay.from_estimator(clf, X, y, X_train=training[0], y_train=training[1], n_pairs=1)
    expected = np.round(training[0][display.mistakes["nearest_index"]] * (255 / 16))
    np.testing.assert_array_equal(display.nearest_images, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"X_train": [1]}, "X_train was given without y_train"),
        ({"y_train": [1]}, "y_train was given without X_train"),
        ({"X_train": [1], "y_train": [1, 2]}, "inconsistent"),
        ({"X_train": [], "y_train": []}, "empty"),
    ],
    ids=["no labels", "no images", "unequal", "empty"],
)
def test_training_images_that_do_not_fit_are_refused(options, message, network):
    clf, X, y = network
    with pytest.raises(ValueError, match=message):
        ConfusedPairsDisplay.from_estimator(clf, X, y, **options)

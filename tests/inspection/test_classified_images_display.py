import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skimgcls.images import ImageLayout, decode_images
from skimgcls.inspection import ClassifiedImagesDisplay, misclassified_images

LONG_NAMES = [
    "Canis lupus familiaris (golden retriever)",
    "very_long_snake_case_class_name_01",
    "very_long_snake_case_class_name_02",
    "Донаудампфшиффартсгезельшафт",
    "كلب صغير",
    "猫と犬",
    "$5 bill & <b>",
]


@pytest.fixture
def fitted(digits):
    X, y = digits
    X = X.reshape(len(X), -1).astype(float)
    return LogisticRegression(C=0.001, max_iter=200).fit(X[:80], y[:80]), X[80:], y[80:]


def captions(display):
    return [[text.get_text() for text in tile.texts] for tile in display.axes_]


def shown(display):
    return np.stack([tile.images[0].get_array() for tile in display.axes_])


def predictions(n, n_classes, rng):
    return rng.integers(0, n_classes, size=n), rng.dirichlet(np.ones(n_classes), size=n)


def test_shows_the_most_confident_mistakes_with_true_label_and_prediction(fitted):
    clf, X, y = fitted
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=5)
    mistakes = misclassified_images(clf, X, y).head(5)
    for caption, row in zip(captions(display), mistakes.itertuples(), strict=True):
        assert caption == [str(row.true), f"✗\xa0{row.predicted} ({row.confidence:.0%})", f"#{row.index}"]
    expected = np.round(X[mistakes["index"]].reshape(5, 8, 8) * 255 / 16)
    np.testing.assert_array_equal(shown(display), expected)


def test_the_title_counts_what_is_shown_and_what_there_is(fitted):
    clf, X, y = fitted
    n_wrong = int((clf.predict(X) != y).sum())
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=5)
    assert display.title == f"LogisticRegression: 5 of {n_wrong} incorrect images, most confident first"
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=5, which="all", sort="random", name="ours")
    assert display.title == f"ours: 5 of {len(y)} images, in random order"


def test_correct_and_incorrect_differ_by_mark_and_colour(fitted):
    clf, X, y = fitted
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, which="all", n_images=len(y))
    looks = {(tile.texts[1].get_text()[0], tile.texts[1].get_color()) for tile in display.axes_}
    assert len(looks) == 2
    assert {mark for mark, _ in looks} == {"✓", "✗"}
    right = ClassifiedImagesDisplay.from_estimator(clf, X, y, which="correct")
    assert {tile.texts[1].get_text()[0] for tile in right.axes_} == {"✓"}


def test_each_image_is_named_by_file_or_position(fitted):
    clf, X, y = fitted
    names = [f"/somewhere/scan {i}.png" for i in range(len(y))]
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=3, names=names)
    rows = misclassified_images(clf, X, y)["index"][:3]
    assert [caption[2] for caption in captions(display)] == [f"scan {row}.png" for row in rows]
    proba = clf.predict_proba(X)
    display = ClassifiedImagesDisplay.from_predictions(X, y, proba, clf.classes_, n_images=3, names=names)
    assert [caption[2] for caption in captions(display)] == [f"scan {row}.png" for row in rows]
    display = ClassifiedImagesDisplay.from_predictions(X, y, proba, clf.classes_, n_images=3)
    assert [caption[2] for caption in captions(display)] == [f"#{row}" for row in rows]
    with pytest.raises(ValueError, match="inconsistent"):
        ClassifiedImagesDisplay.from_estimator(clf, X, y, names=names[:3])


def test_paths_are_decoded_by_the_pipeline_and_name_the_images(tmp_path, digits):
    X, y = digits
    paths = np.array([str(tmp_path / f"{i}.png") for i in range(len(X))])
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image * 15).save(path)
    decode = FunctionTransformer(lambda paths: decode_images(paths, 8).reshape(len(paths), -1))
    clf = make_pipeline(decode, LogisticRegression(C=1e-6)).fit(paths, y)
    display = ClassifiedImagesDisplay.from_estimator(clf, paths, y, n_images=3)
    mistakes = misclassified_images(clf, paths, y).head(3)
    np.testing.assert_array_equal(shown(display), X[mistakes["index"]] * 15)
    assert mistakes["name"].tolist() == paths[mistakes["index"]].tolist()
    assert [caption[2] for caption in captions(display)] == [f"{row}.png" for row in mistakes["index"]]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "(50%)"), (0.994, "(99%)"), (0.996, "(99.6%)"), (0.9999, "(>99.9%)"), (1.0, "(100%)"), (0.001, "(0%)")],
)
def test_a_percentage_claims_no_certainty_that_is_not_there(share, text):
    display = ClassifiedImagesDisplay(np.zeros((1, 2, 2)), y_true=["a"], y_pred=["b"], confidence=[share]).plot()
    assert captions(display)[0][1].endswith(text)


@pytest.mark.parametrize(
    ("convert", "options"),
    [
        (lambda X: X, {}),
        (lambda X: X.transpose(0, 3, 1, 2), {}),
        (lambda X: X.reshape(len(X), -1), {"image_shape": (7, 9, 3)}),
        (lambda X: X.transpose(0, 3, 1, 2).reshape(len(X), -1), {"image_shape": (7, 9, 3), "channels": "first"}),
        (lambda X: pd.DataFrame(X.reshape(len(X), -1)), {"image_shape": (7, 9, 3)}),
        (lambda X: torch.from_numpy(X), {}),
        (lambda X: list(X), {}),
    ],
)
def test_shows_images_of_any_form(convert, options, rng):
    X = rng.integers(0, 256, size=(12, 7, 9, 3), dtype=np.uint8)
    y, proba = predictions(12, 3, rng)
    options = {"which": "all", "n_images": 4, "sort": "random", "random_state": 0, **options}
    display = ClassifiedImagesDisplay.from_predictions(convert(X), y, proba, [0, 1, 2], **options)
    expected = X[np.random.RandomState(0).permutation(12)[:4]]
    np.testing.assert_array_equal(shown(display), expected)


def test_the_shape_of_flat_rows_comes_from_the_fitted_estimator(fitted, rng):
    class Classifier(LogisticRegression):
        image_shape_ = (4, 5, 3)
        _layout = ImageLayout(4, 5, 3, channels_first=True)

    images = rng.integers(0, 256, size=(30, 4, 5, 3), dtype=np.uint8)
    rows, y = images.transpose(0, 3, 1, 2).reshape(30, -1), np.arange(30) % 3
    clf = make_pipeline(StandardScaler(), Classifier(C=1e-6)).fit(rows, y)
    display = ClassifiedImagesDisplay.from_estimator(clf, rows, y, n_images=3)
    np.testing.assert_array_equal(shown(display), images[misclassified_images(clf, rows, y)["index"][:3]])


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")
@pytest.mark.parametrize("n_images", [1, 7, 30])
@pytest.mark.parametrize("size", [8, 90])
@pytest.mark.parametrize("into_axes", [False, True])
def test_long_names_neither_overlap_nor_are_cut(n_images, size, into_axes, rng):
    names = LONG_NAMES + [f"{name} {i}" for i in range(14) for name in LONG_NAMES]
    y, proba = predictions(40, len(names), rng)
    ax = plt.subplots(figsize=(9, 9), layout="constrained")[1] if into_axes else None
    display = ClassifiedImagesDisplay.from_predictions(
        rng.random((40, size, size)),
        np.array(names)[y],
        proba,
        names,
        which="all",
        n_images=n_images,
        names=[f"/folder/a long name of a file_{i:06d}.jpeg" for i in range(40)],
        name="a model of ours",
        ax=ax,
    )
    display.figure_.savefig(io.BytesIO(), format="png")
    whole = display.figure_.bbox
    boxes = [text.get_window_extent() for tile in display.axes_ for text in tile.texts]
    boxes += [tile.get_window_extent() for tile in display.axes_]
    for i, box in enumerate(boxes):
        assert box.x0 >= whole.x0 - 1
        assert box.x1 <= whole.x1 + 1
        assert box.y0 >= whole.y0 - 1
        for other in boxes[:i]:
            shared_width = min(box.x1, other.x1) - max(box.x0, other.x0)
            shared_height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert shared_width < 1 or shared_height < 1


def test_small_images_have_sharp_pixels_and_large_ones_are_smooth(rng):
    y, proba = predictions(2, 2, rng)
    for size, interpolation in ((8, "nearest"), (200, plt.rcParams["image.interpolation"])):
        X = rng.random((2, size, size))
        display = ClassifiedImagesDisplay.from_predictions(X, y, proba, [0, 1], which="all")
        assert display.axes_[0].images[0].get_interpolation() == interpolation


def test_grey_images_share_one_scale(rng):
    X = np.stack([np.full((4, 4), 0.1), np.full((4, 4), 0.9)])
    display = ClassifiedImagesDisplay.from_predictions(X, [0, 1], np.eye(2), [0, 1], which="all")
    assert {tile.images[0].get_clim() for tile in display.axes_} == {(0, 255)}
    assert len(np.unique(shown(display))) == 2


def test_no_mistakes_are_said_and_not_an_error():
    display = ClassifiedImagesDisplay.from_predictions(np.zeros((2, 4, 4)), [0, 1], np.eye(2), [0, 1])
    assert display.title == "no incorrect images"
    assert len(display.axes_) == 0
    display.figure_.canvas.draw()


def test_one_mistake_is_counted_in_the_plural_of_its_whole():
    display = ClassifiedImagesDisplay.from_predictions(np.zeros((2, 4, 4)), [0, 0], np.eye(2), [0, 1])
    assert display.title == "1 of 1 incorrect image, most confident first"


@pytest.mark.parametrize(("n_columns", "expected"), [(None, 4), (2, 2)])
def test_columns_can_be_chosen(n_columns, expected, rng):
    y, proba = predictions(8, 2, rng)
    display = ClassifiedImagesDisplay.from_predictions(
        rng.random((8, 4, 4)), y, proba, [0, 1], which="all", n_columns=n_columns
    )
    assert len({round(tile.get_position().x0, 3) for tile in display.axes_}) == expected


def test_draws_into_given_axes(rng):
    figure, ax = plt.subplots()
    y, proba = predictions(4, 2, rng)
    display = ClassifiedImagesDisplay.from_predictions(rng.random((4, 4, 4)), y, proba, [0, 1], which="all", ax=ax)
    assert display.figure_ is figure
    assert not ax.axison


def test_can_be_drawn_again(fitted):
    clf, X, y = fitted
    display = ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=3)
    first = display.figure_
    assert display.plot(n_columns=1) is display
    assert display.figure_ is not first


@pytest.mark.parametrize("n_images", [0, -1])
def test_a_number_of_images_below_one_is_refused(n_images, fitted):
    clf, X, y = fitted
    with pytest.raises(ValueError, match=r"n_images == .*, must be >= 1"):
        ClassifiedImagesDisplay.from_estimator(clf, X, y, n_images=n_images)


def test_images_and_labels_of_other_length_are_refused(fitted):
    clf, X, y = fitted
    with pytest.raises(ValueError, match="inconsistent"):
        ClassifiedImagesDisplay.from_predictions(X[:50], y, clf.predict_proba(X), clf.classes_)

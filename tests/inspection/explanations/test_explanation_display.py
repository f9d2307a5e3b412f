import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.datasets import fetch_cifar10, fetch_fashion_mnist
from skimgcls.inspection import ExplanationDisplay, grad_cam, lime, occlusion
from skimgcls.inspection._classified_images_display import percent
from tests.inspection.explanations.conftest import striped

ALL = ["grad_cam", "integrated_gradients", "occlusion", "lime", "shap"]
LONG_NAMES = [
    "Canis lupus familiaris (golden retriever)",
    "very_long_snake_case_class_name_01",
    "Донаудампфшиффартсгезельшафт",
    "كلب صغير",
    "猫と犬",
    "$5 bill & <b>",
]


def captions(display):
    return [[[text.get_text() for text in tile.texts] for tile in row] for row in display.axes_]


def shown(display):
    return np.stack([tile.images[0].get_array() for tile in display.axes_[:, 0]])


def assert_nothing_overlaps_or_is_cut(display):
    display.figure_.canvas.draw()
    whole = display.figure_.bbox
    tiles = display.axes_.ravel()
    boxes = [text.get_window_extent() for tile in tiles for text in tile.texts]
    boxes += [tile.get_window_extent() for tile in tiles]
    boxes += [text.get_window_extent() for text in display.figure_.axes[0].texts]
    for i, box in enumerate(boxes):
        assert whole.x0 - 1 <= box.x0
        assert box.x1 <= whole.x1 + 1
        assert whole.y0 - 1 <= box.y0
        assert box.y1 <= whole.y1 + 1
        for other in boxes[:i]:
            shared_width = min(box.x1, other.x1) - max(box.x0, other.x0)
            shared_height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert shared_width < 1 or shared_height < 1


def as_png(display):
    with io.BytesIO() as file:
        display.figure_.savefig(file, format="png")
        return np.asarray(Image.open(file).convert("RGB"))


def test_each_image_stands_beside_what_explains_it(cnn, quadrants):
    X, y = striped(*quadrants, n=4)
    display = ExplanationDisplay.from_estimator(cnn, X, y, method=["grad_cam", "occlusion"], n_images=3)
    assert display.axes_.shape == (3, 3)
    np.testing.assert_array_equal(shown(display), X[:3])
    np.testing.assert_array_equal(display.attributions["grad_cam"], grad_cam(cnn, X[:3]))
    np.testing.assert_array_equal(display.attributions["occlusion"], occlusion(cnn, X[:3]))
    share = percent(cnn.predict_proba(X)[0].max())
    assert captions(display)[0][0] == [y[0], f"✓\xa0{y[0]} ({share})"]
    assert captions(display)[0][1:] == [["Grad-CAM"], ["occlusion"]]
    assert display.title == "CNNClassifier: what speaks for the predicted label"


def test_heat_lies_over_the_image_where_the_class_is(cnn, quadrants):
    X, _ = striped(*quadrants, n=2)
    display = ExplanationDisplay.from_estimator(cnn, X)
    for tile in display.axes_[:, 1]:
        colours = np.asarray(tile.images[0].get_array()).astype(int)
        redness = colours[..., 0] - colours[..., 2]
        assert redness[:8, 8:].mean() > 2 * redness[8:, :8].mean()


def test_without_true_labels_there_is_neither_a_mark_nor_a_word_about_them(cnn, quadrants):
    display = ExplanationDisplay.from_estimator(cnn, quadrants[0], n_images=1)
    ((below,), _) = captions(display)[0]
    assert below.split()[0] in cnn.classes_
    texts = " ".join(text.get_text() for text in display.figure_.axes[0].texts)
    assert "red speaks for the label" in texts.replace("\n", " ")
    assert "true label" not in texts


def test_a_mistake_is_marked(cnn, quadrants):
    X, y = striped(*quadrants, n=2)
    display = ExplanationDisplay.from_estimator(cnn, X, pd.Series(["noise", y[1]], index=[5, 6]))
    assert [row[0][1][0] for row in captions(display)] == ["✗", "✓"]
    assert display.axes_[0, 0].texts[1].get_color() != display.axes_[1, 0].texts[1].get_color()


def test_the_label_that_is_explained_is_named_with_its_probability(cnn, quadrants):
    X, _ = striped(*quadrants, n=2)
    display = ExplanationDisplay.from_estimator(cnn, X, target="noise")
    assert display.title == "CNNClassifier: what speaks for the label noise"
    np.testing.assert_array_equal(display.attributions["grad_cam"], grad_cam(cnn, X, "noise"))
    for row in captions(display):
        assert row[1][0] == "Grad-CAM"
        assert row[1][1].startswith("for\xa0noise (")
    display = ExplanationDisplay.from_estimator(cnn, X, target=pd.Series(["rows", "noise"], index=[3, 4]))
    assert display.title == "CNNClassifier: what speaks for the label named below"
    assert [row[1][1].split(" (")[0] for row in captions(display)] == ["for\xa0rows", "for\xa0noise"]


def test_a_layer_a_baseline_and_a_seed_reach_the_methods_that_take_them(cnn, quadrants):
    X, _ = striped(*quadrants, n=1)
    options = {"layer": "features.conv1", "baseline": 7, "random_state": 3}
    display = ExplanationDisplay.from_estimator(cnn, X, method=["grad_cam", "lime"], **options)
    np.testing.assert_array_equal(display.attributions["grad_cam"], grad_cam(cnn, X, layer="features.conv1"))
    np.testing.assert_array_equal(display.attributions["lime"], lime(cnn, X, baseline=7, random_state=3))


def test_pipelines_and_searches_show_what_their_network_sees(cnn, quadrants):
    X, y = quadrants
    tiny = MLPClassifier(hidden_units=4, max_epochs=1, random_state=0)
    pipeline = make_pipeline(FunctionTransformer(lambda X: 255 - X), tiny)
    search = GridSearchCV(pipeline, {"mlpclassifier__lr": [1e-3]}, cv=2).fit(X[:60], y[:60])
    display = ExplanationDisplay.from_estimator(search, X, y, method="integrated_gradients", n_images=2)
    np.testing.assert_array_equal(shown(display), 255 - X[:2])
    assert display.title.startswith("MLPClassifier: ")


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X,
        lambda X: X.transpose(0, 3, 1, 2),
        lambda X: pd.DataFrame(X.reshape(len(X), -1)),
        lambda X: torch.from_numpy(X),
        list,
    ],
    ids=["last", "first", "frame", "tensor", "list"],
)
def test_images_of_any_form_are_shown(form, colour_cnn, colour_quadrants):
    X, y = striped(*colour_quadrants, n=3)
    display = ExplanationDisplay.from_estimator(colour_cnn, form(X), list(y), n_images=2)
    np.testing.assert_array_equal(shown(display), X[:2])


def test_a_classifier_of_scikit_learn_is_explained_by_its_probabilities(colour_quadrants):
    X, y = striped(*colour_quadrants, n=60)
    rows = X.reshape(len(X), -1)
    clf = RandomForestClassifier(n_estimators=10, random_state=0).fit(rows, y)
    display = ExplanationDisplay.from_estimator(
        clf, rows, y, method=["occlusion", "shap"], n_images=1, image_shape=(16, 16, 3)
    )
    np.testing.assert_array_equal(shown(display), X[:1])
    with pytest.raises(ValueError, match="grad_cam needs the gradients of a fitted network"):
        ExplanationDisplay.from_estimator(clf, rows, y, image_shape=(16, 16, 3))


def test_an_unknown_method_and_no_images_are_refused(cnn, quadrants):
    with pytest.raises(ValueError, match=r"method must be one of 'grad_cam', .*, 'shap', got 'gradcam'"):
        ExplanationDisplay.from_estimator(cnn, quadrants[0], method="gradcam")
    with pytest.raises(ValueError, match="n_images == 0, must be >= 1"):
        ExplanationDisplay.from_estimator(cnn, quadrants[0], n_images=0)


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning", "ignore:Glyph:UserWarning")
@pytest.mark.parametrize(
    "methods", [["Grad-CAM"], ["a method of my own with a long name", "b"], list("abcde")], ids=len
)
@pytest.mark.parametrize("n_images", [1, 5])
@pytest.mark.parametrize("into_axes", [False, True])
def test_long_names_neither_overlap_nor_are_cut(methods, n_images, into_axes, rng):
    names = np.array(LONG_NAMES)
    labels = [names[rng.integers(0, len(names), n_images)] for _ in range(3)]
    shares, size = rng.random((2, n_images)), (30, 20)
    ax = plt.subplots(figsize=(9, 12), layout="constrained")[1] if into_axes else None
    display = ExplanationDisplay(
        rng.integers(0, 256, size=(n_images, *size, 3), dtype=np.uint8),
        {method: rng.normal(size=(n_images, *size)) for method in methods},
        y_true=labels[0],
        y_pred=labels[1],
        confidence=shares[0],
        target=labels[2],
        target_confidence=shares[1],
        title=f"SomeClassifier: what speaks for the label {LONG_NAMES[0]}",
    ).plot(ax=ax)
    assert_nothing_overlaps_or_is_cut(display)


@pytest.mark.parametrize("n_classes", [2, 100])
def test_a_picture_of_all_methods_is_drawn_for_few_and_many_classes(n_classes, digits):
    X, _ = digits
    y = np.arange(len(X)) % n_classes
    clf = MLPClassifier(hidden_units=(8, 8), patch_size=2, max_epochs=1, random_state=0).fit(X, y)
    display = ExplanationDisplay.from_estimator(clf, X, y, method=ALL, n_images=2, random_state=0)
    assert display.axes_.shape == (2, 6)
    assert_nothing_overlaps_or_is_cut(display)
    assert len(np.unique(as_png(display).reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize("fetch", [fetch_cifar10, fetch_fashion_mnist], ids=["cifar10", "fashion_mnist"])
def test_a_picture_of_photographs_is_drawn(fetch, shared_data):
    X, y = fetch(subset="test", data_home=shared_data, return_X_y=True)
    clf = MLPClassifier(hidden_units=(8, 8), patch_size=4, max_epochs=1, random_state=0).fit(X[:200], y[:200])
    display = ExplanationDisplay.from_estimator(clf, X, y)
    assert_nothing_overlaps_or_is_cut(display)
    assert len(np.unique(as_png(display).reshape(-1, 3), axis=0)) > 200


@pytest.mark.parametrize(("n_images", "n_methods", "expected"), [(3, 1, 3), (4, 1, 2), (4, 2, 2), (3, 5, 1), (2, 9, 1)])
def test_rows_have_as_many_images_as_stay_readable(n_images, n_methods, expected):
    attributions = {str(i): np.zeros((n_images, 4, 4)) for i in range(n_methods)}
    images, labels = np.zeros((n_images, 4, 4), dtype=np.uint8), ["a"] * n_images
    display = ExplanationDisplay(images, attributions, y_pred=labels, confidence=np.ones(n_images))
    assert count_columns(display.plot()) == expected


def test_columns_can_be_chosen_and_the_picture_be_drawn_again(cnn, quadrants):
    display = ExplanationDisplay.from_estimator(cnn, quadrants[0], n_images=2)
    first = display.figure_
    assert count_columns(display) == 2
    assert display.plot(n_columns=1) is display
    assert display.figure_ is not first
    assert count_columns(display) == 1


def count_columns(display):
    return len({round(tile.get_position().x0, 3) for tile in display.axes_[:, 0]})


def test_a_picture_of_one_image_is_no_wider_than_its_heading_needs(cnn, quadrants):
    display = ExplanationDisplay.from_estimator(cnn, *quadrants, n_images=1)
    assert display.figure_.get_figwidth() < 5
    assert_nothing_overlaps_or_is_cut(display)


def test_labels_of_other_images_are_refused(cnn, quadrants):
    X, y = quadrants
    with pytest.raises(ValueError, match="inconsistent"):
        ExplanationDisplay.from_estimator(cnn, X[:5], y[:3])

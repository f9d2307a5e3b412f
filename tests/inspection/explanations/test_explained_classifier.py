import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.inspection.explanations._explained_classifier import ExplainedClassifier

TINY = {"hidden_units": 4, "max_epochs": 1, "random_state": 0}


def opened(estimator, X, target=None, **options):
    with ExplainedClassifier.open(estimator, X, target, **options) as model:
        return model


def invert(X):
    return 255 - X


@pytest.mark.parametrize("names", [[3, 1, 2], ["b", "a", "c"], [True, False]], ids=["ints", "strings", "bools"])
def test_targets_are_labels_of_the_user(names, digits):
    X, _ = digits
    names = np.array(names)
    clf = MLPClassifier(**TINY).fit(X[:60], names[np.arange(60) % len(names)])
    for target in (names[0], names[[0, 1, 1]], list(names[[0, 1, 1]]), pd.Series(names[[0, 1, 1]], index=[7, 8, 9])):
        codes = opened(clf, X[:3], target).codes
        expected = np.full(3, target) if np.ndim(target) == 0 else target
        np.testing.assert_array_equal(clf.classes_[codes], expected)
    np.testing.assert_array_equal(clf.classes_[opened(clf, X[:9]).codes], clf.predict(X[:9]))


def test_an_unknown_target_and_a_wrong_number_of_them_are_named(digits):
    X, y = digits
    clf = MLPClassifier(**TINY).fit(X, y)
    with pytest.raises(ValueError, match=r"target 11 is none of the classes \[0, 1, 2, 3, 4, ...\]. Pass a label of"):
        opened(clf, X[:3], [1, 11, 2])
    with pytest.raises(ValueError, match=r"target has 2 labels for 3 images. Pass one label, or one for each image"):
        opened(clf, X[:3], [1, 2])


def test_a_predicted_label_is_that_of_the_whole_estimator(digits):
    X, y = digits

    class Contrary(FrozenEstimator):
        def predict(self, X):
            return np.full(len(X), 7)

    clf = Contrary(MLPClassifier(**TINY).fit(X, y))
    assert set(opened(clf, X[:4]).codes.tolist()) == {7}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_scores_are_those_of_decision_function_and_probabilities_those_of_predict_proba(channels, rng):
    X = rng.integers(0, 256, size=(20, 6, 7, channels), dtype=np.uint8)
    for n_classes in (2, 3):
        y = np.arange(20) % n_classes
        clf = CNNClassifier(conv_channels=(4,), **TINY | {"hidden_units": ()}).fit(X, y)
        expected = clf.decision_function(X)
        if n_classes == 2:
            expected = np.stack([-expected, expected], axis=1)
        for form in (X, X.transpose(0, 3, 1, 2), X.reshape(20, -1), X.astype(float), list(X), torch.from_numpy(X)):
            with ExplainedClassifier.open(clf, form, None) as model:
                images = torch.cat([image for image, _ in model.singles()])
                batches = [model.scores(images) for images, _ in model.batches(7)]
                np.testing.assert_allclose(torch.cat(batches).detach().numpy(), expected, atol=1e-4)
                np.testing.assert_allclose(model.probabilities(images), clf.predict_proba(X), atol=1e-5)


def test_views_of_a_prediction_are_part_of_its_probabilities(digits):
    X, y = digits
    clf = CNNClassifier(conv_channels=(4,), tta=3, augment="light", **TINY).fit(X, y)
    model = opened(clf, X[:5])
    images = torch.cat([image for image, _ in model.singles()])
    np.testing.assert_allclose(model.probabilities(images), clf.predict_proba(X[:5]), atol=1e-6)


@pytest.mark.parametrize(
    "form",
    [lambda X: X, lambda X: X.reshape(len(X), -1), lambda X: pd.DataFrame(X.reshape(len(X), -1)).add_prefix("pixel")],
    ids=["images", "rows", "frame"],
)
def test_a_classifier_that_is_not_ours_gets_images_in_the_form_they_came_in(form, digits):
    X, y = digits
    flatten = FunctionTransformer(lambda X: X if X.ndim == 2 else X.reshape(len(X), -1))
    clf = make_pipeline(flatten, StandardScaler(), LogisticRegression(max_iter=20, tol=1)).fit(form(X), y)
    model = opened(clf, form(X[:5]))
    assert model.network is None
    images = torch.cat([image for image, _ in model.singles()])
    assert images.shape == (5, 1, 8, 8)
    np.testing.assert_allclose(model.probabilities(images), clf.predict_proba(form(X[:5])))


def test_colour_rows_of_a_foreign_classifier_need_their_shape(rng):
    X, y = rng.random((20, 6, 5, 3)), np.arange(20) % 2
    clf = LogisticRegression().fit(X.reshape(20, -1), y)
    model = opened(clf, X.reshape(20, -1), image_shape=(6, 5, 3))
    images = torch.cat([image for image, _ in model.singles()])
    np.testing.assert_array_equal(images, X.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(model.probabilities(images), clf.predict_proba(X.reshape(20, -1)))


def test_transformers_before_a_network_are_applied_in_pipelines_and_searches_however_nested(digits):
    X, y = digits
    inner = make_pipeline(FunctionTransformer(invert), "passthrough", MLPClassifier(**TINY))
    search = GridSearchCV(inner, {"mlpclassifier__lr": [1e-3]}, cv=2)
    outer = make_pipeline(FunctionTransformer(lambda X: X // 2), search).fit(X, y)
    for estimator in (outer, FrozenEstimator(outer), make_pipeline(outer)):
        model = opened(estimator, X[:5])
        images = torch.cat([image for image, _ in model.singles()])
        np.testing.assert_array_equal(images[:, 0], 255 - X[:5] // 2)
        np.testing.assert_allclose(model.probabilities(images), outer.predict_proba(X[:5]), atol=1e-6)


def test_a_network_is_left_as_it_was_found_also_after_an_error(digits):
    X, y = digits
    clf = CNNClassifier(conv_channels=(4,), **TINY).fit(X, y)
    module = clf.net_.module_
    module.train()
    module.network.features.norm1.eval()
    before = {name: part.training for name, part in module.named_modules()}
    with ExplainedClassifier.open(clf, X[:20], None) as model:
        assert not any(part.training for part in module.modules())
        model.probabilities(next(iter(model.singles()))[0])
    assert {name: part.training for name, part in module.named_modules()} == before
    with pytest.raises(ValueError, match="none of the classes"), ExplainedClassifier.open(clf, X[:20], "?"):
        pass
    assert {name: part.training for name, part in module.named_modules()} == before


@pytest.mark.parametrize("value", [0, 7.5, [1.0, 2.0, 3.0], "image"], ids=str)
def test_a_baseline_is_a_number_a_colour_or_an_image(value, rng):
    X = rng.random((20, 6, 5, 3)).astype(np.float32)
    clf = CNNClassifier(conv_channels=(4,), **TINY).fit(X, np.arange(20) % 2)
    value = X[3] if value == "image" else value
    start = opened(clf, X[:2]).baseline(value)
    np.testing.assert_allclose(start[0].permute(1, 2, 0), np.broadcast_to(value, (6, 5, 3)))
    assert start.dtype == torch.float32


def test_a_grey_image_is_a_baseline_too(digits):
    X, y = digits
    model = opened(MLPClassifier(**TINY).fit(X, y), X[:2])
    np.testing.assert_array_equal(model.baseline(X[4])[0, 0], X[4])


def test_the_mean_colour_stands_for_what_is_missing(rng):
    X = rng.random((20, 6, 5, 3))
    y = np.arange(20) % 2
    clf = CNNClassifier(conv_channels=(4,), **TINY).fit(X, y)
    expected = X.mean((0, 1, 2))
    np.testing.assert_allclose(opened(clf, X[:2]).baseline(None)[0, :, 2, 2], expected, rtol=1e-5)
    clf.net_.module_.scaling.mean.zero_()  # as that of a pretrained network, which has constants of its own
    np.testing.assert_allclose(opened(clf, X).baseline(None)[0, :, 2, 2], expected, rtol=1e-5)
    foreign = LogisticRegression().fit(X.reshape(20, -1), y)
    model = opened(foreign, X.reshape(20, -1), image_shape=(6, 5, 3))
    np.testing.assert_allclose(model.baseline(None)[0, :, 2, 2], expected)


@pytest.mark.parametrize("value", [[1, 2], np.zeros((5, 6)), np.zeros((6, 5, 1))], ids=["colour", "turned", "grey"])
def test_a_baseline_that_fits_no_image_is_refused(value, rng):
    X = rng.random((20, 6, 5, 3))
    clf = CNNClassifier(conv_channels=(4,), **TINY).fit(X, np.arange(20) % 2)
    with pytest.raises(ValueError, match=r"an image of shape \(6, 5, 3\), got shape .* None takes the mean colour"):
        opened(clf, X).baseline(value)


def test_what_a_classifier_does_not_give_is_said_with_what_helps(digits):
    from sklearn.svm import LinearSVC

    X, y = digits
    rows = X.reshape(len(X), -1)
    with pytest.raises(ValueError, match=r"has none. Use occlusion, lime or shap, which ask for nothing but"):
        opened(LogisticRegression(max_iter=20, tol=1).fit(rows, y), rows[:2], gradients_for="grad_cam")
    with pytest.raises(ValueError, match=r"LinearSVC has no predict_proba.*CalibratedClassifierCV"):
        opened(LinearSVC(max_iter=10, tol=1).fit(rows, y), rows[:2])


def test_batches_shrink_as_activations_grow(digits):
    X, y = digits
    clf = MLPClassifier(**TINY).fit(X, y)
    model = opened(clf, X[:2])
    assert model.batch_size() == 256
    clf.net_.module_.activation_bytes = 2**23
    assert model.batch_size() == 4
    clf.net_.module_.activation_bytes = 2**40
    assert model.batch_size() == 1


def test_bytes_stay_bytes_until_they_are_needed(digits):
    X, y = digits
    model = opened(MLPClassifier(**TINY).fit(X, y), X[:9])
    assert model.dataset.rows.dtype == torch.uint8
    assert [len(images) for images, _ in model.batches(4)] == [4, 4, 1]


def test_an_estimator_that_is_not_fitted_says_so():
    with (
        pytest.raises(NotFittedError),
        ExplainedClassifier.open(CNNClassifier(), np.zeros((2, 8, 8)), None, gradients_for="grad_cam"),
    ):
        pass

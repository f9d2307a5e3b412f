import numpy as np
import pytest
import torch
from scipy.ndimage import zoom
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.inspection import grad_cam
from tests.inspection.explanations.conftest import make_quadrants, mass_in_quadrant, striped


def own_network(image_shape, n_classes):
    return nn.Sequential(
        nn.Conv2d(image_shape[2], 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, n_classes),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["cnn", "colour_cnn"])
def test_most_of_the_map_lies_where_the_class_is(name, request):
    clf = request.getfixturevalue(name)
    X, _ = striped(*request.getfixturevalue("quadrants" if name == "cnn" else "colour_quadrants"))
    maps = grad_cam(clf, X)
    assert maps.shape == (8, 16, 16)
    assert maps.min() == 0
    assert mass_in_quadrant(maps).min() > 0.5


def test_the_maps_of_the_default_network_lie_there_too():
    X, y = make_quadrants(240)
    clf = CNNClassifier(max_epochs=4, lr=3e-3, random_state=0).fit(X, y)
    assert mass_in_quadrant(grad_cam(clf, striped(X, y)[0])).mean() > 0.5


def test_a_residual_network_and_one_of_the_users_own_look_there(resnet, quadrants):
    X, y = striped(*quadrants)
    own = CNNClassifier(architecture=own_network, lr=1e-2, max_epochs=8, random_state=0).fit(*quadrants)
    assert own.score(X, y) == 1
    assert mass_in_quadrant(grad_cam(own, X)).mean() > 0.5
    # a quarter of the image would be chance; its last map has 4 x 4 places, each of which sees most of the image
    assert mass_in_quadrant(grad_cam(resnet, X)).mean() > 0.33


def test_the_values_are_gradient_times_feature_map(cnn, quadrants):
    X, _ = striped(*quadrants, n=3)
    module = cnn.net_.module_.eval()
    feature_map = module.network.features(module.scaling(torch.from_numpy(X)[:, None])).detach().requires_grad_()
    logits = module.network.classifier(feature_map)
    (gradient,) = torch.autograd.grad(logits[range(3), logits.argmax(1)].sum(), feature_map)
    by_place, by_channel = (
        (feature_map * weight).sum(1).relu().detach().numpy()  # (3, 16, 4, 4) -> (3, 4, 4)
        for weight in (gradient, gradient.mean((2, 3), keepdim=True))
    )
    for maps, small in ((grad_cam(cnn, X), by_place), (grad_cam(cnn, X, mean_gradients=True), by_channel)):
        large = zoom(small, (1, 4, 4), order=1, mode="nearest", grid_mode=True)
        np.testing.assert_allclose(maps, large, rtol=1e-3, atol=1e-5)


def test_means_of_gradients_change_nothing_before_a_mean_over_places(resnet, quadrants):
    X, _ = striped(*quadrants)
    np.testing.assert_allclose(grad_cam(resnet, X), grad_cam(resnet, X, mean_gradients=True), rtol=1e-3, atol=1e-6)


def test_two_classes_are_told_apart_by_the_difference_of_their_logits(quadrants):
    X, y = quadrants
    X, y = X[y != "noise"], y[y != "noise"]
    clf = CNNClassifier(conv_channels=(8, 16), hidden_units=(), lr=3e-3, max_epochs=4, random_state=0).fit(X, y)
    before = grad_cam(clf, X[:4], "rows")
    output = clf.net_.module_.network.classifier.output
    with torch.no_grad():
        output.weight += torch.linspace(-1, 1, output.in_features)  # for both classes: no probability changes
    np.testing.assert_allclose(grad_cam(clf, X[:4], "rows"), before, atol=1e-3 * before.max())


def test_a_target_and_a_layer_can_be_chosen(cnn, quadrants):
    X, y = striped(*quadrants)
    of_each = grad_cam(cnn, X, y)
    np.testing.assert_array_equal(of_each, grad_cam(cnn, X))
    other = grad_cam(cnn, X, "noise")
    assert np.abs(other - of_each).max() > 0.1 * of_each.max()
    np.testing.assert_array_equal(grad_cam(cnn, X[y == "rows"], "rows"), of_each[y == "rows"])
    named = grad_cam(cnn, X, layer="features.conv1")
    assert np.abs(named - of_each).max() > 0
    np.testing.assert_array_equal(named, grad_cam(cnn, X, layer=cnn.net_.module_.network.features.conv1))


def test_the_weights_matter(cnn, quadrants):
    """The sanity check of Adebayo et al. (2018): the maps of a network of the same form that has learnt nothing."""
    X, y = striped(*quadrants)
    untrained = CNNClassifier(conv_channels=(8, 16), lr=1e-12, max_epochs=1, random_state=1).fit(*quadrants)
    trained, others = grad_cam(cnn, X, y), grad_cam(untrained, X, y)
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(trained, others, strict=True) if b.any()]
    assert len(alike) > 0
    assert np.mean(alike) < 0.5
    assert mass_in_quadrant(others + 1e-9).mean() < mass_in_quadrant(trained).mean() - 0.1


def test_transformers_before_the_network_are_applied_first(cnn, quadrants):
    X, _ = striped(*quadrants)
    pipeline = make_pipeline(FunctionTransformer(lambda X: 255 - X), cnn)
    np.testing.assert_array_equal(grad_cam(pipeline, 255 - X), grad_cam(cnn, X))


def test_images_in_several_batches_and_forms_have_the_same_maps(colour_cnn, colour_quadrants, monkeypatch):
    X, _ = striped(*colour_quadrants)
    whole = grad_cam(colour_cnn, X)
    monkeypatch.setattr("skimgcls.inspection.explanations._explained_classifier.MOST_IMAGES", 3)
    for form in (X, X.astype(float), X.transpose(0, 3, 1, 2), X.reshape(len(X), -1), list(X)):
        np.testing.assert_allclose(grad_cam(colour_cnn, form), whole, atol=1e-4 * whole.max())


def test_network_gradients_and_random_numbers_are_left_alone(cnn, quadrants):
    X, _ = striped(*quadrants)
    module, state = cnn.net_.module_, torch.get_rng_state()
    module.train()
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    gradients = {name: weight.grad for name, weight in module.named_parameters()}
    with torch.no_grad():
        first = grad_cam(cnn, X, "rows")
    assert module.training
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())
    assert all(weight.grad is gradients[name] for name, weight in module.named_parameters())
    assert not any(part._forward_hooks or part._backward_hooks for part in module.modules())
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(grad_cam(cnn, X, "rows"), first)


def test_a_flat_network_is_refused_with_what_works(mlp, quadrants):
    with pytest.raises(ValueError, match=r"the network of MLPClassifier has none: .* Use integrated_gradients, or occ"):
        grad_cam(mlp, quadrants[0][:2])
    rows = quadrants[0][:20].reshape(20, -1)
    clf = GaussianNB().fit(rows, quadrants[1][:20])
    with pytest.raises(ValueError, match="the gradients of a fitted network of skimgcls, and GaussianNB has none"):
        grad_cam(clf, rows)


def test_patches_of_a_mixer_are_places(quadrants):
    X, y = quadrants
    clf = MLPClassifier(hidden_units=(8, 8), patch_size=4, max_epochs=1, random_state=0).fit(X, y)
    assert grad_cam(clf, X[:2]).shape == (2, 16, 16)


def test_a_pretrained_network_is_explained_at_its_last_feature_map():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (24, 40, 40, 3), dtype=np.uint8), np.arange(24) % 2
    model = PretrainedClassifier("resnet18", weights=None, freeze=None, image_size=64, max_epochs=1, random_state=0)
    maps = grad_cam(model.fit(X, y), X[:2])
    assert maps.shape == (2, 40, 40)
    assert np.isfinite(maps).all()
    assert maps.any()

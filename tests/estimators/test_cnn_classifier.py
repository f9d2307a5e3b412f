import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skimgcls import CNNClassifier
from skimgcls.architectures import ACTIVATIONS, ConvNet, ResNet

SHAPES = [(1, 1, 1), (1, 2, 1), (2, 1, 3), (3, 5, 4), (1, 64, 1), (8, 8, 1), (9, 31, 3), (28, 28, 1), (32, 32, 3)]


def small(**params):
    settings = {
        "conv_channels": (4, 4, 8, 8),
        "hidden_units": (8,),
        "max_epochs": 2,
        "batch_size": 64,
        "random_state": 0,
    }
    return CNNClassifier(**{**settings, **params})


def assert_sound(clf, X):
    proba = clf.predict_proba(X)
    assert proba.shape == (len(X), len(clf.classes_))
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
    assert clf.history_.drop(columns=["valid_loss", "valid_accuracy"]).notna().all(axis=None)


def few_images(shape, rng, n=6):
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n) % 2


# ------------------------------------------------------------------- learning


def test_the_defaults_learn_digit_scans(digits):
    X, y = digits
    clf = CNNClassifier(random_state=0).fit(X[:150], y[:150])
    assert clf.n_epochs_ == 10
    assert clf.score(X[150:], y[150:]) > 0.85


def test_the_residual_network_learns_digit_scans(digits):
    X, y = digits
    clf = CNNClassifier(architecture="resnet", depth=8, width=8, batch_size=32, lr=0.005, random_state=0)
    assert clf.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.8


def test_it_learns_where_colours_are_and_not_only_that_they_are(rng):
    X = rng.integers(0, 50, (80, 8, 8, 3), dtype=np.uint8)
    y = np.arange(80) % 2
    X[y == 0, :4, :, 0] += 100  # red above
    X[y == 1, 4:, :, 0] += 100  # red below
    clf = small(max_epochs=15, lr=0.01).fit(X[:40], y[:40])
    assert clf.score(X[40:], y[40:]) == 1


# ---------------------------------------------------------- every setting trains


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("architecture", ["conv", "resnet"])
def test_every_activation_and_norm_trains(activation, norm, architecture, digits):
    X, y = digits
    layers = {"architecture": architecture, "depth": 8, "width": 4, "activation": activation, "norm": norm}
    assert_sound(small(**layers, dropout=0.2).fit(X, y), X)


@pytest.mark.parametrize("criterion", ["cross_entropy", "nll", "focal", nn.CrossEntropyLoss, nn.MultiMarginLoss])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_criterion_trains_in_each_precision_with_and_without_weights(criterion, precision, weighted, digits):
    X, y = digits
    weights = np.linspace(0.5, 1.5, len(y)) if weighted else None
    clf = small(criterion=criterion, precision=precision).fit(X, y, sample_weight=weights)
    assert_sound(clf, X)
    assert clf.predict_proba(X).dtype == np.float32


def test_half_precision_learns_as_well(digits):
    X, y = digits
    assert CNNClassifier(precision="bf16", random_state=0).fit(X, y).score(X, y) > 0.9


def test_nll_equals_cross_entropy_to_the_bit(digits):
    X, y = digits
    nll, cross_entropy = (small(criterion=name).fit(X, y) for name in ("nll", "cross_entropy"))
    np.testing.assert_array_equal(nll.predict_proba(X), cross_entropy.predict_proba(X))
    assert nll.history_.train_loss.equals(cross_entropy.history_.train_loss)


# ---------------------------------------------------------------- image shapes


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_images_of_any_shape_are_taken(shape, norm, rng):
    X, y = few_images(shape, rng)
    clf = CNNClassifier(norm=norm, channels="last", max_epochs=1, random_state=0).fit(X, y)
    assert clf.image_shape_ == shape
    assert_sound(clf, X)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_residual_network_takes_images_of_any_shape(shape, rng):
    X, y = few_images(shape, rng)
    clf = CNNClassifier(architecture="resnet", channels="last", max_epochs=1, random_state=0).fit(X, y)
    assert_sound(clf, X)


def test_large_photographs_need_no_large_network(rng):
    X, y = few_images((224, 224, 3), rng, n=2)
    clf = CNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert_sound(clf, X)
    convolutions = 9 * (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64)
    assert clf.n_parameters_ < convolutions + 7 * 7 * 64 * 128 + 1000


def test_the_residual_network_takes_large_photographs(rng):
    X, y = few_images((224, 224, 3), rng, n=2)
    clf = CNNClassifier(architecture="resnet", depth=8, width=4, max_epochs=1, random_state=0).fit(X, y)
    assert_sound(clf, X)


# ---------------------------------------------------------------- architecture


def test_parameters_of_the_convolutional_network_reach_it(digits):
    clf = small(conv_channels=(3, 5), hidden_units=(7,), norm="group", activation="gelu", dropout=0.4, max_epochs=1)
    network = clf.fit(*digits).net_.module_.network
    assert isinstance(network, ConvNet)
    assert [layer.out_channels for layer in network.modules() if isinstance(layer, nn.Conv2d)] == [3, 5]
    assert [layer.out_features for layer in network.modules() if isinstance(layer, nn.Linear)] == [7, 10]
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} == {0.4}
    assert any(isinstance(layer, nn.GELU) for layer in network.modules())
    assert any(isinstance(layer, nn.GroupNorm) for layer in network.modules())


def test_parameters_of_the_residual_network_reach_it_and_those_of_the_other_do_not(digits):
    make = {"architecture": "resnet", "depth": 14, "width": 4, "max_epochs": 1}
    clf = small(**make).fit(*digits)
    network = clf.net_.module_.network
    assert isinstance(network, ResNet)
    assert {layer.out_channels for layer in network.modules() if isinstance(layer, nn.Conv2d)} == {4, 8, 16}
    assert sum(isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) for layer in network.modules()) == 13
    other = small(**make, conv_channels=(2,), hidden_units=()).fit(*digits)
    assert other.n_parameters_ == clf.n_parameters_


@pytest.mark.parametrize("depth", [7, 9, 15])
def test_a_depth_that_no_residual_network_has_is_refused(depth, digits):
    with pytest.raises(ValueError, match=rf"depth.*{depth}"):
        small(architecture="resnet", depth=depth).fit(*digits)


@pytest.mark.parametrize(("name", "value"), [("conv_channels", 4), ("conv_channels", [4]), ("hidden_units", 8)])
def test_widths_may_be_given_as_one_integer_or_any_list(name, value, digits):
    width = value[0] if isinstance(value, list) else value
    expected = small(**{name: (width,)}).fit(*digits).predict_proba(digits[0])
    np.testing.assert_array_equal(small(**{name: value}).fit(*digits).predict_proba(digits[0]), expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [("conv_channels", ()), ("conv_channels", (4, 0)), ("conv_channels", 0), ("hidden_units", (-1,)),
     ("hidden_units", (8.5,))],
)  # fmt: skip
def test_widths_that_are_none_are_refused_by_name(name, value, digits):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        small(**{name: value}).fit(*digits)


def test_a_network_without_hidden_layers_is_allowed(digits):
    assert_sound(small(hidden_units=()).fit(*digits), digits[0])


# ------------------------------------------------------------ a network of one's own


class OwnNet(nn.Module):
    def __init__(self, image_shape, n_classes):
        super().__init__()
        height, width, channels = image_shape
        self.convolution = nn.Conv2d(channels, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(4 * height * width, n_classes)

    def forward(self, images):
        features = self.norm(self.convolution(images)).relu()
        return self.output(self.dropout(features.flatten(1)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_of_ones_own_is_trained_as_ours(dtype, digits):
    X, y = digits
    clf = small(architecture=OwnNet, dtype=dtype, max_epochs=10, lr=0.01).fit(X, y)
    assert isinstance(clf.net_.module_.network, OwnNet)
    assert clf.predict_proba(X).dtype == np.dtype(dtype)
    assert clf.score(X, y) > 0.9


def test_a_network_of_ones_own_is_told_height_width_channels_and_classes(rng):
    told = []

    def build(image_shape, n_classes):
        told.append((image_shape, n_classes))
        return OwnNet(image_shape, n_classes)

    X, y = rng.integers(0, 256, (12, 3, 5, 6), dtype=np.uint8), np.arange(12) % 4
    small(architecture=build).fit(X, y)
    assert told == [((5, 6, 3), 4)]


def test_a_network_of_ones_own_is_cloned_pickled_and_goes_on(digits):
    X, y = digits
    clf = small(architecture=OwnNet).fit(X, y)
    again = pickle.loads(pickle.dumps(clf)).partial_fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), clf.partial_fit(X, y).predict_proba(X))
    assert clone(clf).get_params()["architecture"] is OwnNet


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda image_shape, n_classes: nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), id="one output"),
        pytest.param(lambda image_shape, n_classes: nn.Identity(), id="images"),
        pytest.param(lambda image_shape, n_classes: nn.Sequential(nn.Flatten(0), nn.Linear(128, 10)), id="no batch"),
    ],
)
def test_a_network_with_other_outputs_than_logits_is_refused_before_training(build, digits):
    with pytest.raises(ValueError, match=r"logits of shape \(2, 10\).*but gave shape .*last layer"):
        small(architecture=build).fit(*digits)


@pytest.mark.parametrize("wrong", [None, 3, "net", OwnNet])
def test_a_callable_that_gives_no_network_is_refused(wrong, digits):
    with pytest.raises(TypeError, match=r"torch.nn.Module was expected"):
        small(architecture=lambda image_shape, n_classes: wrong).fit(*digits)


def test_a_frozen_part_of_ones_own_network_is_no_parameter_and_stays_as_it_is(digits):
    def build(image_shape, n_classes):
        network = OwnNet(image_shape, n_classes)
        network.convolution.requires_grad_(False).weight.data.fill_(0.25)
        return network

    clf = small(architecture=build, gradient_clip=1.0, l1=0.01).fit(*digits)
    assert clf.n_parameters_ == 2 * 4 + 4 * 64 * 10 + 10
    assert torch.equal(clf.net_.module_.network.convolution.weight, torch.full((4, 1, 3, 3), 0.25))

import numpy as np
import pytest
import torch
from torch import nn

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.architectures import ResNet
from skimgcls.training import predict_features, read_dataset


class WithoutLinear(nn.Module):
    """Fully convolutional."""

    def __init__(self, image_shape, n_classes):
        super().__init__()
        self.conv = nn.Conv2d(image_shape[2], n_classes, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


CLASSIFIERS = {
    "mlp": lambda **params: MLPClassifier(hidden_units=(9, 7), norm="batch", dropout=0.5, **params),
    "linear": lambda **params: MLPClassifier(hidden_units=(), **params),
    "mixer": lambda **params: MLPClassifier(hidden_units=(6, 7), patch_size=2, **params),
    "cnn": lambda **params: CNNClassifier(conv_channels=(4, 4), hidden_units=(7,), dropout=0.5, **params),
    "resnet": lambda **params: CNNClassifier(
        architecture=lambda shape, k: ResNet((shape[2], *shape[:2]), k, depth=8, width=4), **params
    ),
}


def features_of(clf, X):
    return predict_features(clf.net_, read_dataset(X, clf, fitted_layout=clf._layout, dtype=clf.dtype))


@pytest.fixture
def fitted(digits):
    X, y = digits
    return lambda name, **params: (CLASSIFIERS[name](max_epochs=1, random_state=0, **params).fit(X, y), X)


def last_linear(clf):
    return [layer for layer in clf.net_.module_.modules() if isinstance(layer, nn.Linear)][-1]


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_images", [1, 200])
def test_the_last_linear_layer_makes_the_logits_of_the_features(name, n_images, fitted):
    clf, X = fitted(name)
    features = features_of(clf, X[:n_images])
    layer = last_linear(clf)
    assert features.shape == (n_images, layer.in_features)
    probabilities = (features @ layer.weight.T + layer.bias).softmax(1).detach().numpy()
    np.testing.assert_allclose(probabilities, clf.predict_proba(X[:n_images]), atol=1e-5)


def test_features_do_not_depend_on_the_other_images_of_a_batch(fitted):
    clf, X = fitted("cnn")
    torch.testing.assert_close(features_of(clf, X)[50:60], features_of(clf, X[50:60]), atol=1e-5, rtol=1e-4)


def test_a_functional_linear_layer_counts_too(digits):
    class Functional(nn.Module):
        def __init__(self, image_shape, n_classes):
            super().__init__()
            self.first = nn.Linear(64, 5)
            self.weight = nn.Parameter(torch.zeros(n_classes, 5))

        def forward(self, x):
            return nn.functional.linear(self.first(x.flatten(1)), self.weight)

    X, y = digits
    clf = CNNClassifier(architecture=Functional, max_epochs=1, random_state=0).fit(X, y)
    assert features_of(clf, X).shape == (len(X), 5)


def test_without_a_linear_layer_the_features_are_the_logits(digits):
    X, y = digits
    clf = CNNClassifier(architecture=WithoutLinear, max_epochs=1, random_state=0).fit(X, y)
    np.testing.assert_allclose(features_of(clf, X).softmax(1).numpy(), clf.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("params", "dtype"), [({"dtype": "float64"}, torch.float64), ({"precision": "bf16"}, torch.float32)]
)
def test_features_are_at_least_single_precision(params, dtype, fitted):
    clf, X = fitted("mlp", **params)
    assert features_of(clf, X).dtype == dtype


def test_nothing_is_left_in_the_network(fitted):
    clf, X = fitted("cnn")
    before = {name: value.clone() for name, value in clf.net_.module_.state_dict().items()}
    random_state = torch.random.get_rng_state()
    features = features_of(clf, X)
    assert not features.requires_grad
    assert torch.equal(torch.random.get_rng_state(), random_state)
    for name, value in clf.net_.module_.state_dict().items():
        assert torch.equal(value, before[name]), name
    for layer in clf.net_.module_.modules():
        assert not layer._forward_hooks
        assert not layer._forward_pre_hooks
        assert not layer.training

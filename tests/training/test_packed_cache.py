import pickle

import numpy as np
import pytest
import torch

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.architectures import ConvNet, PackedNetwork
from skimgcls.datasets import load_digit_images
from skimgcls.training._packed_cache import PackedCache

X, Y = (values[:200] for values in load_digit_images(return_X_y=True))


@pytest.fixture
def model():
    return CNNClassifier((8, 8), max_epochs=1, random_state=0).fit(X, Y)


def test_a_network_is_packed_once_until_its_weights_change():
    network = ConvNet((1, 8, 8), 3, conv_channels=(4,)).eval()
    cache = PackedCache()
    packed = cache(network)
    assert isinstance(packed, PackedNetwork)
    assert cache(network) is packed
    with torch.no_grad():
        network.features.conv1.weight.mul_(2)
    assert cache(network) is not packed


def test_a_network_without_convolutions_is_given_back():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)).eval()
    cache = PackedCache()
    assert cache(network) is cache(network) is network


def test_few_images_are_predicted_as_among_many(model):
    one_by_one = np.concatenate([model.predict_proba(image[None]) for image in X[:40]])
    np.testing.assert_allclose(one_by_one, model.predict_proba(X[:40]), rtol=1e-4, atol=1e-6)


def test_training_on_and_editing_weights_show_in_the_next_prediction(model):
    before = model.predict_proba(X[:1])
    model.partial_fit(X, Y)
    after = model.predict_proba(X[:1])
    assert not np.allclose(before, after)
    model.net_.module_.network.features.conv1.weight.data.zero_()
    assert not np.allclose(model.predict_proba(X[:1]), after)
    np.testing.assert_allclose(model.predict_proba(X[:1]), model.predict_proba(X[:30])[:1], rtol=1e-4, atol=1e-6)


def test_pickles_hold_no_packed_weights(model):
    before = len(pickle.dumps(model))
    expected = model.predict_proba(X[:1])
    assert len(pickle.dumps(model)) == pytest.approx(before, rel=0.01)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X[:1]), expected)


def test_half_precision_and_dense_networks_predict_few_images_too():
    for estimator in (CNNClassifier((8,), precision="bf16"), MLPClassifier((8,))):
        model = estimator.set_params(max_epochs=1, random_state=0).fit(X, Y)
        np.testing.assert_allclose(model.predict_proba(X[:3]), model.predict_proba(X[:30])[:3], atol=0.02)

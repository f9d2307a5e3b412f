import pickle
from math import ceil

import pytest
import torch
from torch import nn

from skimgcls.architectures import ACTIVATIONS, ConvNet, Dropout, build_seeded, count_parameters

IN_SHAPES = [
    (1, 1, 1), (1, 1, 2), (1, 2, 1), (3, 1, 64), (1, 8, 8), (3, 9, 7), (1, 28, 28), (4, 17, 50), (3, 224, 224),
]  # fmt: skip


def layers_of(network, kind):
    return [name for name, layer in network.features.named_children() if isinstance(layer, kind)]


@pytest.mark.parametrize("in_shape", IN_SHAPES, ids=str)
@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_images_of_any_shape_become_logits(in_shape, norm, images, generator):
    network = build_seeded(lambda: ConvNet(in_shape, 5, norm=norm), generator=generator)
    for mode in (True, False):
        logits = network.train(mode)(images(2, *in_shape))
        assert logits.shape == (2, 5)
        assert logits.isfinite().all()


@pytest.mark.parametrize("conv_channels", [(3,), (3, 3), (3, 3, 3, 3), (3,) * 7], ids=len)
def test_the_feature_map_is_never_larger_than_7x7(conv_channels):
    for height, width in [*zip(range(1, 71), range(70, 0, -1), strict=True), (1, 784), (223, 1), (224, 225)]:
        network = ConvNet((1, height, width), 2, conv_channels=conv_channels)
        features = network.features(torch.zeros(2, 1, height, width))
        assert features[0].numel() == network.classifier.linear1.in_features
        assert max(features.shape[2:]) <= 7


@pytest.mark.parametrize(("size", "expected"), [(28, 7), (32, 4), (30, 7), (224, 7), (100, 7), (8, 2), (3, 1)])
def test_the_feature_map_is_halved_per_pair_and_then_averaged(size, expected):
    network = ConvNet((1, size, size), 2, conv_channels=(4, 4, 8, 8))
    assert network.features(torch.zeros(2, 1, size, size)).shape == (2, 8, expected, expected)


def test_averaging_at_the_edge_takes_the_mean_of_what_is_there():
    network = ConvNet((1, 20, 20), 2, conv_channels=(1, 1))  # 10x10 after the max pool, kernel 2: no edge
    assert network.features.average_pool(torch.ones(1, 1, 10, 10)).eq(1).all()
    network = ConvNet((1, 33, 33), 2, conv_channels=(1, 1))  # 16x16, kernel 3: the last window holds one row
    assert network.features.average_pool(torch.ones(1, 1, 16, 16)).eq(1).all()


def test_a_large_image_needs_fewer_than_three_million_parameters():
    with torch.device("meta"):
        assert count_parameters(ConvNet((3, 224, 224), 1000)) < 3_000_000


def test_there_is_a_max_pool_after_each_pair_and_after_a_last_odd_convolution():
    network = ConvNet((1, 64, 64), 2, conv_channels=(4, 4, 8, 8, 16))
    assert layers_of(network, nn.MaxPool2d) == ["pool2", "pool4", "pool5"]
    assert layers_of(network, Dropout) == ["dropout2", "dropout4", "dropout5"]
    assert len(layers_of(network, nn.Conv2d)) == len(layers_of(network, nn.ReLU)) == 5


def test_an_axis_shorter_than_2_is_not_pooled_and_the_other_is():
    assert ConvNet((1, 1, 16), 2).features(torch.zeros(2, 1, 1, 16)).shape == (2, 64, 1, 4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pooling_before_a_monotone_activation_is_the_same_function(activation, images, generator):
    network = build_seeded(lambda: ConvNet((1, 8, 8), 2, activation=activation), generator=generator).double()
    x = images(4, 1, 8, 8, dtype=torch.float64)
    expected = x
    for i in (1, 2, 3, 4):
        for kind in ("conv", "norm", "activation", "pool"):  # the order that the docstring promises
            layer = getattr(network.features, f"{kind}{i}", nn.Identity())
            expected = layer(expected)
    assert torch.allclose(network.features(x), expected, rtol=1e-12, atol=1e-12)


def test_pooling_before_relu_gives_the_same_gradient(images):
    x = images(4, 2, 8, 8, dtype=torch.float64).requires_grad_()
    pooled_first = nn.functional.max_pool2d(x, 2).relu()
    pooled_last = nn.functional.max_pool2d(x.relu(), 2)
    gradients = [torch.autograd.grad(out.square().sum(), x)[0] for out in (pooled_first, pooled_last)]
    assert torch.equal(*gradients)


@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_a_convolution_has_a_bias_only_without_a_norm(norm):
    network = ConvNet((1, 8, 8), 2, norm=norm)
    assert {network.features[i].bias is not None for i in (0, 3)} == {norm is None}
    assert network.classifier.linear1.bias is not None


def test_the_dense_layers_have_no_norm():
    assert not [layer for layer in ConvNet((1, 8, 8), 2).classifier.modules() if isinstance(layer, nn.BatchNorm1d)]


@pytest.mark.parametrize(("hidden_units", "n_linear"), [((), 1), ((16,), 2), ((16, 8), 3)])
def test_the_classifier_has_a_linear_layer_for_each_hidden_one_and_for_the_logits(hidden_units, n_linear, images):
    network = ConvNet((1, 8, 8), 4, hidden_units=hidden_units)
    linear = [layer for layer in network.classifier if isinstance(layer, nn.Linear)]
    assert len(linear) == n_linear
    assert [layer.out_features for layer in linear] == [*hidden_units, 4]
    assert network(images(2, 1, 8, 8)).shape == (2, 4)


def test_dropout_stands_after_each_pool_and_each_hidden_layer():
    network = ConvNet((1, 8, 8), 2, hidden_units=(8, 8), dropout=0.3)
    assert [layer.p for layer in network.modules() if isinstance(layer, Dropout)] == [0.3] * 4
    names = list(dict(network.features.named_children()))
    assert names[names.index("pool2") : names.index("conv3")] == ["pool2", "activation2", "dropout2"]


@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_reach_every_parameter(norm, activation, images, generator, silent_parameters):
    network = build_seeded(lambda: ConvNet((3, 9, 9), 4, norm=norm, activation=activation), generator=generator)
    assert silent_parameters(network, images(16, 3, 9, 9)) == []


@pytest.mark.parametrize("norm", ["group", None])
def test_without_batch_norm_an_image_is_classified_the_same_whatever_is_beside_it(norm, images, generator):
    network = build_seeded(lambda: ConvNet((1, 8, 8), 3, norm=norm), generator=generator, dtype=torch.float64)
    x = images(5, 1, 8, 8, dtype=torch.float64)
    assert torch.allclose(network(x)[:1], network(x[:1]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_logits_have_the_dtype_of_the_weights_and_do_not_vary(dtype, images, generator):
    network = build_seeded(lambda: ConvNet((1, 8, 8), 3), generator=generator, dtype=dtype).eval()
    x = images(2, 1, 8, 8, dtype=dtype)
    assert network(x).dtype == dtype
    assert torch.equal(network(x), network(x))


def test_a_network_pickles(images, generator):
    network = build_seeded(lambda: ConvNet((1, 8, 8), 3, dropout=0.5), generator=generator).eval()
    x = images(2, 1, 8, 8)
    assert torch.equal(pickle.loads(pickle.dumps(network))(x), network(x))


def test_no_convolution_at_all_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"conv_channels must hold .* at least one convolution, got \(\).*use MLP"):
        ConvNet((1, 8, 8), 2, conv_channels=())


def test_the_window_of_the_average_pool_is_the_smallest_that_fits():
    for size, n_pools in [(64, 1), (64, 2), (225, 2)]:
        network = ConvNet((1, size, size), 2, conv_channels=(2,) * 2 * n_pools)
        assert network.features.average_pool.kernel_size == (ceil(size // 2**n_pools / 7),) * 2

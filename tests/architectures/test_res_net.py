import pickle

import pytest
import torch
from torch import nn

from skimgcls.architectures import ACTIVATIONS, ResNet, build_seeded, count_parameters
from skimgcls.architectures._res_net import ResidualBlock


@pytest.mark.parametrize(
    "in_shape", [(1, 1, 1), (1, 1, 2), (3, 1, 64), (1, 8, 8), (3, 9, 7), (1, 28, 28), (3, 32, 32), (3, 64, 50)], ids=str
)
@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_images_of_any_shape_become_logits(in_shape, norm, images, generator):
    network = build_seeded(lambda: ResNet(in_shape, 5, depth=8, width=4, norm=norm), generator=generator)
    for mode in (True, False):
        logits = network.train(mode)(images(2, *in_shape))
        assert logits.shape == (2, 5)
        assert logits.isfinite().all()


@pytest.mark.parametrize(("depth", "millions"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.73")])
def test_the_number_of_parameters_is_the_published_one(depth, millions):
    with torch.device("meta"):
        network = ResNet((3, 32, 32), 10, depth=depth)
    assert f"{count_parameters(network) / 1e6:.2f}" == millions


@pytest.mark.parametrize("depth", [8, 14, 20, 56])
def test_depth_counts_the_layers_with_weights(depth):
    with torch.device("meta"):
        network = ResNet((3, 32, 32), 10, depth=depth)
    assert len([layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]) == depth


def test_the_second_and_third_stage_halve_the_map_and_double_the_channels():
    network = ResNet((3, 33, 20), 10, depth=14, width=5)
    x = network.stem(torch.zeros(2, 3, 33, 20))
    shapes = [tuple(x.shape[1:])]
    for stage in network.stages:
        x = stage(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(5, 33, 20), (5, 33, 20), (10, 17, 10), (20, 9, 5)]


@pytest.mark.parametrize(
    ("depth", "remedy"), [(18, "14 or 20"), (19, "14 or 20"), (21, "20 or 26"), (2, "8"), (7, "8"), (0, "8"), (-3, "8")]
)
def test_another_depth_is_refused_with_the_nearest_allowed_ones(depth, remedy):
    with pytest.raises(ValueError, match=rf"depth must be 6n \+ 2 .*, got {depth}. Use {remedy}\."):
        ResNet((3, 32, 32), 10, depth=depth)


@pytest.mark.parametrize(("stride", "out_channels"), [(1, 3), (2, 3), (2, 6), (1, 6)])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3)])
def test_the_shortcut_takes_every_second_pixel_and_adds_channels_of_zeros(stride, out_channels, size, images):
    block = ResidualBlock(3, out_channels, stride=stride, norm=None, activation="relu")
    for parameter in block.parameters():
        nn.init.zeros_(parameter)  # what is left is the shortcut
    x = images(2, 3, *size).abs()
    out = block(x)
    assert torch.equal(out[:, :3], x[:, :, ::stride, ::stride])
    assert not out[:, 3:].any()
    assert out.shape[1] == out_channels


def test_a_block_adds_its_two_convolutions_to_its_input(images):
    block = ResidualBlock(3, 3, stride=1, norm=None, activation="tanh").double()
    x = images(2, 3, 4, 4, dtype=torch.float64)
    assert torch.allclose(block(x), (x + block.conv2(block.conv1(x).tanh())).tanh())


@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_reach_every_parameter(norm, activation, images, generator, silent_parameters):
    network = build_seeded(
        lambda: ResNet((3, 9, 9), 4, depth=14, width=8, norm=norm, activation=activation), generator=generator
    )
    assert silent_parameters(network, images(16, 3, 9, 9)) == []


def test_a_convolution_has_a_bias_only_without_a_norm():
    for norm in ("batch", "group", None):
        network = ResNet((1, 8, 8), 2, depth=8, norm=norm)
        biases = {layer.bias is not None for layer in network.modules() if isinstance(layer, nn.Conv2d)}
        assert biases == {norm is None}


def test_dropout_stands_before_the_linear_layer(images):
    network = ResNet((1, 8, 8), 2, depth=8, dropout=0.4)
    assert network.classifier.dropout.p == 0.4
    assert list(dict(network.classifier.named_children())) == ["average_pool", "flatten", "dropout", "output"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_pickles_and_its_logits_do_not_vary(dtype, images, generator):
    network = build_seeded(lambda: ResNet((1, 8, 8), 3, depth=8), generator=generator, dtype=dtype).eval()
    x = images(2, 1, 8, 8, dtype=dtype)
    logits = pickle.loads(pickle.dumps(network))(x)
    assert torch.equal(logits, network(x))
    assert logits.dtype == dtype

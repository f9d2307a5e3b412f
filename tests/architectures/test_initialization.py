from concurrent.futures import ThreadPoolExecutor
from math import log, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from skimgcls.architectures import (
    MLP,
    ConvNet,
    InputScaling,
    ResNet,
    ScaledNetwork,
    build_seeded,
    initialize_parameters,
)

FACTORIES = {
    "conv": lambda: ConvNet((3, 8, 8), 10),
    "conv without norm": lambda: ConvNet((3, 8, 8), 10, norm=None),
    "conv, group norm, tanh": lambda: ConvNet((3, 8, 8), 10, norm="group", activation="tanh"),
    "resnet": lambda: ResNet((3, 8, 8), 10, depth=8),
    "resnet without norm": lambda: ResNet((3, 8, 8), 10, depth=20, norm=None),
    "mlp": lambda: MLP((3, 8, 8), 10, norm="batch"),
    "mixer": lambda: MLP((3, 8, 8), 10, hidden_units=(32, 64, 64), patch_size=2),
}
factories = pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)


def build(factory, seed=0, **params):
    return build_seeded(factory, generator=torch.Generator().manual_seed(seed), **params)


def same_weights(first, second):
    states = first.state_dict(), second.state_dict()
    return states[0].keys() == states[1].keys() and all(torch.equal(states[0][k], states[1][k]) for k in states[0])


@factories
def test_building_leaves_the_global_generators_untouched(factory):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    build(factory)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


@factories
def test_a_seed_gives_the_same_weights_and_another_seed_others(factory):
    assert same_weights(build(factory), build(factory))
    assert not same_weights(build(factory), build(factory, seed=1))


@factories
def test_float32_and_float64_start_from_the_same_numbers(factory):
    single, double = build(factory), build(factory, dtype=torch.float64)
    assert {tensor.dtype for tensor in double.parameters()} == {torch.float64}
    assert same_weights(single, double.float())


@factories
def test_every_tensor_is_filled_and_on_the_device(factory):
    network = build(factory)
    for tensor in network.state_dict().values():
        assert tensor.device.type == "cpu"
        assert tensor.isfinite().all()
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.training


@factories
def test_initializing_a_trained_network_again_makes_it_a_new_one(factory, images):
    network = build(factory)
    network(images(16, 3, 8, 8)).logsumexp(1).sum().backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter -= 0.1 * parameter.grad
    assert not same_weights(network, build(factory))
    initialize_parameters(network, torch.Generator().manual_seed(0))
    assert same_weights(network, build(factory))


def test_networks_built_in_threads_are_those_built_alone():
    def build_one(seed):
        return build(FACTORIES["conv"], seed=seed)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(build_one, range(12)))
    assert all(same_weights(network, build_one(seed)) for seed, network in enumerate(together))


def test_convolutions_are_built_channels_last():
    network = build(lambda: ConvNet((3, 8, 8), 10))
    assert network.features.conv2.weight.is_contiguous(memory_format=torch.channels_last)


def test_hidden_weights_have_the_variance_of_he():
    network = build(lambda: ConvNet((3, 28, 28), 10, conv_channels=(64, 64)))
    for layer in (network.features.conv2, network.classifier.linear1):
        fan_in = layer.weight[0].numel()
        assert layer.weight.std().item() == pytest.approx(sqrt(2 / fan_in), rel=0.03)
        assert abs(layer.weight.mean()) < 5 * sqrt(2 / fan_in / layer.weight.numel())


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 5 / 3), ("sigmoid", 1)])
def test_hidden_weights_before_a_sigmoid_or_tanh_have_the_variance_of_glorot(activation, gain):
    weight = build(lambda: MLP((1, 28, 28), 10, activation=activation)).backbone.linear1.weight
    fan_out, fan_in = weight.shape
    bound = gain * sqrt(6 / (fan_in + fan_out))
    assert 0.99 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.03)


@factories
def test_output_weights_are_small_and_biases_zero(factory):
    network = build(factory)
    output = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    assert output.out_features == 10
    assert 0.9 < output.weight.abs().max() * sqrt(output.in_features) <= 1 + 1e-6
    assert not any(parameter.any() for name, parameter in network.named_parameters() if name.endswith("bias"))


@factories
def test_the_first_loss_is_near_that_of_equal_probabilities(factory, images):
    logits = build(factory)(images(256, 3, 8, 8)).detach()
    loss = nn.functional.cross_entropy(logits, torch.arange(256) % 10)
    assert abs(loss - log(10)) < 1


def test_norms_start_neutral_with_fresh_statistics():
    network = build(FACTORIES["conv"])
    for norm in (layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)):
        assert norm.weight.eq(1).all()
        assert norm.running_mean.eq(0).all()
        assert norm.running_var.eq(1).all()
        assert norm.num_batches_tracked == 0


@pytest.mark.parametrize("depth", [8, 56, 110])
def test_features_of_a_residual_network_without_norm_do_not_grow_with_depth(depth, images):
    network = build(lambda: ResNet((3, 8, 8), 10, depth=depth, width=8, norm=None))
    features = network.stages(network.stem(images(16, 3, 8, 8)))
    assert 0.1 < features.std() < 3


@pytest.mark.parametrize("n_blocks", [1, 8, 24])
def test_features_of_a_mixer_without_norm_do_not_grow_with_depth(n_blocks, images):
    network = build(lambda: MLP((3, 8, 8), 10, hidden_units=(32,) * (n_blocks + 1), patch_size=2))
    x = network.stem(images(16, 3, 8, 8))
    assert network.backbone[:-1](x).std() < 6 * x.std()


def test_an_unknown_layer_with_parameters_is_refused_and_nothing_is_changed():
    network = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    before = network[0].weight.detach().clone()
    with pytest.raises(TypeError, match=r"Layer '1' has parameters or buffers and is a PReLU; only Linear, .* can be"):
        initialize_parameters(network, torch.Generator())
    assert torch.equal(network[0].weight, before)


def test_buffers_that_nothing_would_fill_are_refused():
    with pytest.raises(TypeError, match="is a InputScaling"):
        initialize_parameters(ScaledNetwork(InputScaling([0.0], [1.0]), nn.Linear(1, 1)), torch.Generator())
    with pytest.raises(TypeError, match="is a LayerNorm"):
        build(lambda: nn.LayerNorm(3))

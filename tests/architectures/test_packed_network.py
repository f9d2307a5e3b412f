import copy

import pytest
import torch
from torch import nn

from skimgcls.architectures import MLP, ConvNet, InputScaling, PackedNetwork, ResNet, ScaledNetwork

NETWORKS = {
    "ConvNet": lambda: ConvNet((3, 9, 7), 5, conv_channels=(8, 8, 12)),
    "ResNet": lambda: ResNet((3, 9, 7), 5, depth=8, width=4),
    "scaled": lambda: ScaledNetwork(InputScaling([1.0, 2, 3], [3.0, 2, 1]), NETWORKS["ConvNet"]()),
    "grouped and strided": lambda: nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, groups=3, dilation=2), nn.Flatten()),
    "channels last": lambda: NETWORKS["ConvNet"]().to(memory_format=torch.channels_last),
}


def trained(make):
    torch.manual_seed(0)
    network = make()
    for _ in range(3):
        network(torch.rand(8, 3, 9, 7))  # statistics that matter
    return network.eval()


@pytest.mark.parametrize("n", [1, 2, 16])
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_logits_are_the_same(make, n):
    network = trained(make)
    x = torch.rand(n, 3, 9, 7)
    packed = PackedNetwork(network)
    assert packed.n_packed > 0
    with torch.inference_mode():
        torch.testing.assert_close(packed(x), network(x), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            packed(x.contiguous(memory_format=torch.channels_last)), network(x), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: MLP((3, 9, 7), 5),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding_mode="circular", padding=1), nn.Flatten()),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.Flatten()),
        lambda: ConvNet((3, 9, 7), 5, conv_channels=(8,)).double(),
    ],
    ids=["no convolution", "circular", "same", "float64"],
)
def test_what_cannot_be_packed_is_left(make):
    assert PackedNetwork(make().eval()).n_packed == 0


def change_weight(network):
    with torch.no_grad():
        network.features.conv2.weight[0, 0, 0, 0] += 1e-3


def change_data(network):
    network.features.conv2.weight.data[0, 0, 0, 0] *= -1


def change_statistics(network):
    network.features.norm1.running_mean[0] += 1e-3


def replace_layer(network):
    network.features.activation1 = nn.Tanh()


def replace_weight(network):
    network.features.conv1.weight = nn.Parameter(network.features.conv1.weight.detach().clone())


def drop_bias(network):
    network.features.norm1.bias = None


def add_hook(network):
    network.features.conv1.register_forward_hook(lambda module, args, output: output * 2)


def patch_forward(network):
    network.features.norm1.forward = lambda x: x


@pytest.mark.parametrize(
    "change",
    [change_weight, change_data, change_statistics, replace_layer, replace_weight, drop_bias, add_hook, patch_forward],
)
def test_every_change_is_noticed(change):
    network = trained(NETWORKS["ConvNet"])
    packed = PackedNetwork(network)
    assert packed.is_current(network)
    change(network)
    assert not packed.is_current(network)
    x = torch.rand(2, 3, 9, 7)
    with torch.inference_mode():
        torch.testing.assert_close(PackedNetwork(network)(x), network(x), rtol=1e-4, atol=1e-5)


def test_a_copy_is_another_network():
    network = trained(NETWORKS["ConvNet"])
    assert not PackedNetwork(network).is_current(copy.deepcopy(network))

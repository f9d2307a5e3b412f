import pytest
import torch
from torch import nn

from skimgcls.architectures import MLP, ConvNet, InputScaling, ResNet, ScaledNetwork
from skimgcls.inspection.explanations._find_feature_map import find_feature_map


def found(network, images=None, layer=None):
    """Name of the layer that is found."""
    images = torch.zeros(2, 1, 16, 16) if images is None else images
    scaled = ScaledNetwork(InputScaling([0.0], [1.0]), network.eval())
    module = find_feature_map(scaled, images, layer)
    return next((name for name, part in network.named_modules() if part is module), None)


class Forked(nn.Module):
    """Functions between its layers, a layer that is used twice, and one that works in place."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.again = nn.Conv2d(4, 4, 3, padding=1)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        x = self.act(self.conv(x))
        x = self.act(self.again(nn.functional.max_pool2d(x, 2)))
        return self.out(x.mean((2, 3)))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (ConvNet((1, 16, 16), 3), "features"),
        (ResNet((1, 16, 16), 3, depth=8), "stages"),
        (Forked(), "act"),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), "1"),
        (MLP((1, 16, 16), 3, hidden_units=(8, 8), patch_size=4), "stem.embedding"),
    ],
    ids=["conv", "resnet", "forked", "pool", "mixer"],
)
def test_the_last_feature_map_with_more_than_one_place_is_found(network, expected):
    assert found(network) == expected


@pytest.mark.parametrize(
    "network",
    [
        MLP((1, 16, 16), 3),
        nn.Sequential(nn.Dropout2d(), nn.ZeroPad2d(1), nn.Flatten(), nn.Linear(18 * 18, 3)),
        nn.Sequential(nn.Conv2d(1, 4, 16), nn.Flatten(), nn.Linear(4, 3)),
    ],
    ids=["mlp", "padded", "one place"],
)
def test_a_network_without_one_gives_none_whatever_is_named(network):
    assert found(network) is None
    assert found(network, layer="0") is None


@pytest.mark.parametrize("name", ["features.conv1", "features.norm3", "network.features.pool2"])
def test_a_layer_can_be_named_or_handed_in(name):
    network = ConvNet((1, 16, 16), 3)
    short = name.removeprefix("network.")
    assert found(network, layer=name) == short
    assert found(network, layer=network.get_submodule(short)) == short


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("features.conv9", "The network has no layer 'features.conv9'. Layers with a feature map are ..., "),
        (nn.Linear(1, 1), "The network has no layer of this kind: Linear. Layers with"),
        ("classifier.linear1", "Layer 'classifier.linear1' gives no feature map .* Layers that do are .*'features'"),
        ("classifier", "Layer 'classifier' gives no feature map"),
    ],
    ids=["unknown", "foreign", "dense", "container"],
)
def test_a_layer_that_does_not_serve_is_refused_with_those_that_do(layer, message):
    with pytest.raises(ValueError, match=message):
        found(ConvNet((1, 16, 16), 3), layer=layer)


def test_no_hook_stays_even_if_the_network_fails():
    network = ConvNet((1, 16, 16), 3)
    found(network)
    with pytest.raises(RuntimeError):
        found(network, torch.zeros(2, 1, 64, 64))
    assert not any(part._forward_hooks for part in network.modules())

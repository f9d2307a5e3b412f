import pytest
import torch
from torch import nn

from skimgcls.architectures import (
    MLP,
    ConvNet,
    InputScaling,
    LayerSummary,
    ResNet,
    ScaledNetwork,
    count_parameters,
    summarize_layers,
)

NETWORKS = {
    "conv": lambda: ConvNet((3, 8, 8), 10, dropout=0.5),
    "resnet": lambda: ResNet((3, 8, 8), 10, depth=8),
    "mlp": lambda: MLP((3, 8, 8), 10),
    "mixer": lambda: MLP((3, 8, 8), 10, hidden_units=(16, 8), patch_size=4, norm="group"),
    "scaled": lambda: ScaledNetwork(InputScaling([0.0] * 3, [1.0] * 3), ConvNet((3, 8, 8), 10)),
}
networks = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


def test_layers_come_in_the_order_in_which_an_image_passes_them():
    rows = summarize_layers(ConvNet((1, 28, 28), 10, conv_channels=(8, 16), hidden_units=()), (1, 28, 28))
    assert rows == [
        LayerSummary("features.conv1", "Conv2d", (8, 28, 28), 72),
        LayerSummary("features.norm1", "BatchNorm2d", (8, 28, 28), 16),
        LayerSummary("features.activation1", "ReLU", (8, 28, 28), 0),
        LayerSummary("features.conv2", "Conv2d", (16, 28, 28), 1152),
        LayerSummary("features.norm2", "BatchNorm2d", (16, 28, 28), 32),
        LayerSummary("features.pool2", "MaxPool2d", (16, 14, 14), 0),
        LayerSummary("features.activation2", "ReLU", (16, 14, 14), 0),
        LayerSummary("features.dropout2", "Dropout", (16, 14, 14), 0),
        LayerSummary("features.average_pool", "AvgPool2d", (16, 7, 7), 0),
        LayerSummary("classifier.flatten", "Flatten", (784,), 0),
        LayerSummary("classifier.output", "Linear", (10,), 7850),
    ]


@networks
def test_the_rows_add_up_to_the_number_of_parameters(make):
    network = make()
    rows = summarize_layers(network, (3, 8, 8))
    assert sum(row.n_parameters for row in rows) == count_parameters(network) > 0
    assert rows[-1].output_shape == (10,)


@networks
def test_the_network_and_the_generators_are_left_as_they_were(make):
    network = make()
    network.train()
    next(network.children()).eval()  # a mixture, as with a frozen part
    modes = [layer.training for layer in network.modules()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch_state = torch.get_rng_state()
    summarize_layers(network, (3, 8, 8))
    assert [layer.training for layer in network.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network.modules())
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_a_failing_network_is_left_without_hooks_and_in_its_mode():
    network = ConvNet((3, 8, 8), 10)
    with pytest.raises(RuntimeError):
        summarize_layers(network, (4, 8, 8))
    assert all(layer.training and not layer._forward_hooks for layer in network.modules())


def test_double_precision_and_networks_without_parameters_are_summarized():
    assert summarize_layers(MLP((1, 4, 4), 3).double(), (1, 4, 4))[-1].output_shape == (3,)
    assert summarize_layers(nn.Flatten(), (1, 4, 4)) == [LayerSummary("", "Flatten", (16,), 0)]


def test_identities_are_left_out_and_a_layer_used_twice_is_listed_once():
    activation = nn.ReLU()
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), activation, nn.Identity(), nn.Linear(4, 2), activation)
    assert [row.type for row in summarize_layers(network, (1, 2, 2))] == ["Flatten", "Linear", "ReLU", "Linear"]


def test_frozen_parameters_count_only_when_asked_for():
    network = MLP((1, 8, 8), 10, hidden_units=(4,))
    network.backbone.requires_grad_(False)
    assert count_parameters(network) == 4 * 10 + 10
    assert count_parameters(network, trainable_only=False) == 64 * 4 + 4 + 4 * 10 + 10


def test_shared_parameters_count_once_and_buffers_do_not():
    layer = nn.Linear(3, 3)
    assert count_parameters(nn.Sequential(layer, layer)) == 12
    assert count_parameters(nn.BatchNorm2d(5)) == 10

import copy
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from skimgcls.architectures import MLP, ConvNet, InputScaling, ResNet, ScaledNetwork, fold_batch_norm

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Residual(nn.Module):
    """A module of the user's that calls its Sequential and adds."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))

    def forward(self, x):
        return nn.functional.relu(x + self.body(x))


def sequential(*layers):
    """Make a foreign network for images (3, 9, 7), each time a new one."""
    return lambda: copy.deepcopy(nn.Sequential(*layers))


OURS = {
    "ConvNet": lambda: ConvNet((3, 9, 7), 5, conv_channels=(8, 8, 12), hidden_units=(6,)),
    "ConvNet of gelu": lambda: ConvNet((3, 9, 7), 5, conv_channels=(8, 8), activation="gelu"),
    "ResNet": lambda: ResNet((3, 9, 7), 5, depth=8, width=4),
    "scaled": lambda: ScaledNetwork(InputScaling([1.0, 2, 3], [3.0, 2, 1], dtype=torch.float64), OURS["ConvNet"]()),
}
FOREIGN = {
    "conv with bias": sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False), nn.Flatten()),
    "conv without bias": sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten()),
    "grouped and strided": sequential(nn.Conv2d(3, 6, 3, stride=2, groups=3), nn.BatchNorm2d(6), nn.Flatten()),
    "conv of length": sequential(nn.Flatten(2), nn.Conv1d(3, 4, 5), nn.BatchNorm1d(4), nn.Flatten()),
    "nested": sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.ReLU(), nn.Flatten()),
}
LEFT = {
    "a module of their own around it": Residual,
    "norm before everything": sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.Flatten()),
    "activation between": sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.Flatten()),
    "statistics of the batch": sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
    "transposed convolution": sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)),
    "group norm": lambda: ConvNet((3, 9, 7), 5, conv_channels=(8, 16), norm="group"),
    "no norm": lambda: ConvNet((3, 9, 7), 5, conv_channels=(8,), norm=None),
    "linear": sequential(nn.Flatten(), nn.Linear(189, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5)),
    "MLP": lambda: MLP((3, 9, 7), 5, hidden_units=(12, 7), norm="batch"),
    "mixer": lambda: MLP((3, 9, 7), 5, hidden_units=(6, 8, 8), patch_size=4, norm="batch"),
}


@pytest.fixture
def trained(generator):
    """Give a network's norms statistics and weights that matter, as training does."""

    def train(network, dtype=torch.float64):
        network.to(dtype)
        for module in network.modules():
            if isinstance(module, NORMS) and module.running_mean is not None:
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.2, 3, generator=generator)
            if isinstance(module, NORMS) and module.affine:
                nn.init.normal_(module.weight, 1, 0.5, generator=generator)
                nn.init.normal_(module.bias, generator=generator)
        return network.eval()

    return train


def n_norms(network):
    return sum(isinstance(module, NORMS) for module in network.modules())


@torch.no_grad()
def largest_difference(network, other, x):
    expected = network(x)
    return float((other(x) - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("make", (OURS | FOREIGN | LEFT).values(), ids=OURS | FOREIGN | LEFT)
def test_logits_are_the_same(make, dtype, tolerance, trained, images):
    network = trained(make(), dtype)
    assert largest_difference(network, fold_batch_norm(network), images(4, 3, 9, 7, dtype=dtype)) < tolerance


@pytest.mark.parametrize("make", (OURS | FOREIGN).values(), ids=OURS | FOREIGN)
def test_no_norm_is_left(make, trained):
    network = trained(make())
    assert n_norms(network) > 0
    assert n_norms(fold_batch_norm(network)) == 0


@pytest.mark.parametrize("make", (OURS | FOREIGN).values(), ids=OURS | FOREIGN)
def test_the_original_is_as_it_was_and_can_be_trained(make, trained, images):
    network = trained(make())
    state, n_before = copy.deepcopy(network.state_dict()), n_norms(network)
    fold_batch_norm(network)
    assert n_norms(network) == n_before
    assert network.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    network.train()(images(4, 3, 9, 7, dtype=torch.float64)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("make", LEFT.values(), ids=LEFT)
def test_where_there_is_nothing_to_fold_the_network_itself_is_returned(make, trained):
    network = trained(make())
    assert fold_batch_norm(network) is network


def test_what_is_not_folded_is_shared(trained):
    network = trained(OURS["ConvNet"]())
    folded = fold_batch_norm(network)
    assert folded.classifier is network.classifier
    assert folded.features.pool2 is network.features.pool2


def test_folding_twice_changes_nothing(trained):
    folded = fold_batch_norm(trained(OURS["ResNet"]()))
    assert fold_batch_norm(folded) is folded


def test_a_norm_in_training_mode_is_left(trained, images):
    network = trained(FOREIGN["nested"]())
    network[0][1].train()
    assert fold_batch_norm(network) is network


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_layers_with_hooks_are_left(position, register, trained, images):
    network = trained(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    seen = []
    handle = getattr(network[position], register)(lambda module, *values: seen.append(module))
    folded = fold_batch_norm(network)
    folded(images(1, 3, 9, 7, dtype=torch.float64))
    assert folded is network
    assert seen == [network[position]]
    handle.remove()
    assert n_norms(fold_batch_norm(network)) == 0


@pytest.mark.parametrize(
    "change",
    [
        parametrizations.weight_norm,
        parametrizations.orthogonal,
        lambda layer: prune.l1_unstructured(layer, "weight", 3),
    ],
    ids=["weight_norm", "orthogonal", "pruned"],
)
def test_layers_whose_weights_are_computed_are_left(change, trained, images):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    change(network[0])
    assert fold_batch_norm(trained(network)) is network


def test_subclasses_of_layers_and_norms_are_left(trained):
    class Standardized(nn.Conv2d):
        def forward(self, x):
            return super().forward(x - x.mean())

    class Doubled(nn.BatchNorm2d):
        def forward(self, x):
            return 2 * super().forward(x)

    for layers in ((Standardized(3, 4, 3), nn.BatchNorm2d(4)), (nn.Conv2d(3, 4, 3), Doubled(4))):
        network = trained(nn.Sequential(*layers))
        assert fold_batch_norm(network) is network


class CallsInAnotherOrder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.conv(self.norm(x))


class AnOrderOfItsOwn(nn.Sequential):
    def forward(self, x):
        for layer in reversed(self):
            x = layer(x)
        return x


@pytest.mark.parametrize(
    "make",
    [CallsInAnotherOrder, lambda: AnOrderOfItsOwn(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))],
    ids=["module", "Sequential"],
)
def test_modules_that_may_call_their_layers_in_another_order_are_left(make, trained):
    network = trained(make())
    assert fold_batch_norm(network) is network
    around = nn.Sequential(network, nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    assert fold_batch_norm(around)[0] is network


def test_one_layer_that_is_used_twice_is_folded_for_each_norm(trained, images):
    conv = nn.Conv2d(3, 3, 3, padding=1)
    network = trained(nn.Sequential(conv, nn.BatchNorm2d(3), nn.ReLU(), conv, nn.BatchNorm2d(3)))
    folded = fold_batch_norm(network)
    assert n_norms(folded) == 0
    assert largest_difference(network, folded, images(2, 3, 9, 7, dtype=torch.float64)) < 1e-10


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (nn.Sequential(nn.Linear(7, 6), nn.BatchNorm1d(4)), (2, 4, 7)),
        (nn.Sequential(nn.Linear(7, 4), nn.BatchNorm1d(4)), (2, 4, 7)),
        (nn.Sequential(nn.Linear(7, 3), nn.BatchNorm2d(3)), (2, 3, 9, 7)),
    ],
    ids=["tokens", "as many tokens as features", "images"],
)
def test_a_linear_layer_over_the_last_axis_before_a_norm_over_the_second_predicts_the_same(
    network, shape, trained, images
):
    network = trained(network)
    assert largest_difference(network, fold_batch_norm(network), images(*shape, dtype=torch.float64)) < 1e-10


def test_empty_places_and_names_are_kept(trained, images):
    class WithEmptyPlace(Residual):
        def __init__(self):
            super().__init__()
            self.register_module("shortcut", None)

    network = trained(nn.Sequential(OrderedDict(first=WithEmptyPlace(), second=Residual())))
    folded = fold_batch_norm(network)
    assert folded.first.shortcut is None
    assert [name for name, _ in folded.named_modules()] == [name for name, _ in network.named_modules()]
    assert largest_difference(network, folded, images(2, 3, 9, 7, dtype=torch.float64)) < 1e-10

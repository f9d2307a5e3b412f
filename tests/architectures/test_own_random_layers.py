import pytest
import torch
from torch import nn

from skimgcls.architectures import Dropout
from skimgcls.architectures._own_random_layers import DropBranch, own_random_layers


class DropPath(nn.Module):
    """As timm's, which is not needed for it."""

    def __init__(self, drop_prob):
        super().__init__()
        self.drop_prob = drop_prob


def test_dropout_and_stochastic_depth_are_replaced_wherever_they_are():
    from torchvision.ops import StochasticDepth

    network = nn.Sequential(nn.Dropout(0.3, inplace=True), nn.Sequential(StochasticDepth(0.2, "row"), DropPath(0.1)))
    assert own_random_layers(network) is network
    assert type(network[0]) is Dropout
    assert network[0].p == 0.3
    assert [type(layer) for layer in network[1]] == [DropBranch, DropBranch]
    assert [layer.p for layer in network[1]] == [0.2, 0.1]


def test_a_path_that_is_never_dropped_is_one_of_probability_zero():
    network = own_random_layers(nn.Sequential(DropPath(None)))
    x = torch.ones(4, 2)
    assert network[0].train()(x) is x


@pytest.mark.parametrize("shape", [(1000, 3), (1000, 2, 4, 4)], ids=str)
def test_whole_branches_are_dropped_and_the_mean_stays(shape):
    layer = DropBranch(0.25).train()
    layer.generator = torch.Generator().manual_seed(0)
    out = layer(torch.ones(shape)).flatten(1)
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert (out == out[:, :1]).all()
    assert 0.95 < out.mean() < 1.05


def test_the_same_generator_drops_the_same_branches():
    def drop():
        layer = DropBranch(0.5).train()
        layer.generator = torch.Generator().manual_seed(3)
        return layer(torch.ones(20, 2))

    assert torch.equal(drop(), drop())


def test_nothing_is_dropped_in_evaluation():
    x = torch.ones(4, 2)
    assert DropBranch(0.5).eval()(x) is x

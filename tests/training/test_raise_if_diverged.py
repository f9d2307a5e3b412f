import copy
import math

import pytest
import torch
from torch import nn

from skimgcls import CNNClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.training._raise_if_diverged import copy_tensors, is_finite

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}


@pytest.fixture
def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@pytest.mark.parametrize("losses", [[], [0.0], [1.5, 0.0], [1e300, -5.0]], ids=str)
def test_finite_losses_weights_and_buffers_are_finite(network, losses):
    assert is_finite(network.state_dict().values(), losses) is True


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", [0, 1])
def test_any_loss_that_is_not_makes_it_not(network, bad, position):
    losses = [1.0, 1.0]
    losses[position] = bad
    assert is_finite(network.state_dict().values(), losses) is False


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["0.weight", "0.bias", "1.weight", "1.running_mean", "1.running_var"])
def test_any_weight_or_statistic_that_is_not_makes_it_not(network, name, bad):
    network.state_dict()[name].flatten()[-1] = bad
    assert is_finite(network.state_dict().values(), [1.0]) is False


def test_tensors_of_different_dtypes_are_looked_at_together(network):
    network[1].double()
    network.register_buffer("n_seen", torch.tensor(3))
    network.register_buffer("scale", torch.tensor([1.0], dtype=torch.bfloat16))
    assert is_finite(network.state_dict().values(), [])
    network.scale.fill_(math.inf)
    assert not is_finite(network.state_dict().values(), [])


def test_a_frozen_weight_counts_too(network):
    network[0].weight.requires_grad_(False)[0, 0] = math.nan
    assert not is_finite(network.state_dict().values(), [])


@pytest.mark.parametrize("value", [torch.finfo(torch.float32).max, -torch.finfo(torch.float32).max, 1e-45])
def test_the_largest_and_the_smallest_numbers_are_finite(network, value):
    network.state_dict()["0.weight"].fill_(value)
    assert is_finite(network.state_dict().values(), [])


def test_empty_tensors_are_nothing_to_look_at(network):
    assert is_finite([*network.state_dict().values(), torch.zeros(0, 3)], [])


def test_copied_tensors_bring_a_network_back_in_place(network):
    start = copy.deepcopy(network.state_dict())
    addresses = [tensor.data_ptr() for tensor in network.state_dict().values()]
    network(torch.ones(5, 3)).sum()
    network.state_dict()["0.weight"].fill_(math.nan)
    copy_tensors(start.values(), network.state_dict().values())
    assert all(torch.equal(tensor, start[name]) for name, tensor in network.state_dict().items())
    assert [tensor.data_ptr() for tensor in network.state_dict().values()] == addresses


def test_tensors_are_copied_into_weights_that_are_trained(network):
    copy_tensors([torch.ones(4, 3)], [network[0].weight])
    assert network[0].weight.requires_grad
    assert network[0].weight.grad_fn is None
    assert torch.equal(network[0].weight, torch.ones(4, 3))


def test_a_missing_tensor_is_an_error(network):
    with pytest.raises(ValueError, match="longer"):
        copy_tensors([torch.ones(4, 3)], [network[0].weight, network[0].bias])


class Masked(torch.nn.Linear):
    """Carries a mask of -inf, as networks with attention do."""

    def __init__(self, n_pixels, n_classes):
        super().__init__(n_pixels, n_classes)
        self.register_buffer("mask", torch.full((4, 4), -torch.inf).triu(1))

    def forward(self, images):
        return super().forward(images.flatten(1))


class NotFiniteInValidation(torch.nn.Linear):
    def forward(self, images):
        logits = super().forward(images.flatten(1))
        return logits if self.training else logits * torch.nan


class WideStatistics(torch.nn.Linear):
    """Its loss is finite, while the variance that a normalization learns overflows."""

    def __init__(self, n_pixels, n_classes):
        super().__init__(n_pixels, n_classes)
        self.norm = torch.nn.BatchNorm1d(n_classes)

    def forward(self, images):
        logits = super().forward(images.flatten(1))
        if self.training:
            self.norm(logits * 1e30)
        return logits


def of(module):
    return lambda image_shape, n_classes: module(image_shape[0] * image_shape[1], n_classes)


def test_a_mask_that_came_with_the_network_is_no_divergence(digits):
    assert CNNClassifier(architecture=of(Masked), **PARAMS).fit(*digits).n_epochs_ == 3


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (NotFiniteInValidation, "epoch 1: valid_loss=nan with"),
        (WideStatistics, "epoch 1: weights or statistics that are"),
    ],
)
def test_the_error_of_divergence_says_what_is_not_finite(module, words, digits):
    with pytest.raises(DivergedError, match=words):
        CNNClassifier(architecture=of(module), validation_fraction=0.2, **PARAMS).fit(*digits)

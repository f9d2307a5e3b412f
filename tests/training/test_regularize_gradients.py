"""The L1 penalty and the bound on gradients."""

import pytest
import torch

from skimgcls.training._regularize_gradients import regularize_gradients


@pytest.fixture
def layer():
    layer = torch.nn.Linear(3, 2).double()
    layer(torch.ones(4, 3, dtype=torch.float64)).square().sum().backward()
    return layer


def test_l1_adds_the_gradient_of_the_sum_of_absolute_weights(layer):
    before = layer.weight.grad.clone()
    penalty = 0.3 * layer.weight.abs().sum()
    (wanted,) = torch.autograd.grad(penalty, layer.weight)
    regularize_gradients(layer, l1=0.3, max_norm=None)
    torch.testing.assert_close(layer.weight.grad, before + wanted)


def test_l1_leaves_biases_alone(layer):
    before = layer.bias.grad.clone()
    regularize_gradients(layer, l1=0.3, max_norm=None)
    assert torch.equal(layer.bias.grad, before)


def test_a_parameter_without_gradient_is_passed_over(layer):
    layer.weight.grad = None
    regularize_gradients(layer, l1=0.3, max_norm=1.0)
    assert layer.weight.grad is None


def test_the_norm_of_all_gradients_together_is_bounded(layer):
    regularize_gradients(layer, l1=0.0, max_norm=0.5)
    norms = torch.stack([parameter.grad.norm() for parameter in layer.parameters()])
    assert float(norms.norm()) == pytest.approx(0.5, rel=1e-5)


def test_small_gradients_are_not_blown_up(layer):
    before = layer.weight.grad.clone()
    regularize_gradients(layer, l1=0.0, max_norm=1e6)
    torch.testing.assert_close(layer.weight.grad, before)

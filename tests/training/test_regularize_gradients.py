import pytest
import torch
from torch import nn

from skimgcls.training._regularize_gradients import regularize_gradients


@pytest.fixture
def module():
    """Two layers and a norm whose gradients are all one."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    return module


def gradients(module):
    return [parameter.grad.clone() for parameter in module.parameters()]


def test_l1_adds_its_share_of_the_sign_to_matrices_and_kernels_alone(module):
    with torch.no_grad():
        module[3].weight[0] = 0.0
    regularize_gradients(module, l1=0.25, max_norm=None)
    for parameter in module.parameters():
        sign = parameter.sign() if parameter.ndim > 1 else torch.zeros_like(parameter)
        torch.testing.assert_close(parameter.grad, 1 + 0.25 * sign)
    assert torch.equal(module[3].weight.grad[0], torch.ones(8))  # a weight of zero stays where it is


@pytest.mark.parametrize("max_norm", [1e-3, 1.0])
def test_the_norm_of_all_gradients_together_is_bounded_and_their_direction_kept(module, max_norm):
    before = torch.cat([gradient.flatten() for gradient in gradients(module)])
    regularize_gradients(module, l1=0.0, max_norm=max_norm)
    after = torch.cat([gradient.flatten() for gradient in gradients(module)])
    assert after.norm().item() == pytest.approx(max_norm, rel=1e-3)
    torch.testing.assert_close(after / after.norm(), before / before.norm())


def test_the_penalty_counts_towards_the_norm(module):
    regularize_gradients(module, l1=100.0, max_norm=1.0)
    assert torch.cat([gradient.flatten() for gradient in gradients(module)]).norm().item() <= 1.0


@pytest.mark.parametrize("settings", [{"l1": 0.0, "max_norm": None}, {"l1": 0, "max_norm": 1e9}])
def test_what_is_not_asked_for_changes_nothing(module, settings):
    before = gradients(module)
    regularize_gradients(module, **settings)
    assert all(map(torch.equal, gradients(module), before))


def test_a_weight_without_a_gradient_is_passed_by(module):
    module[0].weight.grad = None
    regularize_gradients(module, l1=0.5, max_norm=1.0)
    assert module[0].weight.grad is None

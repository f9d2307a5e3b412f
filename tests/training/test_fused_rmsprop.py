import copy

import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.training._fused_rmsprop import FusedRMSprop

PLAIN = [{}, {"weight_decay": 0.1}, {"alpha": 0.8, "eps": 1e-3}, {"maximize": True}]
UNUSUAL = [{"centered": True}, {"momentum": 0.9}, {"foreach": True}, {"lr": torch.tensor(0.01)}]


def make_weights(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in [(7, 5), (7,), ()]]


def train(weights, optimizer, n_steps=50):
    generator = torch.Generator().manual_seed(1)
    for step in range(n_steps):
        for weight in weights:
            weight.grad = torch.randn(weight.shape, generator=generator, dtype=weight.dtype) * (step % 5)
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in weights])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("params", PLAIN, ids=lambda params: ",".join(params))
def test_weights_are_those_of_torch_up_to_rounding(params, dtype):
    torchs, ours = make_weights(dtype), make_weights(dtype)
    expected = train(torchs, torch.optim.RMSprop(torchs, **{"lr": 0.01} | params))
    seen = train(ours, FusedRMSprop(ours, **{"lr": 0.01} | params))
    assert not torch.equal(seen, make_weights(dtype)[0].detach().flatten()[:1].expand_as(seen))
    torch.testing.assert_close(seen, expected, rtol=20 * torch.finfo(dtype).eps, atol=200 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("params", UNUSUAL, ids=lambda params: ",".join(params))
def test_unusual_settings_are_left_to_torch(params):
    torchs, ours = make_weights(), make_weights()
    params = {"lr": 0.01} | params
    expected = train(torchs, torch.optim.RMSprop(torchs, **params))
    assert torch.equal(train(ours, FusedRMSprop(ours, **params)), expected)


def test_the_first_steps_are_not_corrected_as_those_of_adam():
    (weight,) = [torch.nn.Parameter(torch.zeros(1))]
    weight.grad = torch.ones(1)
    FusedRMSprop([weight], lr=0.01, alpha=0.99).step()
    assert weight.item() == pytest.approx(-0.01 / (0.01**0.5), rel=1e-5)


def test_a_closure_computes_loss_and_gradients():
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = FusedRMSprop([weight], lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3
    assert (weight < 1).all()


def test_a_weight_without_gradient_stays_and_begins_no_state():
    used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    used.grad = torch.ones(2)
    optimizer = FusedRMSprop([used, unused])
    optimizer.step()
    assert (unused == 1).all()
    assert unused not in optimizer.state
    FusedRMSprop([unused]).step()  # nothing at all to do


def test_a_state_of_torch_is_taken_and_given():
    torchs = make_weights()
    optimizer = torch.optim.RMSprop(torchs, lr=0.01)
    train(torchs, optimizer, 3)
    ours = copy.deepcopy(torchs)
    own = FusedRMSprop(ours, lr=0.01)
    own.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    torch.testing.assert_close(train(ours, own, 3), train(torchs, optimizer, 3))
    optimizer.load_state_dict(copy.deepcopy(own.state_dict()))
    torch.testing.assert_close(train(ours, own, 3), train(torchs, optimizer, 3))


def test_it_is_what_the_estimators_call_rmsprop(digits):
    X, y = digits
    named = MLPClassifier((16,), optimizer="rmsprop", max_epochs=5, random_state=0, n_jobs=1).fit(X, y)
    torchs = MLPClassifier((16,), optimizer=torch.optim.RMSprop, max_epochs=5, random_state=0, n_jobs=1).fit(X, y)
    assert type(named.net_.optimizer_) is FusedRMSprop
    assert abs(named.predict_proba(X) - torchs.predict_proba(X)).max() < 1e-3

import copy

import pytest
import torch

from skimgcls.architectures import MLP, build_seeded
from skimgcls.training._fused_rmsprop import FusedRMSprop
from skimgcls.training._fused_step import FusedStep

PLAIN = {
    "adam": (torch.optim.Adam, {}),
    "adam with weight decay": (torch.optim.Adam, {"weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-6}),
    "adam with decoupled weight decay": (torch.optim.Adam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
    "sgd without momentum": (torch.optim.SGD, {"weight_decay": 0.1}),
    "sgd of nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "sgd with dampening": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1}),
    "rmsprop": (FusedRMSprop, {"fused": None, "weight_decay": 0.1}),
}
UNUSUAL = {
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
    "maximize": (torch.optim.AdamW, {"maximize": True}),
    "foreach": (torch.optim.Adam, {"fused": False}),
    "sgd, not fused": (torch.optim.SGD, {"momentum": 0.9, "fused": False}),
    "rmsprop that centers": (FusedRMSprop, {"fused": None, "centered": True}),
    "nadam": (torch.optim.NAdam, {"fused": None}),
}


def make_network(dtype=torch.float32):
    return build_seeded(lambda: MLP((1, 4, 4), 3), generator=torch.Generator().manual_seed(0), dtype=dtype)


def make_optimizer(network, cls, params, lr=0.01):
    params = {"fused": True, **params}
    return cls(network.parameters(), lr=lr, **{key: value for key, value in params.items() if value is not None})


def backward(network, seed):
    parameter = next(network.parameters())
    images = torch.randn(8, 1, 4, 4, generator=torch.Generator().manual_seed(seed)).to(parameter.dtype)
    network(images).square().sum().backward()


def train(network, optimizer, step, zero_grad, n_steps=6):
    for i in range(n_steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (i + 1)
        zero_grad()
        backward(network, i)
        step()
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*PLAIN, *UNUSUAL])
def test_steps_and_state_equal_the_optimizers_own_to_the_bit(name, dtype):
    cls, params = {**PLAIN, **UNUSUAL}[name]
    own = make_network(dtype)
    plain = copy.deepcopy(own)
    optimizers = [make_optimizer(network, cls, params) for network in (own, plain)]
    step = FusedStep(optimizers[0])
    fused = train(own, optimizers[0], step, step.zero_grad)
    expected = train(plain, optimizers[1], optimizers[1].step, optimizers[1].zero_grad)
    assert torch.equal(fused, expected)
    states = [list(optimizer.state_dict()["state"].values()) for optimizer in optimizers]
    for state, wanted in zip(*states, strict=True):
        assert list(state) == list(wanted)
        assert all(value is wanted[key] or torch.equal(value, wanted[key]) for key, value in state.items())


@pytest.mark.parametrize("name", [*PLAIN, *UNUSUAL])
def test_plain_fused_optimizers_go_to_the_kernel_and_others_do_not(name, monkeypatch):
    cls, params = {**PLAIN, **UNUSUAL}[name]
    network = make_network()
    optimizer = make_optimizer(network, cls, params)
    called, own = [], cls.step
    monkeypatch.setattr(cls, "step", lambda self, *args: called.append(1) or own(self, *args))
    step = FusedStep(optimizer)
    train(network, optimizer, step, step.zero_grad)
    begins_by_itself = params.get("momentum") or cls is FusedRMSprop
    assert len(called) == (6 if name in UNUSUAL else 1 if begins_by_itself else 0)


def test_hooks_of_the_optimizer_are_called_for_each_step():
    network = make_network()
    optimizer = make_optimizer(network, torch.optim.Adam, {})
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    step = FusedStep(optimizer)
    train(network, optimizer, step, step.zero_grad)
    assert len(calls) == 6


def test_a_wrapped_step_is_the_one_that_is_called():
    network = make_network()
    optimizer = make_optimizer(network, torch.optim.Adam, {})
    torch.optim.lr_scheduler.StepLR(optimizer, 1)  # wraps the step to count it
    assert "step" in vars(optimizer)
    own, calls = optimizer.step, []
    optimizer.step = lambda *args: calls.append(1) or own(*args)
    step = FusedStep(optimizer)
    train(network, optimizer, step, step.zero_grad)
    assert len(calls) == 6


def test_groups_keep_their_own_settings():
    own = make_network()
    plain = copy.deepcopy(own)
    results = []
    for network, fused in ((own, True), (plain, False)):
        first, *others = network.parameters()
        optimizer = torch.optim.Adam(
            [{"params": [first], "weight_decay": 0.5}, {"params": others}], lr=0.01, fused=True
        )
        step = FusedStep(optimizer) if fused else optimizer.step
        results.append(train(network, optimizer, step, optimizer.zero_grad))
    assert torch.equal(*results)


def test_a_weight_without_gradient_is_left_to_the_optimizer():
    used, unused = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = torch.optim.Adam([used, unused], lr=0.1, fused=True)
    step = FusedStep(optimizer)
    for both in (False, False, True, False):
        step.zero_grad()
        (used.sum() + (unused.sum() if both else 0)).backward()
        step()
    assert used[0] < unused[0] < 1


def test_a_weight_without_gradient_begins_no_state():
    used, unused = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = torch.optim.Adam([used, unused], lr=0.1, fused=True)
    used.sum().backward()
    FusedStep(optimizer)()
    assert list(optimizer.state) == [used]


def test_sparse_gradients_are_left_to_the_optimizer_which_refuses_them():
    layer = torch.nn.Embedding(4, 2, sparse=True)
    layer(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        FusedStep(torch.optim.Adam(layer.parameters(), fused=True))()


def test_an_optimizer_with_a_zero_grad_of_its_own_is_asked():
    class Counting(torch.optim.SGD):
        calls = 0

        def zero_grad(self, set_to_none=True):
            self.calls += 1
            super().zero_grad(set_to_none)

    optimizer = Counting([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    FusedStep(optimizer).zero_grad()
    assert optimizer.calls == 1

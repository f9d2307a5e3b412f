"""A step of an optimizer that goes to torch's kernel straight away."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.optim import optimizer as torch_optimizer

from skimgcls.training._fused_rmsprop import FusedRMSprop, step_of_rmsprop, takes_kernel

_UNUSUAL = ("amsgrad", "maximize", "capturable", "differentiable")


class FusedStep:
    """Take the steps of an optimizer; those of a plain fused one without what surrounds its kernel.

    ``Optimizer.step`` records a profiler event, looks for hooks, collects its state and sorts it by device, which for
    a small network is a quarter of the time of Adam and two fifths of that of SGD. The numbers are the same to the bit.
    Every other optimizer takes its own steps, also one with hooks, with a closure's options, or with a step that a
    scheduler has wrapped.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        While this object is used, nobody else may replace its state or its groups; learning rates may change.
    """

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self._parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        self._steps = None  # known at the first step that has all gradients, and all that the optimizer remembers

    def zero_grad(self):
        """Drop all gradients."""
        if type(self.optimizer).zero_grad is not torch.optim.Optimizer.zero_grad:
            self.optimizer.zero_grad(set_to_none=True)
            return
        for parameter in self._parameters:
            parameter.grad = None

    def __call__(self):
        has_all_gradients = all(parameter.grad is not None for parameter in self._parameters)
        if has_all_gradients and self._steps is None:
            self._steps = _collect_steps(self.optimizer) if _is_plain(self.optimizer) else []
        if not (has_all_gradients and self._steps):
            self.optimizer.step()
            return
        with torch.no_grad():
            for step, *states in self._steps:
                step(*states)


def _is_plain(optimizer):
    return (
        type(optimizer) in _STEPS
        and "step" not in vars(optimizer)
        and not optimizer._optimizer_step_pre_hooks
        and not optimizer._optimizer_step_post_hooks
        and not torch_optimizer._global_optimizer_pre_hooks
        and not torch_optimizer._global_optimizer_post_hooks
        and all(map(_STEPS[type(optimizer)].takes_kernel, optimizer.param_groups))
    )


def _is_plain_group(group):
    numbers = (group["lr"], *group.get("betas", ()))
    one_kind = {(parameter.device, parameter.dtype, parameter.grad.layout) for parameter in group["params"]}
    return (
        group["fused"]
        and not any(group.get(name, False) for name in _UNUSUAL)
        and not any(isinstance(number, torch.Tensor) for number in numbers)
        and len(one_kind) == 1
        and all(_takes_fused(*kind) for kind in one_kind)
    )


def _takes_fused(device, dtype, layout):
    return device.type in ("cpu", "cuda") and dtype.is_floating_point and layout == torch.strided


def _collect_steps(optimizer):
    """What to call for each group, and with what; None as long as the optimizer has yet to begin its state."""
    take_step, names_for, _ = _STEPS[type(optimizer)]
    steps = []
    for group in optimizer.param_groups:
        names = names_for(group)
        states = [optimizer.state[parameter] for parameter in group["params"]] if names else []
        if take_step is _step_of_adam:
            states = [state or _begin_adam(state, each) for state, each in zip(states, group["params"], strict=True)]
        if any(name not in state for state in states for name in names):
            return None
        steps.append((take_step, group, *([state[name] for state in states] for name in names)))
    return steps


def _begin_adam(state, parameter):
    """Make what Adam remembers of a weight as its own first step does."""
    state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
    for name in ("exp_avg", "exp_avg_sq"):
        state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
    return state


def _step_of_adam(group, averages, squares, steps):
    torch._foreach_add_(steps, 1)
    beta1, beta2 = group["betas"]
    kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
    kernel(
        group["params"],
        [parameter.grad for parameter in group["params"]],
        averages,
        squares,
        [],
        steps,
        lr=group["lr"],
        beta1=beta1,
        beta2=beta2,
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=False,
    )


def _step_of_sgd(group, buffers=()):
    torch._fused_sgd_(
        group["params"],
        [parameter.grad for parameter in group["params"]],
        list(buffers),
        weight_decay=group["weight_decay"],
        momentum=group["momentum"],
        lr=group["lr"],
        dampening=group["dampening"],
        nesterov=group["nesterov"],
        maximize=False,
        is_first_step=False,
    )


class _Way(NamedTuple):
    """How a kind of optimizer changes the weights of a group."""

    take_step: Callable  # (group, *states)
    names_for: Callable  # group -> names of the states that the step needs
    takes_kernel: Callable  # group -> whether it is a plain one


_ADAM = _Way(_step_of_adam, lambda group: ("exp_avg", "exp_avg_sq", "step"), _is_plain_group)
_STEPS = {
    torch.optim.Adam: _ADAM,
    torch.optim.AdamW: _ADAM,
    torch.optim.SGD: _Way(
        _step_of_sgd, lambda group: ("momentum_buffer",) if group["momentum"] else (), _is_plain_group
    ),
    FusedRMSprop: _Way(step_of_rmsprop, lambda group: ("exp_avg", "square_avg", "step"), takes_kernel),
}

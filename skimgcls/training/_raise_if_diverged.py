"""Whether training still makes sense, and the way back where it does not."""

import math

import torch

from skimgcls.exceptions import DivergedError


def raise_if_diverged(net, epoch_start):
    """Raise at the end of an epoch that left loss, weights or buffers not finite, after going back to its start.

    Parameters
    ----------
    net : TrainingNet
        With the row of the epoch in its history.
    epoch_start : list of tensor
        Copies of `tensors_of` its module at the beginning of the epoch.

    Raises
    ------
    DivergedError
    """
    row, tensors = net.history[-1], tensors_of(net.module_)
    losses = {name: row[name] for name in ("train_loss", "valid_loss") if name in row}
    if is_finite(tensors, losses.values()):
        return
    # what came with the network, such as a mask of -inf, is no divergence
    changed = [now for before, now in zip(epoch_start, tensors, strict=True) if not torch.equal(before, now)]
    if is_finite(changed, losses.values()):
        return
    copy_tensors(epoch_start, tensors)
    lr = net.optimizer_.param_groups[0]["lr"]
    with net._current_init_context("optimizer"):
        net.initialize_optimizer()  # the moments of the old one are not finite either
    not_finite = [f"{name}={value}" for name, value in losses.items() if not math.isfinite(value)]
    what = " and ".join(not_finite) or f"weights or statistics that are not finite, train_loss={row['train_loss']:.4g}"
    range_of_bf16 = ", take precision='bf16'" if net.precision == "fp16" else ""
    raise DivergedError(
        f"Training diverged in epoch {row['epoch']}: {what} with lr={lr:g}. The weights of the start of that epoch are "
        f"kept. Lower lr (try {net.lr / 10:g}), set gradient_clip=1.0{range_of_bf16}, or look for extreme values in X."
    )


def is_finite(tensors, losses):
    """Tell whether all losses (floats) and all tensors are finite, with one read from the device where they are."""
    if not all(map(math.isfinite, losses)):
        return False
    floats = [tensor.detach() for tensor in tensors if tensor.is_floating_point()]
    # a finite sum has finite terms, and is several times faster than asking each of them
    if not floats or torch.stack([tensor.sum() for tensor in floats]).isfinite().all():
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

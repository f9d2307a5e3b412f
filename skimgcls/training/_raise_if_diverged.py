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
    row = net.history[-1]
    if is_finite(tensors_of(net.module_), [row["train_loss"], row.get("valid_loss", 0.0)]):
        return
    copy_tensors(epoch_start, tensors_of(net.module_))
    lr = net.optimizer_.param_groups[0]["lr"]
    with net._current_init_context("optimizer"):
        net.initialize_optimizer()  # the moments of the old one are not finite either
    raise DivergedError(
        f"Training diverged in epoch {row['epoch']}: train_loss={row['train_loss']} with "
        f"lr={lr:g}. The weights of the start of that epoch are kept. "
        f"Lower lr (try {net.lr / 10:g}), set gradient_clip=1.0, or look for extreme values in X."
    )


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

"""From the hook of an estimator to the network that its net trains."""

import torch

from skimgcls.architectures import InputScaling, ScaledNetwork, build_seeded
from skimgcls.training._largest_activation import largest_activation
from skimgcls.utils._random import make_generator, seeded_global_rng, stream_seed


def build_scaled_network(build_module, dataset, *, n_classes, seed, dtype, device, foreign):
    """Build a network that starts with the scaling learnt from the training images.

    Parameters
    ----------
    build_module : callable
        ``() -> torch.nn.Module`` from scaled images (n, c, h, w) to logits (n, k).
    dataset : ImageDataset
        Training images, whose mean and spread the scaling takes over.
    n_classes : int
        Logits that a foreign module must give.
    seed : int
        Of the weights.
    dtype : torch.dtype
    device : torch.device
    foreign : bool
        Whether the module is not ours: it is then made under torch's global generator, seeded and put back.

    Returns
    -------
    ScaledNetwork

    Raises
    ------
    TypeError
        If a foreign hook returned no module.
    ValueError
        If a foreign module gives no row of logits per image.
    """
    mean, std = dataset.moments()
    scaling = InputScaling(mean, std, dtype=dtype)
    if not foreign:
        network = build_seeded(build_module, generator=make_generator(seed, "weights"), dtype=dtype, device=device)
        return ScaledNetwork(scaling if device.type == "cpu" else scaling.to(device), network)
    with seeded_global_rng(stream_seed(seed, "weights")):
        network = build_module()
        if not isinstance(network, torch.nn.Module):
            raise TypeError(
                f"The architecture returned {type(network).__name__} where a torch.nn.Module was expected that maps "
                "images (n, c, h, w) to logits (n, n_classes)."
            )
        network = ScaledNetwork(scaling, network.to(dtype), contiguous=True).to(device)
        first = dataset.slice(0, min(2, len(dataset)))[0].to(device)
        _check_logits(network, first, n_classes)  # lazy layers draw their weights here
        network.activation_bytes = largest_activation(network, first)  # of ours it is measured when it is needed
    return network


def _check_logits(network, images, n_classes):
    """Refuse a foreign network whose output is no row of logits per image."""
    n = len(images)
    network.eval()
    try:
        with torch.no_grad():
            logits = network(images)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"The architecture cannot take {n} scaled images {tuple(images.shape)}: {error}. It must map images "
            f"(n, c, h, w) to logits (n, {n_classes})."
        ) from error
    shape = tuple(getattr(logits, "shape", ()))
    if shape != (n, n_classes):
        got = f"shape {shape}" if shape else type(logits).__name__
        raise ValueError(
            f"The architecture must map {n} images {tuple(images.shape)} to logits of shape {(n, n_classes)}, one "
            f"column per class, but gave {got}. Correct its last layer."
        )

"""From a transfer network to one that takes images on the scale that the user has them in."""

import torch

from skimgcls.architectures import InputScaling, ScaledNetwork, SeededDraws
from skimgcls.training._largest_activation import largest_activation
from skimgcls.utils._random import make_generator

_FULL_SCALES = (1.0, 255.0, 65535.0)  # of fractions, bytes and 16 bits


def build_transfer_network(build_module, dataset, *, maximum, seed, dtype, device):
    """Build a network that starts by bringing images to values from 0 to 1.

    Parameters
    ----------
    build_module : callable
        ``() -> TransferNetwork``.
    dataset : ImageDataset
        Images to try it with.
    maximum : float
        Largest value of the images, see `full_scale`.
    seed : int
        Of weights that come from no file.
    dtype : torch.dtype
    device : str or torch.device

    Returns
    -------
    ScaledNetwork

    Raises
    ------
    ValueError
        If the network cannot take images of this size.
    """
    with SeededDraws(make_generator(seed, "weights")):
        network = build_module()
    channels = dataset.layout.channels
    scaling = InputScaling([0.0] * channels, [full_scale(maximum)] * channels, dtype=dtype)
    module = ScaledNetwork(scaling, network.to(dtype)).to(device, memory_format=torch.channels_last)
    module.eval()
    first = dataset.slice(0, 1)[0].to(device)
    try:
        module.activation_bytes = largest_activation(module, first)
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:
        height, width = network.image_size or first.shape[2:]
        raise ValueError(
            f"The backbone cannot take images of {height} x {width} pixels: {error}. Set image_size to a larger size, "
            "to which images are resized; most backbones were made for 224."
        ) from error
    return module


def full_scale(maximum):
    """Return the value that stands for white, from the largest value of the images.

    It is 1, 255 or 65535 where the images reach its upper half, so that folds of the same images have the same scale,
    and fractions and bytes the same model; else the largest value itself.

    Parameters
    ----------
    maximum : float

    Returns
    -------
    float
        Positive.
    """
    for scale in _FULL_SCALES:
        if scale / 2 < maximum <= scale:
            return scale
    return maximum if maximum > 0 else 1.0

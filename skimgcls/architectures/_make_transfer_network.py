"""From the name of a backbone to a network for images of a size and a number of classes."""

import torch

from skimgcls.architectures._own_random_layers import own_random_layers
from skimgcls.architectures._pretrained_backbone import pretrained_backbone, pretrained_size
from skimgcls.architectures._timm_backbone import timm_backbone, timm_size
from skimgcls.architectures._transfer_network import TransferNetwork
from skimgcls.images._decode import check_image_size

_TIMM = "timm/"


def make_transfer_network(backbone, n_classes=None, *, image_shape, weights=None, image_size=None, dropout=0.0):
    """Make a network of a pretrained backbone and a new linear head.

    Parameters
    ----------
    backbone : str
        A classifier of torchvision, or ``"timm/<name>"``.
    n_classes : int or None, default=None
        Outputs of the head; None makes no head.
    image_shape : tuple of int
        (height, width, channels) of the images that will come.
    weights : str, path-like or None, default=None
        "DEFAULT" or another name of torchvision's weights, the path of a state dict, or None for random weights, drawn
        from torch's global generator or as `SeededDraws` says.
    image_size : int, tuple of int or None, default=None
        Side, or (height, width), that images are resized to; None takes that of the weights, and leaves images as they
        come where there are none.
    dropout : float in [0, 1), default=0.0
        Share of features set to zero before the head.

    Returns
    -------
    network : TransferNetwork

    Raises
    ------
    ValueError
        If the images have neither one nor three channels, or names, weights and sizes do not fit together.

    Examples
    --------
    >>> network = make_transfer_network("squeezenet1_1", 10, image_shape=(32, 32, 1))
    >>> network.head.linear
    Linear(in_features=512, out_features=10, bias=True)
    """
    height, width, channels = image_shape
    if channels not in (1, 3):
        raise ValueError(
            f"Pretrained networks take images of 1 or 3 channels, got {channels}. Leave out what is no colour, for "
            "example the transparency with X[..., :3]."
        )
    make = timm_backbone if backbone.startswith(_TIMM) else pretrained_backbone
    name = backbone.removeprefix(_TIMM)
    parts = make(name, weights, image_size=check_image_size(image_size), own_size=(height, width))
    network = TransferNetwork(
        own_random_layers(parts.module),
        parts.n_features,
        n_classes,
        image_size=parts.image_size,
        mean=parts.mean,
        std=parts.std,
        dropout=dropout,
    )
    if parts.head is not None and n_classes == len(parts.head[0]):
        with torch.no_grad():
            network.head.linear.weight.copy_(parts.head[0])
            network.head.linear.bias.copy_(parts.head[1])
    return network


def transfer_image_size(backbone, *, weights, image_size):
    """Find the size that a transfer network brings images to, before there are any.

    Parameters
    ----------
    backbone : str
        As for `make_transfer_network`.
    weights : str, path-like or None
        As for `make_transfer_network`.
    image_size : int, tuple of int or None
        As for `make_transfer_network`.

    Returns
    -------
    image_size : tuple of int or None
        (height, width) in pixels; None leaves images as they come.

    Examples
    --------
    >>> transfer_image_size("inception_v3", weights="DEFAULT", image_size=None)
    (299, 299)
    """
    if image_size is not None or weights is None:
        return check_image_size(image_size)
    if backbone.startswith(_TIMM):
        return timm_size(backbone.removeprefix(_TIMM))
    return pretrained_size(backbone, weights)

"""Batch normalization folded into the layer before it, for prediction."""

import copy
import itertools

import torch
from torch import nn

from skimgcls.architectures._conv_net import ConvNet
from skimgcls.architectures._res_net import ResidualBlock, ResNet
from skimgcls.architectures._scaled_network import ScaledNetwork

# not nn.Linear: whether its last axis is the one that is normalized depends on its input
FOLDABLE_LAYERS = (nn.Conv1d, nn.Conv2d)
NORMS_TO_FOLD = (nn.BatchNorm1d, nn.BatchNorm2d)
CALLED_IN_ORDER = (nn.Sequential, ResidualBlock)  # whose children run in the order in which they were registered
# Networks whose children are called and nothing else: a user's own may look at what a layer inside gives.
KNOWN_CONTAINERS = (*CALLED_IN_ORDER, ScaledNetwork, ConvNet, ResNet)


@torch.no_grad()
def fold_batch_norm(network):
    """Return a network that predicts the same without its batch normalizations.

    In evaluation mode a batch normalization is a fixed scale and shift of each channel, which a convolution before it
    can do with its weights.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode; it is not changed. Layers with hooks, parametrizations or a ``forward`` of their own are
        left as they are, and so is all that is inside networks of other types than ours and ``torch.nn.Sequential``.

    Returns
    -------
    network : torch.nn.Module
        For prediction only. It shares every weight that is not folded; a change of the original's weights after this
        call may or may not show in it.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.architectures import ConvNet
    >>> network = ConvNet((1, 28, 28), n_classes=10).eval()
    >>> fold_batch_norm(network).features.norm1
    Identity()
    """
    if type(network) not in KNOWN_CONTAINERS:
        return network
    children = {name: child if child is None else fold_batch_norm(child) for name, child in network._modules.items()}
    if type(network) in CALLED_IN_ORDER:
        for name, following in itertools.pairwise(children):
            if _is_foldable(children[name], children[following]):
                children[name] = _folded(children[name], children[following])
                children[following] = nn.Identity()
    return with_children(network, children)


def with_children(network, children):
    """Return a network with other children and everything else shared; itself if they are the ones it has."""
    if all(child is network._modules[name] for name, child in children.items()):
        return network
    twin = copy.copy(network)
    twin._modules = children
    return twin


def is_untouched(layer):
    """Tell whether calling a layer does what its class says, without hooks and patches."""
    return not (
        layer._forward_hooks
        or layer._forward_pre_hooks
        or "forward" in vars(layer)
        or nn.modules.module._global_forward_hooks
        or nn.modules.module._global_forward_pre_hooks
    )


def _is_foldable(layer, norm):
    return (
        type(layer) in FOLDABLE_LAYERS
        and type(norm) in NORMS_TO_FOLD
        and not norm.training
        and norm.running_mean is not None
        and is_untouched(layer)
        and is_untouched(norm)
    )


def _folded(layer, norm):
    scale = torch.rsqrt(norm.running_var + norm.eps)  # (channels,)
    if norm.affine:
        scale = scale * norm.weight
    shift = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
    bias = shift * scale if norm.bias is None else torch.addcmul(norm.bias, shift, scale)
    twin = copy.copy(layer)
    weight = layer.weight * scale.view(-1, *[1] * (layer.weight.ndim - 1))
    twin._parameters = {"weight": weight, "bias": bias}
    return twin

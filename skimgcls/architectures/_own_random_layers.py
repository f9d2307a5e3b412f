"""Random layers of other libraries, replaced by ones that draw from a generator of the fit."""

import torch
from torch import nn

from skimgcls.architectures._layers import Dropout

_DEPTH_LAYERS = {"StochasticDepth": "p", "DropPath": "drop_prob"}  # of torchvision and of timm, with their probability


class DropBranch(Dropout):
    """Stochastic depth [1]_: leaves out a residual branch of whole images, and scales what stays.

    Parameters
    ----------
    p : float
        Probability in [0, 1) that the branch of an image is left out.

    References
    ----------
    .. [1] G. Huang et al., "Deep networks with stochastic depth", ECCV 2016.
    """

    def forward(self, x):
        """Drop rows of x (n, ...) at random in training mode, return x otherwise."""
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        shape = (len(x), *[1] * (x.ndim - 1))
        kept = torch.rand(shape, generator=self.generator, device=x.device).lt(keep)  # (n, 1, ...)
        return x * kept.to(x.dtype).div_(keep)


def own_random_layers(network):
    """Replace dropout and stochastic depth inside a network, in place, by layers of ours.

    Parameters
    ----------
    network : torch.nn.Module

    Returns
    -------
    network : torch.nn.Module
        The same one. Its dropout draws from the generator that a fit gives it, not from torch's global one.
    """
    for name, layer in list(network.named_children()):
        if type(layer) is nn.Dropout:
            setattr(network, name, Dropout(layer.p))
        elif type(layer).__name__ in _DEPTH_LAYERS:
            setattr(network, name, DropBranch(getattr(layer, _DEPTH_LAYERS[type(layer).__name__]) or 0.0))
        else:
            own_random_layers(layer)
    return network

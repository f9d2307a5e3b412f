"""How much memory a network's activations take."""

import torch
from torch.overrides import TorchFunctionMode


@torch.no_grad()
def largest_activation(network, images):
    """Bytes of the largest result on the way through a network, for one image.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode; run once. Other threads may use it meanwhile: nothing is hooked into it.
    images : tensor (b, c, h, w)
    """
    with _NoteSizes(images) as noted:
        network(images)
    return noted.most // len(images)


class _NoteSizes(TorchFunctionMode):
    """Notes the size of what this thread computes, where it has a row for each image: weights have not."""

    def __init__(self, images):
        super().__init__()
        self.n_images = len(images)
        self.most = images.nbytes

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.shape[:1] == (self.n_images,):
            self.most = max(self.most, result.nbytes)
        return result

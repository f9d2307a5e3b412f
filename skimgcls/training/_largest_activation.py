"""How much memory a network's activations take."""

import torch


@torch.no_grad()
def largest_activation(network, images):
    """Bytes of the largest result of any layer, for one image.

    Parameters
    ----------
    network : torch.nn.Module
        Run once, in evaluation mode.
    images : tensor (b, c, h, w)
    """
    sizes = [images.nbytes]

    def note_size(_, __, result):
        if isinstance(result, torch.Tensor):
            sizes.append(result.nbytes)

    hooks = [layer.register_forward_hook(note_size) for layer in network.modules()]
    try:
        network.eval()(images)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes) // len(images)

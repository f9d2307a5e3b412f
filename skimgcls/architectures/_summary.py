"""What a network consists of: layers, shapes, parameters."""

from typing import NamedTuple

import torch


class LayerSummary(NamedTuple):
    """One row of `summarize_layers`.

    Parameters
    ----------
    name : str
        Where the layer is in the network, such as "features.conv1"; "" for the network itself.
    type : str
        Class of the layer, such as "Conv2d".
    output_shape : tuple of int
        Shape of the output for one image, without the batch axis.
    n_parameters : int
        Numbers that the layer itself holds as parameters, trained or frozen.

    Examples
    --------
    >>> LayerSummary("classifier", "Linear", (10,), 1290).n_parameters
    1290
    """

    name: str
    type: str
    output_shape: tuple
    n_parameters: int


def summarize_layers(module, in_shape):
    """List the layers of a network in the order in which an image passes them.

    Runs one image of zeros through the network, in evaluation mode and without gradients. Modes, running statistics
    and random generators are as they were afterwards.

    Parameters
    ----------
    module : torch.nn.Module
        Takes images (n, c, h, w).
    in_shape : tuple of int
        Channels, height and width of an image, (c, h, w).

    Returns
    -------
    layers : list of LayerSummary
        Layers without sublayers, and those with parameters of their own. `torch.nn.Identity` is left out. A layer
        that is used twice is listed once, where it is used first, with the shape of its last output.

    See Also
    --------
    count_parameters : The sum.

    Examples
    --------
    >>> from skimgcls.architectures import MLP
    >>> for layer in summarize_layers(MLP((1, 8, 8), 10, hidden_units=(32,)), (1, 8, 8)):
    ...     print(*layer)
    stem.flatten Flatten (64,) 0
    backbone.linear1 Linear (32,) 2080
    backbone.activation1 ReLU (32,) 0
    backbone.dropout1 Dropout (32,) 0
    classifier Linear (10,) 330
    """
    names = {layer: name for name, layer in module.named_modules() if _is_listed(layer)}
    rows = {}

    def add_row(layer, _inputs, output):
        n_parameters = sum(parameter.numel() for parameter in layer.parameters(recurse=False))
        rows[names[layer]] = LayerSummary(names[layer], type(layer).__name__, _shape(output), n_parameters)

    handles = [layer.register_forward_hook(add_row) for layer in names]
    try:
        _run_one_image(module, in_shape)
    finally:
        for handle in handles:
            handle.remove()
    return list(rows.values())


def count_parameters(module, *, trainable_only=True):
    """Count the parameters of a network.

    Parameters
    ----------
    module : torch.nn.Module
        Any module.
    trainable_only : bool, default=True
        Whether to leave out frozen parameters.

    Returns
    -------
    n_parameters : int
        Number of scalars; a parameter that two layers share counts once, buffers do not count.

    Examples
    --------
    >>> import torch
    >>> count_parameters(torch.nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable_only)


def _is_listed(layer):
    if isinstance(layer, torch.nn.Identity):
        return False
    is_leaf = next(layer.children(), None) is None
    return is_leaf or next(layer.parameters(recurse=False), None) is not None


def _shape(output):
    """Shape without the batch axis; () where the output is no tensor."""
    return tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else ()


def _run_one_image(module, in_shape):
    state = next(module.parameters(), None)
    state = next(module.buffers(), torch.empty(0)) if state is None else state
    training = {layer: layer.training for layer in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(1, *in_shape, device=state.device, dtype=state.dtype))
    finally:
        for layer, mode in training.items():
            layer.training = mode

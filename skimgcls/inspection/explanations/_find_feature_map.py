"""The layers of a network that see where something is."""

SHOWN = 8  # names in an error


def find_feature_map(network, images, layer=None):
    """Find the layer whose feature map explains best: the last one, or one that is named.

    Parameters
    ----------
    network : ScaledNetwork
        In evaluation mode; one forward pass finds its layers.
    images : tensor (b, c, h, w)
        What it takes.
    layer : str, torch.nn.Module or None
        A dotted name such as "features.conv3", as `summarize_layers` lists it, or the module itself.

    Returns
    -------
    layer : torch.nn.Module or None
        Gives a feature map (b, channels, rows, columns) with more than one place. None if there is no such layer.

    Raises
    ------
    ValueError
        If the named layer is not part of the network, or gives no such map.
    """
    names = {module: name for name, module in network.network.named_modules()}
    maps = _feature_maps(network, names, images)
    if layer is None or not maps:
        return next(reversed(maps), None)
    modules = {name: module for module, name in names.items()}
    # also as it is called in the network that scales its input first
    found = modules.get(layer, modules.get(layer.removeprefix("network."))) if isinstance(layer, str) else layer
    if found in maps:
        return found
    shown = ", ".join(["..."] * (len(maps) > SHOWN) + [repr(names[module]) for module in maps][-SHOWN:])
    if found not in names:
        asked = repr(layer) if isinstance(layer, str) else f"of this kind: {type(layer).__name__}"
        raise ValueError(f"The network has no layer {asked}. Layers with a feature map are {shown}.")
    raise ValueError(
        f"Layer {names[found]!r} gives no feature map (n, channels, rows, columns) of more than one place. Layers that "
        f"do are {shown}."
    )


def _feature_maps(network, names, images):
    """Modules that give a feature map, in the order in which they finish."""
    import torch

    found, has_weights = {}, False

    def note(module, _inputs, output):
        nonlocal has_weights
        # a layer before the first weights pads or drops pixels, and knows nothing of classes
        has_weights = has_weights or next(module.parameters(recurse=False), None) is not None
        is_map = isinstance(output, torch.Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1
        found.pop(module, None)  # a layer that is used twice stands where it is used last
        if has_weights and is_map:
            found[module] = None

    handles = [module.register_forward_hook(note) for module in names]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return found

"""Backbones of timm, through the extra of that name."""

import contextlib

import torch

from skimgcls.architectures._backbone_state import load_backbone_state, read_state
from skimgcls.architectures._pretrained_backbone import IMAGENET_MEAN, IMAGENET_STD, Backbone
from skimgcls.architectures._seeded_draws import SeededDraws
from skimgcls.utils._optional import import_optional


def timm_backbone(name, weights, *, image_size, own_size):
    """Make a backbone of timm.

    Parameters
    ----------
    name : str
        That ``timm.create_model`` knows, perhaps with a tag: "resnet18.a1_in1k".
    weights : str, path-like or None
        "DEFAULT" for those that timm downloads, the path of a state dict, or None for random weights.
    image_size : tuple of int or None
        (height, width) that images are brought to; None takes that of the weights, without weights `own_size`.
    own_size : tuple of int
        (height, width) of the images.

    Returns
    -------
    backbone : Backbone

    Raises
    ------
    ImportError
        Without timm.
    ValueError
        If timm has no such network, or the weights are those of another network.
    OSError
        If the weights cannot be downloaded.
    """
    timm = import_optional("timm", extra="timm", purpose=f"backbone='timm/{name}'")
    _check_name(timm, name)
    is_sketch = torch.get_default_device().type == "meta"  # somebody counts weights
    state = None if weights in (None, "DEFAULT") or is_sketch else read_state(weights)
    size = image_size or (own_size if weights is None else None)
    with contextlib.nullcontext() if weights is None else SeededDraws(None):
        model = _make_model(timm, name, size, pretrained=weights == "DEFAULT" and not is_sketch)
    known = model.pretrained_cfg
    mean, std = known.get("mean", IMAGENET_MEAN), known.get("std", IMAGENET_STD)
    n_features = getattr(model, "head_hidden_size", model.num_features)  # some have a layer between pool and head
    backbone = Backbone(model, n_features, size or tuple(known["input_size"][1:]), tuple(mean), tuple(std))
    if state is not None:
        head_name = known.get("classifier", "head")
        backbone.head = load_backbone_state(model, state, head_name=head_name, source=f"weights={str(weights)!r}")
    return backbone


def timm_size(name):
    """Return (height, width) that timm's weights of a network were made for."""
    timm = import_optional("timm", extra="timm", purpose=f"backbone='timm/{name}'")
    _check_name(timm, name)
    return tuple(timm.get_pretrained_cfg(name).input_size[1:])


def _check_name(timm, name):
    if not timm.is_model(name):
        raise ValueError(
            f"The 'backbone' parameter names timm's {name!r}, which timm {timm.__version__} does not have. "
            f"timm.list_models('*{name[:6]}*') lists similar ones."
        )


def _make_model(timm, name, size, *, pretrained):
    params = {"pretrained": pretrained, "num_classes": 0}
    try:
        try:
            return timm.create_model(name, **params, **({} if size is None else {"img_size": size}))
        except TypeError:  # a network that need not know the size of its images
            return timm.create_model(name, **params)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"The weights of backbone='timm/{name}' could not be loaded: {error}. Where there is a network, download "
            "them with timm.create_model(name, pretrained=True), save its state_dict(), and pass the path as weights."
        ) from error

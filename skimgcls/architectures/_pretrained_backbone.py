"""Backbones of torchvision: the only file of this folder that imports it."""

import contextlib
import difflib
import http.client
import inspect
import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from skimgcls.architectures._backbone_state import load_backbone_state, read_state
from skimgcls.architectures._seeded_draws import SeededDraws
from skimgcls.utils._optional import import_optional

_FAULTS = (pickle.UnpicklingError, http.client.HTTPException)  # beside the usual ones
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Backbone:
    """A network without its head, and what it wants of images.

    Parameters
    ----------
    module : torch.nn.Module
        Normalized images (n, 3, h, w) to features (n, n_features), perhaps with further axes of length 1.
    n_features : int
    image_size : tuple of int
        (height, width) in pixels.
    mean, std : tuple of 3 float
        Of the normalization, for values from 0 to 1.
    head : tuple of (tensor, tensor) or None
        Weight (k, n_features) and bias (k,) of the head that a file of weights held.
    """

    module: nn.Module
    n_features: int
    image_size: tuple
    mean: tuple = IMAGENET_MEAN
    std: tuple = IMAGENET_STD
    head: tuple | None = None


def pretrained_backbone(name, weights, *, image_size, own_size):
    """Make a backbone of torchvision.

    Parameters
    ----------
    name : str
        That ``torchvision.models.get_model`` knows, of a classifier.
    weights : str, path-like or None
        "DEFAULT" or another name of torchvision's weights, the path of a state dict, or None for random weights, which
        are drawn as the context says.
    image_size : tuple of int or None
        (height, width) that images are brought to; None takes that of the weights, without weights `own_size`.
    own_size : tuple of int
        (height, width) of the images.

    Returns
    -------
    backbone : Backbone

    Raises
    ------
    ValueError
        If torchvision has no such network or weights, or the weights are those of another network.
    OSError
        If the weights cannot be downloaded; it names the file and where to put it.
    """
    models, known, transforms = _look_up(name, weights)
    size = image_size or (own_size if weights is None else (transforms.crop_size[0],) * 2)
    is_sketch = torch.get_default_device().type == "meta"  # somebody counts weights
    state = None if weights is None or is_sketch else _read_weights(known, weights, name)
    with contextlib.nullcontext() if state is None else SeededDraws(None):
        model = _make_model(models, name, size)
    head_name, n_features = take_head(model)
    backbone = Backbone(model, n_features, size, tuple(transforms.mean), tuple(transforms.std))
    if state is not None:
        adapt, source = _position_adapter(model, size), f"weights={str(weights)!r}"
        head = load_backbone_state(model, state, head_name=head_name, source=source, adapt=adapt)
        backbone.head = None if weights in known.__members__ else head  # ImageNet's classes are nobody else's
    return backbone


def pretrained_size(name, weights):
    """Return (height, width) that weights of torchvision were made for, for a file that of the default ones."""
    return (_look_up(name, weights)[2].crop_size[0],) * 2


def take_head(model):
    """Take the last linear layer from a classifier, in place, and its auxiliary classifiers with it.

    Parameters
    ----------
    model : torch.nn.Module
        With a last layer that is linear, or a convolution in its place.

    Returns
    -------
    name : str
        Of the layer.
    n_features : int
        Of an image, which the layer was given.
    """
    for name, child in list(model.named_children()):
        if "Aux" in type(child).__name__:  # of Inception and GoogLeNet: they only help a training from scratch
            setattr(model, name, None)
            model.aux_logits = False
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
    name, head = layers[-1]
    model.set_submodule(name, nn.Identity())
    return name, head.in_features if isinstance(head, nn.Linear) else head.in_channels


def _look_up(name, weights):
    """Torchvision's models, the weights that it knows for one of them, and what it does to images for these."""
    models = import_optional("torchvision.models", purpose=f"backbone={name!r}")
    names = models.list_models(module=models)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or ["resnet18", "resnet50", "mobilenet_v3_small"]
        raise ValueError(
            f"The 'backbone' parameter must be a classifier of torchvision, or 'timm/<name>'. Got {name!r} instead; "
            f"similar names are {', '.join(near)}. torchvision.models.list_models(module=torchvision.models) has all."
        )
    known = models.get_model_weights(name)
    return models, known, known[weights if weights in known.__members__ else "DEFAULT"].transforms()


def _make_model(models, name, size):
    builder = inspect.unwrap(models.get_model_builder(name))
    takes = inspect.signature(builder.__annotations__["return"]).parameters
    params = {}
    if "init_weights" in takes:
        params["init_weights"] = True  # the default of today, of which GoogLeNet and Inception warn
    if "image_size" in takes:
        if size[0] != size[1]:
            raise ValueError(
                f"backbone={name!r} takes square images, got height and width {size}. Set image_size=224, to which "
                "they are resized."
            )
        params["image_size"] = size[0]
    try:
        model = models.get_model(name, weights=None, **params)
    except AssertionError as error:
        raise ValueError(
            f"backbone={name!r} cannot take images of height and width {size}: {error} Set image_size=224, to which "
            "they are resized."
        ) from error
    if hasattr(model, "transform_input"):
        model.transform_input = True  # its published weights were trained on another normalization
    return model


def _read_weights(known, weights, name):
    if weights not in known.__members__:
        if isinstance(weights, str) and not Path(weights).suffix and not Path(weights).exists():
            names = ", ".join(repr(member) for member in known.__members__)
            raise ValueError(f"weights of backbone={name!r} must be {names}, None or a path. Got {weights!r} instead.")
        return read_state(weights)
    entry = known[weights]
    try:
        return entry.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, ValueError, LookupError, EOFError, *_FAULTS) as error:
        file = Path(torch.hub.get_dir(), "checkpoints", entry.url.rpartition("/")[2])
        if file.exists():
            raise OSError(
                f"{file} cannot be read ({type(error).__name__}: {error}). Delete it, so that it is downloaded anew."
            ) from error
        raise OSError(
            f"The weights of backbone={name!r} could not be downloaded: {error}. Where there is a network, fetch "
            f"{entry.url} and put it at {file}, or pass the path of the file as weights."
        ) from error


def _position_adapter(model, size):
    """Return what brings the positions of a vision transformer to other images, None for other networks."""
    if not hasattr(model, "image_size"):
        return None
    from torchvision.models.vision_transformer import interpolate_embeddings

    def adapt(state):
        return interpolate_embeddings(size[0], model.patch_size, state) if "encoder.pos_embedding" in state else state

    return adapt

"""From checked parameters and weights to a network: a sketch without memory first, then the network itself."""

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from skimgcls.architectures import (
    InputScaling,
    ScaledNetwork,
    SeededDraws,
    TransferNetwork,
    build_seeded,
    make_transfer_network,
)
from skimgcls.exceptions import ModelFileError
from skimgcls.training._build_scaled_network import build_scaled_network
from skimgcls.training._image_dataset import ImageDataset
from skimgcls.training._transfer_net import TransferNet
from skimgcls.utils._device import resolve_device

_ALLOCATE = frozenset({torch.empty, torch.zeros, torch.ones, torch.tensor})
_NUMBERS = frozenset({torch.arange, torch.tensor})
_SLACK = 1000  # tensors of a classifier that is taken off, of constants on the way


def restore_module(classifier, builder, learnt, seed, weights, prefix, *, n_epochs):
    """Make the net of a classifier.

    Parameters
    ----------
    classifier : BaseImageClassifier
        With the parameters that it is to have.
    builder : BaseImageClassifier
        With those that its network was made with.
    learnt : namespace
        ``classes``, ``layout`` and ``maximum``.
    seed : int
        Of the fit.
    weights : ModelWeights
    prefix : str
        Of the names of its weights.
    n_epochs : int
        That it was trained for.

    Returns
    -------
    TrainingNet

    Raises
    ------
    ModelFileError
        If the weights are not those of such a network; none of ours is allocated then.
    """
    device = resolve_device(classifier.device)
    n_classes, shape = len(learnt.classes), learnt.layout.image_shape
    settings = classifier._net_settings(None, device, seed)  # a contradiction should cost nothing
    in_file = f"{prefix}module."
    if builder._is_foreign:
        module = _build_foreign(builder, learnt, seed)
        hint = " The architecture that was handed in is not the one that it was saved with."
        weights.check(module.state_dict(), in_file, hint)
    else:
        sketch = _sketch(lambda: builder._build_module(shape, n_classes), shape[2], builder.dtype, weights)
        weights.check(sketch.state_dict(), in_file)
        module = _build_own(builder, sketch.network, learnt)
    _load(module, weights.take(in_file))
    net = builder._net_around(module.to(device), settings, seed=seed, n_classes=n_classes, device=device)
    if isinstance(net, TransferNet):
        net._freeze_for(max(0, n_epochs - 1))
    return net


def restore_embedding(embedder, weights, prefix):
    """Make the network of an embedder with a named backbone.

    Parameters
    ----------
    embedder : ImageEmbedder
        With its layout.
    weights : ModelWeights
    prefix : str
        Of the names of its weights.

    Returns
    -------
    ScaledNetwork
    """
    shape = embedder.image_shape_

    def build(weights, image_size):
        return make_transfer_network(embedder.backbone, image_shape=shape, weights=weights, image_size=image_size)

    sketch = _sketch(lambda: build(embedder.weights, embedder.image_size), shape[2], embedder.dtype, weights)
    weights.check(sketch.state_dict(), f"{prefix}network.")
    with SeededDraws(None):
        network = build(None, sketch.network.image_size)
    module = _scaled(network, shape[2], embedder.dtype).to(memory_format=torch.channels_last)
    _load(module, weights.take(f"{prefix}network."))
    module.eval()
    return module.to(resolve_device(embedder.device))


def _sketch(build, n_channels, dtype, weights):
    """Build a network on the meta device, where weights have a shape and take no memory."""
    with torch.device("meta"), SeededDraws(None), _CountTensors(2 * len(weights.claimed) + _SLACK):
        network = build()
    return _scaled(network, n_channels, dtype)


class _CountTensors(TorchFunctionMode):
    """Ends the building of a network that has far more layers than there are weights."""

    def __init__(self, limit):
        super().__init__()
        self.left = self.limit = limit

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.left -= function in _ALLOCATE
        if self.left < 0:
            raise ModelFileError(
                f"its parameters ask for a network of more than {self.limit} tensors, its weights are fewer."
            )
        kwargs = kwargs or {}
        # a few, of which some backbones calculate their widths; an empty tensor is asked where it lies
        if function in _NUMBERS and not (args and isinstance(args[0], list) and not args[0]):
            kwargs = {"device": "cpu"} | kwargs
        return function(*args, **kwargs)


def _scaled(network, n_channels, dtype):
    dtype = getattr(torch, dtype)
    scaling = InputScaling([0.0] * n_channels, [1.0] * n_channels, dtype=dtype)  # until the weights are loaded
    return ScaledNetwork(scaling, network.to(dtype))


def _build_own(builder, sketch, learnt):
    shape, n_classes = learnt.layout.image_shape, len(learnt.classes)
    if isinstance(sketch, TransferNetwork):  # without the weights that it began with, but of their size
        builder = type(builder)(**builder.get_params(deep=False) | {"weights": None, "image_size": sketch.image_size})
        with SeededDraws(None):
            network = builder._build_module(shape, n_classes)
        return _scaled(network, shape[2], builder.dtype).to(memory_format=torch.channels_last)
    with SeededDraws(None):
        dtype = getattr(torch, builder.dtype)
        network = build_seeded(
            lambda: builder._build_module(shape, n_classes), generator=torch.Generator(), dtype=dtype
        )
    return _scaled(network, shape[2], builder.dtype)


def _build_foreign(builder, learnt, seed):
    """Call the user's architecture, and try it on two black images as a fit does on its first two."""
    black = np.zeros((2, learnt.layout.n_features), dtype=np.uint8)
    return build_scaled_network(
        lambda: builder._build_module(learnt.layout.image_shape, len(learnt.classes)),
        ImageDataset.from_arrays(black, learnt.layout),
        n_classes=len(learnt.classes),
        seed=seed,
        dtype=getattr(torch, builder.dtype),
        device=torch.device("cpu"),
        foreign=True,
    )


def _load(module, tensors):
    if not (tensors["scaling.std"] > 0).all():
        raise ModelFileError("the spread of its images, scaling.std, is not positive.")
    module.load_state_dict(tensors)

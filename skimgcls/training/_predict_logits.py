"""Logits of many images: folded normalization, batches that fit the cache, one read from the device."""

import contextlib
import copy
import math

import torch

from skimgcls.architectures import ScaledNetwork, fold_batch_norm
from skimgcls.training._augment_batch import check_views
from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._fast_matmul import fast_matmul
from skimgcls.training._largest_activation import largest_activation
from skimgcls.training._out_of_memory import explain_prediction_memory

_CACHE_BYTES = 4 * 2**20  # of the largest activation of a batch on a CPU: several times a core's own cache
_CUDA_BYTES = 512 * 2**20  # enough to fill a GPU, a small part of its memory
_BATCH_RANGE = 8, 2048
_FEW_IMAGES = 16  # fewer are over before a normalization is folded


def predict_logits(
    module, dataset, *, device, autocast=contextlib.nullcontext, augmentation=None, n_views=1, pack=None
):
    """Logits of images, without training anything.

    Parameters
    ----------
    module : ScaledNetwork
        Images (b, c, h, w) to logits (b, k).
    dataset : ImageDataset
    device : str or torch.device
        That the module is on.
    autocast : callable
        Returns the context in which the module runs.
    augmentation : Augmentation or None
        Gives views of each image.
    n_views : int
        Views of each image. Of more than one, the probabilities are averaged and their logarithm is returned.
    pack : callable or None
        Turns the module into one that takes few images sooner.

    Returns
    -------
    tensor (n, k)
        On the CPU, in float32 or float64.
    """
    check_views(augmentation, n_views)
    if _is_training(module):
        module.eval()
    batch_size, scope = len(dataset), contextlib.nullcontext()
    if batch_size > _FEW_IMAGES:
        batch_size = min(batch_size, prediction_batch_size(_activation_bytes(module, dataset, device), device))
        scope = fast_matmul(module, batch_size, device)
        if isinstance(module, ScaledNetwork):  # a compiled one folds by itself
            module = fold_batch_norm(module)
    elif pack is not None and n_views == 1:
        module = pack(module)
    with explain_prediction_memory(device, batch_size), torch.inference_mode(), scope, autocast():
        logits, start = None, 0
        for images, _ in BatchIterator(dataset, batch_size, device):
            if n_views == 1:
                part = module(images)
            else:
                part = _average([module(view) for view in augmentation.views(images, n_views)])
            if len(part) == len(dataset):
                logits = part
            else:  # into one tensor: small ones between large ones that are freed keep the C library from reusing these
                logits = part.new_empty(len(dataset), *part.shape[1:]) if logits is None else logits
                logits[start : start + len(part)] = part
                start += len(part)
        return _at_least_float32(logits).cpu()


def prediction_batch_size(activation_bytes, device):
    """Images that go through a network together: on a CPU as many as leave its activations in the cache."""
    budget = _CUDA_BYTES if torch.device(device).type == "cuda" else _CACHE_BYTES
    fewest, most = _BATCH_RANGE
    wanted = max(1, budget // activation_bytes)
    return min(max(fewest, 2 ** (wanted.bit_length() - 1)), most)


def _activation_bytes(module, dataset, device):
    if module.activation_bytes is None:  # measured here and not in a fit, which a search of small networks would feel
        network = getattr(module, "_orig_mod", module)  # what torch.compile wraps
        network.activation_bytes = largest_activation(_without_hooks(network), dataset.slice(0, 2)[0].to(device))
    return module.activation_bytes


def _without_hooks(network):
    """Share all but the hooks: who collects results by them should not find those of a measurement."""
    twin = copy.copy(network)
    children = network._modules.items()
    twin._modules = {name: child if child is None else _without_hooks(child) for name, child in children}
    twin._forward_hooks = twin._forward_pre_hooks = {}
    return twin


def _is_training(module):
    # not module.modules(): it remembers what it has seen, which takes a third of the time of a small network
    return module.training or any(child is not None and _is_training(child) for child in module._modules.values())


def _average(logits_of_views):
    log_p = torch.stack([_at_least_float32(logits).log_softmax(1) for logits in logits_of_views])  # (views, b, k)
    return log_p.logsumexp(0) - math.log(len(log_p))


def _at_least_float32(logits):
    return logits if logits.element_size() > 2 else logits.float()

"""Features of images from the backbone of a transfer network, each image once."""

import contextlib
import hashlib

import torch

from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._fast_matmul import fast_matmul
from skimgcls.training._feature_cache import FEATURE_CACHE
from skimgcls.training._out_of_memory import explain_prediction_memory
from skimgcls.training._predict_logits import _activation_bytes, prediction_batch_size

# Of fewer images oneDNN takes other kernels, which round otherwise: an image has the same features to the bit in
# whatever company of at least these (seen with 1, 7, 16, 33 and 64 images of nine networks).
_COMPANY = 16
_BYTES_HASHED_TOGETHER = 2**24


def extract_features(module, dataset, *, device, autocast=contextlib.nullcontext, in_company=True):
    """Features of images, without training anything.

    Parameters
    ----------
    module : ScaledNetwork
        Of a `TransferNetwork`; in evaluation mode afterwards.
    dataset : ImageDataset
    device : str or torch.device
        That the module is on.
    autocast : callable
        Returns the context in which the module runs.
    in_company : bool
        Whether a few images are filled up to a batch, so that the features of an image do not depend on how many there
        are.

    Returns
    -------
    tensor (n, n_features)
        On the device, in float32 or float64.
    """
    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    module.eval()
    batch_size = max(_COMPANY, prediction_batch_size(_activation_bytes(module, dataset, device), device))
    batches = []
    memory = explain_prediction_memory(device, batch_size)
    with memory, torch.inference_mode(), fast_matmul(module, batch_size, device), autocast():
        for images, _ in BatchIterator(dataset, batch_size, device):
            n = len(images)
            if in_company and n < _COMPANY:
                images = images[torch.arange(_COMPANY, device=images.device) % n]  # (n, c, h, w) -> (16, c, h, w)
            batches.append(module.network.features(module.scaling(images))[:n])
    features = torch.cat(batches)  # outside of inference mode, so that a head can be trained on them
    return features if features.element_size() > 2 else features.float()


def cached_features(module, dataset, *, device, precision, autocast=contextlib.nullcontext, limit=0):
    """Features of images, of which this process may have some in its cache.

    Parameters
    ----------
    module, dataset, device, autocast
        As for `extract_features`.
    precision : str
        Of the autocast.
    limit : int
        Bytes that the cache may hold afterwards; 0 neither looks into it nor adds to it.

    Returns
    -------
    tensor (n, n_features)
        Equal to those of `extract_features` to the bit.
    """
    extract = {"device": device, "autocast": autocast}
    if not limit:
        return extract_features(module, dataset, **extract)
    keys = _keys(module, dataset, device, precision)
    rows = FEATURE_CACHE.get(keys)
    missing = [i for i, row in enumerate(rows) if row is None]
    if missing:
        features = extract_features(module, dataset.labelled(None).subset(missing), **extract)
        features = features if torch.device(device).type == "cpu" else features.cpu()
        for i, row in zip(missing, features, strict=True):
            rows[i] = row
        FEATURE_CACHE.put([keys[i] for i in missing], features, limit)
    return torch.stack(rows).to(device)


def _keys(module, dataset, device, precision):
    """One key for each image, from what is in it and in all that makes features of it."""
    module = getattr(module, "_orig_mod", module)
    network, shape = module.network, dataset.layout.image_shape
    described = hashlib.sha256()
    described.update(repr((network.backbone, network.image_size, shape, dataset.rows.dtype, precision)).encode())
    described.update(f"{torch.device(device).type} {torch.get_num_threads()}".encode())
    held = (*module.scaling.state_dict().values(), network.mean, network.std, *network.backbone.state_dict().values())
    for tensor in held:
        described.update(_bytes_of(tensor))
    prefix = described.digest()
    chunk, keys = max(1, _BYTES_HASHED_TOGETHER // (8 * dataset.layout.n_features)), []
    for start in range(0, len(dataset), chunk):
        images = dataset.slice(start, min(start + chunk, len(dataset)))[0].permute(0, 2, 3, 1)  # whatever the layout
        keys += [prefix + hashlib.sha256(_bytes_of(image)).digest() for image in images]
    return keys


def _bytes_of(tensor):
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()

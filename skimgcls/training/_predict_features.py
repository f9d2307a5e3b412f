"""Features of many images: what a trained network has made of them before its last linear layer."""

import torch
from torch.overrides import TorchFunctionMode

from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._fast_matmul import fast_matmul
from skimgcls.training._mixed_precision import autocast
from skimgcls.training._out_of_memory import explain_prediction_memory
from skimgcls.training._predict_logits import _activation_bytes, prediction_batch_size


def predict_features(net, dataset):
    """Input of a network's last linear layer, without training anything.

    Parameters
    ----------
    net : TrainingNet
        Trained. Its module is in evaluation mode afterwards; nothing is hooked into it.
    dataset : ImageDataset
        Images.

    Returns
    -------
    features : tensor (n, n_features)
        On the CPU, in float32 or float64. The logits of a network that has no linear layer.
    """
    module = getattr(net.module_, "_orig_mod", net.module_)  # what torch.compile wraps: its layers are not seen
    module.eval()
    batch_size = prediction_batch_size(_activation_bytes(module, dataset, net.device), net.device)
    batch_size = min(batch_size, len(dataset))
    with (
        explain_prediction_memory(net.device, batch_size),
        torch.inference_mode(),
        fast_matmul(module, batch_size, net.device),
        autocast(net.precision, net.device),
    ):
        batches = [_features_of(module, images) for images, _ in BatchIterator(dataset, batch_size, net.device)]
    features = torch.cat(batches)
    return (features if features.element_size() > 2 else features.float()).cpu()


def _features_of(module, images):
    with _NoteLinearInput() as noted:
        logits = module(images)  # (b, c, h, w) -> (b, k)
    features = logits if noted.latest is None else noted.latest
    return features.flatten(1)  # (b, ..., d) -> (b, n_features)


class _NoteLinearInput(TorchFunctionMode):
    """Remembers what the latest linear layer of this thread was given."""

    latest = None

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.nn.functional.linear:
            self.latest = args[0] if args else kwargs["input"]
        return function(*args, **(kwargs or {}))

"""Errors of a device that ran out of memory, in words that say what to change."""

import contextlib
import traceback

import torch

_SIGNS = (
    "out of memory",  # CUDA, MPS
    "can't allocate memory",  # a CPU; on Windows the next
    "not enough memory",
    "STATUS_ALLOC_FAILED",  # cuBLAS, cuDNN
)


def explain_training_memory(net, n_images):
    """Return a context that names ``batch_size``, and a smaller one, where memory runs out; it changes nothing.

    What it raises then is a ``torch.OutOfMemoryError``, also for the plain RuntimeError of torch on a CPU. Its cause is
    torch's own, whose frames are cleared.

    Parameters
    ----------
    net : TrainingNet
    n_images : int
        That it is trained on. A larger batch holds as many.
    """
    return _explain(net.device, lambda: _advice_on_training(net, n_images))


def explain_prediction_memory(device, n_together):
    """Return a context as `explain_training_memory` does, for predictions.

    Parameters
    ----------
    device : str or torch.device
    n_together : int
        Images that go through the network together. The library chooses it, so no parameter is named.
    """
    return _explain(device, lambda: _advice_on_prediction(device, n_together))


@contextlib.contextmanager
def _explain(device, advice):
    try:
        yield
    except RuntimeError as error:
        if not _tells_of_memory(error) or _tells_of_memory(error.__cause__):  # the latter was explained further in
            raise
        # the frames hold the batch and its activations, and whoever keeps the error would keep those
        traceback.clear_frames(error.__traceback__)
        raise torch.OutOfMemoryError(
            f"{device} ran out of memory {advice()} Torch says: {_first_words(error)}"
        ) from error


def _tells_of_memory(error):
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _SIGNS)


def _advice_on_training(net, n_images):
    n_together = n_images if net.batch_size == -1 else min(net.batch_size, n_images)
    clipped = f", which takes all {n_images} images together" if n_together == n_images else ""
    remedies = ["precision='bf16'"] if net.precision == "float32" else []
    remedies += ["a smaller network", "smaller images"]
    remedies += ["device='cpu'"] if _is_accelerator(net.device) else []
    others = f"{', '.join(remedies[:-1])} or {remedies[-1]}"
    wanted = (
        f"Try batch_size={n_together // 2}; if that is not enough, {others}." if n_together > 1 else f"Try {others}."
    )
    return f"in training with batch_size={net.batch_size}{clipped}. {wanted}"


def _advice_on_prediction(device, n_together):
    fewer = f"Hand fewer images to each call (try {n_together // 2}), or free" if n_together > 1 else "Free"
    elsewhere = ", or predict on the CPU: net_.move_to('cpu')" if _is_accelerator(device) else ""
    return f"in predicting {n_together} images together. {fewer} memory that others hold there{elsewhere}."


def _is_accelerator(device):
    return torch.device(device).type != "cpu"


def _first_words(error):
    """Its first line, without what CUDA adds about fragments and environment variables."""
    line = next(iter(str(error).splitlines()), "")
    return line.partition(" Including non-PyTorch memory")[0]

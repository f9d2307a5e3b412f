"""Choosing the device that a fit runs on."""

import torch


def resolve_device(device):
    """Turn the ``device`` parameter into a device that exists here.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` takes CUDA, then MPS, then the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If the name is no device, or the device is not there.
    """
    if device == "auto":
        return torch.device(_best_device())
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is no device. Use 'auto', 'cpu', 'cuda', 'cuda:<number>' or 'mps'."
        ) from error
    if not _is_available(resolved):
        raise ValueError(
            f"device={device!r} was asked for, but torch {torch.__version__} sees no such device on this machine. "
            "Use device='auto' to take what there is."
        )
    return resolved


def _best_device():
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_available(device):
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"

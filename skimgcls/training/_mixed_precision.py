"""Half-precision arithmetic: the context a network runs in and the scaler that fp16 needs."""

import contextlib

import torch

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(precision, device):
    """Return a context in which the heavy operations on a device run in a precision: "float32", "bf16" or "fp16"."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=_DTYPES[precision])


def make_grad_scaler(precision, device):
    """Return the scaler that keeps small gradients of fp16 from vanishing, None for the other precisions."""
    return torch.amp.GradScaler(torch.device(device).type) if precision == "fp16" else None

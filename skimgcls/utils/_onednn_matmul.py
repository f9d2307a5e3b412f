"""Matrix products through oneDNN, where it computes them at float32 accuracy, for the length of a scope."""

import contextlib
import functools
import threading

import torch

_EXACT = ("none", "ieee")  # what torch is set to where nobody has chosen
_LOCK = threading.Lock()
_n_holders = 0
_precision_found = None


@contextlib.contextmanager
def onednn_matmul():
    """Let oneDNN compute float32 matrix products on the CPU, and put torch's setting back.

    Torch sends them to MKL, which is half as fast on some processors. Allowing oneDNN to use bfloat16 inside, as
    ``torch.set_float32_matmul_precision("medium")`` does, makes torch prefer oneDNN; on a processor without matrix
    units for bfloat16 it still computes in float32. Whether it does is measured once in a process, and where it does
    not, or where the user has chosen a precision already, nothing is changed.

    The setting is one switch for the whole process: the first of several overlapping scopes remembers what it found,
    and the last one to leave restores it.
    """
    global _n_holders, _precision_found
    if not keeps_float32():
        yield
        return
    settings = torch.backends.mkldnn.matmul
    with _LOCK:
        if _n_holders == 0:
            _precision_found = settings.fp32_precision
            if _precision_found in _EXACT:
                settings.fp32_precision = "bf16"
        _n_holders += 1
    try:
        yield
    finally:
        with _LOCK:
            _n_holders -= 1
            if _n_holders == 0 and _precision_found in _EXACT and settings.fp32_precision == "bf16":
                settings.fp32_precision = _precision_found


@functools.cache
def keeps_float32():
    """Tell whether oneDNN, allowed bfloat16, computes matrix products as exactly as float32 does."""
    if not torch.backends.mkldnn.is_available():
        return False
    with _LOCK:
        return all(_relative_error(*shape) < 1e-5 for shape in ((64, 784, 256), (256, 128, 64), (256, 64, 784)))


def _relative_error(m, k, n):
    # bfloat16 keeps 8 bits: it would be wrong by 1e-3 and more
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(m, k, generator=generator), torch.randn(n, k, generator=generator)
    exact = a.double() @ b.double().T
    settings = torch.backends.mkldnn.matmul
    found, settings.fp32_precision = settings.fp32_precision, "bf16"
    try:
        product = torch.nn.functional.linear(a, b)
    finally:
        settings.fp32_precision = found
    return float((product - exact).abs().max() / exact.abs().max())

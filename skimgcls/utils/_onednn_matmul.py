"""Matrix products through oneDNN, where it computes them at float32 accuracy, for the length of a scope."""

import contextlib
import functools

import torch

from skimgcls.utils._shared_scope import SharedScope

_EXACT = ("none", "ieee")  # what torch is set to where nobody has chosen


def onednn_matmul():
    """Let oneDNN compute float32 matrix products on the CPU, and put torch's setting back.

    Torch sends them to MKL, which is half as fast on some processors. Allowing oneDNN to use bfloat16 inside, as
    ``torch.set_float32_matmul_precision("medium")`` does, makes torch prefer oneDNN; on a processor without matrix
    units for bfloat16 it still computes in float32. Whether it does is measured once in a process, and where it does
    not, or where the user has chosen a precision already, nothing is changed.

    The setting is one switch for the whole process, which overlapping scopes share.
    """
    return _SCOPE() if keeps_float32() else contextlib.nullcontext()


def _allow():
    settings = torch.backends.mkldnn.matmul
    found = settings.fp32_precision
    if found in _EXACT:
        settings.fp32_precision = "bf16"
    return found


def _put_back(found):
    settings = torch.backends.mkldnn.matmul
    if found in _EXACT and settings.fp32_precision == "bf16":  # else somebody has chosen meanwhile
        settings.fp32_precision = found


_SCOPE = SharedScope(_allow, _put_back)


@functools.cache
def keeps_float32():
    """Tell whether oneDNN, allowed bfloat16, computes matrix products as exactly as float32 does."""
    if not torch.backends.mkldnn.is_available():
        return False
    with _SCOPE.lock:
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

import contextlib

import pytest
import torch

from skimgcls.training._mixed_precision import autocast, make_grad_scaler


def dtype_inside(precision, device="cpu"):
    layer = torch.nn.Linear(2, 2)
    with autocast(precision, device):
        return layer(torch.ones(1, 2)).dtype


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_heavy_operations_run_in_the_precision_asked_for(precision, dtype, device):
    assert dtype_inside(precision, device) == dtype
    assert dtype_inside("float32") == torch.float32  # and none after it


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1"])
def test_float32_needs_no_context(device):
    assert isinstance(autocast("float32", device), contextlib.nullcontext)


def test_float64_is_not_halved_where_float32_is_asked_for():
    layer = torch.nn.Linear(2, 2).double()
    with autocast("float32", "cpu"):
        assert layer(torch.ones(1, 2, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_only_fp16_has_a_scaler(precision, device):
    assert make_grad_scaler(precision, device) is None


def test_the_scaler_of_fp16_multiplies_the_loss():
    scaler = make_grad_scaler("fp16", torch.device("cpu"))
    assert scaler.is_enabled()
    assert scaler.scale(torch.ones(())) == scaler.get_scale() > 1

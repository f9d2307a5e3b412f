import contextlib

import pytest
import torch
from torch import nn

from skimgcls.architectures import MLP, ConvNet, ResNet
from skimgcls.training._fast_matmul import fast_matmul

SETTINGS = torch.backends.mkldnn.matmul


@pytest.fixture(autouse=True)
def exact_processor(monkeypatch):
    """Any processor, taken for one on which oneDNN computes in float32; the setting is put back."""
    found = SETTINGS.fp32_precision
    SETTINGS.fp32_precision = "none"
    monkeypatch.setattr("skimgcls.utils._onednn_matmul.keeps_float32", lambda: True)
    yield
    SETTINGS.fp32_precision = found


def goes_through_onednn(*args):
    with fast_matmul(*args):
        inside = SETTINGS.fp32_precision
    assert SETTINGS.fp32_precision == "none"
    return inside == "bf16"


@pytest.mark.parametrize(
    ("module", "batch_size", "expected"),
    [
        (MLP((1, 28, 28), 10), 128, True),
        (MLP((1, 28, 28), 10), 1, False),
        (MLP((1, 8, 8), 10, hidden_units=(8,)), 128, False),
        (ConvNet((1, 28, 28), 10), 128, True),
        (ConvNet((1, 8, 8), 10, conv_channels=(4, 4), hidden_units=(8,)), 16, False),
        (ResNet((3, 8, 8), 10, depth=8), 256, False),
        (nn.Sequential(nn.Conv2d(64, 64, 3)), 10**6, False),
        (nn.Sequential(nn.Flatten()), 10**6, False),
    ],
    ids=["MLP", "MLP of one image", "small MLP", "ConvNet", "small ConvNet", "ResNet", "convolution", "nothing"],
)
def test_dense_layers_that_are_worth_a_call_go_through_onednn(module, batch_size, expected):
    assert goes_through_onednn(module, batch_size, "cpu") is expected
    assert goes_through_onednn(module, batch_size, torch.device("cpu")) is expected


def test_worth_a_call_are_more_than_two_million_multiplications_in_a_mean_layer():
    layer = nn.Linear(1024, 1024)
    assert not goes_through_onednn(layer, 2, "cpu")
    assert goes_through_onednn(layer, 3, "cpu")
    assert not goes_through_onednn(nn.Sequential(layer, nn.Linear(1024, 2)), 3, "cpu")


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps", torch.device("cuda")])
def test_other_devices_are_left_alone(device):
    scope = fast_matmul(MLP((1, 28, 28), 10), 10**6, device)
    assert isinstance(scope, contextlib.nullcontext)

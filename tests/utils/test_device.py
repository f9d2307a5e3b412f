import pytest
import torch

from skimgcls.utils._device import resolve_device


@pytest.fixture
def machine(monkeypatch):
    """Pretend that this machine has accelerators."""

    def pretend(*, cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"cuda": 1, "mps": True}, "cuda"),
        ({"cuda": 0, "mps": True}, "mps"),
        ({"cuda": 0, "mps": False}, "cpu"),
    ],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(machine, there, expected):
    machine(**there)
    assert resolve_device("auto") == torch.device(expected)


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_a_device_that_is_there_is_taken_by_name_or_as_an_object(device):
    assert resolve_device(device) == torch.device("cpu")


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:1", torch.device("cuda", 1)])
def test_a_cuda_device_is_taken_when_the_machine_has_that_many(machine, device):
    machine(cuda=2)
    assert resolve_device(device) == torch.device(device)


@pytest.mark.parametrize("device", ["cuda", "cuda:2", "mps", "meta", "xpu"])
def test_a_device_that_is_not_there_is_refused_by_name_with_the_remedy(machine, device):
    machine(cuda=0)
    with pytest.raises(ValueError, match=f"device='{device}' was asked for.*device='auto'"):
        resolve_device(device)


def test_a_cuda_number_beyond_the_last_is_refused(machine):
    machine(cuda=2)
    with pytest.raises(ValueError, match="device='cuda:2'"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["gpu", "", "cuda:one"])
def test_a_name_that_is_no_device_is_refused_with_the_names_there_are(device):
    with pytest.raises(ValueError, match=f"device='{device}' is no device. Use 'auto', 'cpu', 'cuda'"):
        resolve_device(device)

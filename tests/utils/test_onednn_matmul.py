import threading

import pytest
import torch

from skimgcls.utils import _onednn_matmul
from skimgcls.utils._onednn_matmul import keeps_float32, onednn_matmul

SETTINGS = torch.backends.mkldnn.matmul


@pytest.fixture(autouse=True)
def restored_precision():
    found = SETTINGS.fp32_precision
    SETTINGS.fp32_precision = "none"  # torch's default
    yield
    SETTINGS.fp32_precision = found
    keeps_float32.cache_clear()


@pytest.fixture
def exact_processor(monkeypatch):
    """Any processor, taken for one that computes in float32 all the same."""
    monkeypatch.setattr(_onednn_matmul, "keeps_float32", lambda: True)


def chosen_inside():
    with onednn_matmul():
        return SETTINGS.fp32_precision


# ------------------------------------------------------------------ accuracy


@pytest.mark.parametrize("shape", [(128, 784, 256), (33, 100, 10), (2, 3, 5)], ids=str)
def test_products_and_gradients_have_the_accuracy_of_float32(shape, rng):
    m, k, n = shape
    x, weight = (torch.from_numpy(rng.normal(size=size)).requires_grad_() for size in ((m, k), (n, k)))
    exact = torch.nn.functional.linear(x, weight)
    exact_gradients = torch.autograd.grad(exact.square().sum() / 2, (x, weight))
    x, weight = (values.detach().float().requires_grad_() for values in (x, weight))
    with onednn_matmul():
        product = torch.nn.functional.linear(x, weight)
        gradients = torch.autograd.grad(product.square().sum() / 2, (x, weight))
    for got, expected in zip((product, *gradients), (exact, *exact_gradients), strict=True):
        assert (got - expected).abs().max() < 1e-5 * expected.abs().max()


def test_a_processor_that_computes_in_bfloat16_is_left_alone(monkeypatch):
    exact = torch.nn.functional.linear
    monkeypatch.setattr("torch.nn.functional.linear", lambda a, b: exact(a, b) * (1 + 1e-3))
    keeps_float32.cache_clear()
    assert not keeps_float32()
    assert chosen_inside() == "none"
    assert SETTINGS.fp32_precision == "none"


def test_without_onednn_nothing_is_tried(monkeypatch):
    def refuse(*shape):
        raise AssertionError("tried")

    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(_onednn_matmul, "_relative_error", refuse)
    keeps_float32.cache_clear()
    assert not keeps_float32()
    assert chosen_inside() == "none"


def test_the_processor_is_tried_once_in_a_process(monkeypatch):
    tried = []
    monkeypatch.setattr(_onednn_matmul, "_relative_error", lambda *shape: tried.append(shape) or 1.0)
    keeps_float32.cache_clear()
    assert not keeps_float32()
    assert chosen_inside() == chosen_inside() == "none"
    assert len(tried) == 1


@pytest.mark.parametrize("found", ["none", "ieee", "tf32"])
def test_trying_it_restores_the_setting_also_after_an_error(found, monkeypatch):
    def fail(a, b):
        assert SETTINGS.fp32_precision == "bf16"
        raise ZeroDivisionError

    SETTINGS.fp32_precision = found
    keeps_float32.cache_clear()
    keeps_float32()
    assert SETTINGS.fp32_precision == found
    monkeypatch.setattr("torch.nn.functional.linear", fail)
    keeps_float32.cache_clear()
    with pytest.raises(ZeroDivisionError):
        keeps_float32()
    assert SETTINGS.fp32_precision == found


def test_trying_it_draws_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    keeps_float32.cache_clear()
    keeps_float32()
    assert torch.equal(torch.get_rng_state(), before)


# ------------------------------------------------------------- the one switch


@pytest.mark.parametrize("found", ["none", "ieee"])
def test_the_setting_is_put_back_also_after_an_error(exact_processor, found):
    SETTINGS.fp32_precision = found
    assert chosen_inside() == "bf16"
    assert SETTINGS.fp32_precision == found
    with pytest.raises(ZeroDivisionError), onednn_matmul():
        raise ZeroDivisionError
    assert SETTINGS.fp32_precision == found


@pytest.mark.parametrize("chosen", ["tf32", "bf16"])
def test_a_precision_that_the_user_has_chosen_is_left_alone(exact_processor, chosen):
    SETTINGS.fp32_precision = chosen
    assert chosen_inside() == chosen
    assert SETTINGS.fp32_precision == chosen


@pytest.mark.parametrize(("name", "chosen"), [("high", "tf32"), ("medium", "bf16")])
def test_torchs_older_way_of_choosing_counts_too(exact_processor, name, chosen):
    found = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(name)
        assert chosen_inside() == chosen
        assert torch.get_float32_matmul_precision() == name
    finally:
        torch.set_float32_matmul_precision(found)


def test_after_the_scope_torch_tells_its_precision_as_before(exact_processor):
    found = torch.get_float32_matmul_precision()
    chosen_inside()
    assert torch.get_float32_matmul_precision() == found


def test_scopes_nest(exact_processor):
    with onednn_matmul():
        assert chosen_inside() == "bf16"
        assert SETTINGS.fp32_precision == "bf16"
    assert SETTINGS.fp32_precision == "none"


def test_of_overlapping_scopes_in_threads_the_last_to_leave_restores(exact_processor):
    inside, leave = threading.Event(), threading.Event()

    def enter_first():
        with onednn_matmul():
            inside.set()
            leave.wait(30)

    first = threading.Thread(target=enter_first)
    first.start()
    assert inside.wait(30)
    with onednn_matmul():
        leave.set()
        first.join(30)
        assert SETTINGS.fp32_precision == "bf16"  # the first has left, this one still computes
    assert SETTINGS.fp32_precision == "none"

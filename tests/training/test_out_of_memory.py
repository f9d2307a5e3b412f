import contextlib
import pickle
import weakref
from types import SimpleNamespace

import pytest
import torch

from skimgcls.training._out_of_memory import explain_prediction_memory, explain_training_memory

ON_CUDA = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.25 GiB of which 12.75 MiB is "
    "free. Including non-PyTorch memory, this process has 79.23 GiB memory in use. Of the allocated memory 78.50 GiB "
    "is allocated by PyTorch. If reserved but unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF."
)


def net_of(device="cuda:0", batch_size=64, precision="float32"):
    return SimpleNamespace(device=device, batch_size=batch_size, precision=precision)


def message_of(context, error=None):
    with pytest.raises(torch.OutOfMemoryError) as caught, context:
        raise error or torch.OutOfMemoryError(ON_CUDA)
    return str(caught.value)


def test_in_training_it_names_the_device_what_was_free_the_batch_size_and_what_else_helps():
    assert message_of(explain_training_memory(net_of(), 1000)) == (
        "cuda:0 ran out of memory in training with batch_size=64. Try batch_size=32; if that is not enough, "
        "precision='bf16', a smaller network, smaller images or device='cpu'. Torch says: CUDA out of memory. Tried to "
        "allocate 2.00 GiB. GPU 0 has a total capacity of 79.25 GiB of which 12.75 MiB is free."
    )


@pytest.mark.parametrize(
    ("net", "n_images", "words", "no_words"),
    [
        (net_of(batch_size=4096), 100, ["batch_size=4096, which takes all 100 images together", "batch_size=50"], []),
        (net_of(batch_size=-1), 100, ["batch_size=-1, which takes all 100 images", "batch_size=50"], []),
        (net_of(batch_size=3), 100, ["Try batch_size=1;"], ["together"]),
        (net_of(batch_size=1), 100, ["with batch_size=1. Try precision='bf16',"], ["batch_size=0"]),
        (net_of(precision="bf16"), 100, ["enough, a smaller network, smaller images or device='cpu'."], ["bf16"]),
        (net_of("cpu"), 100, ["cpu ran out", "a smaller network or smaller images."], ["device="]),
    ],
    ids=["clipped", "all", "odd", "one", "half precision", "cpu"],
)
def test_what_it_says_to_try_is_smaller_than_what_was_tried(net, n_images, words, no_words):
    message = message_of(explain_training_memory(net, n_images))
    assert all(word in message for word in words), message
    assert not any(word in message for word in no_words), message


def test_in_prediction_it_names_no_parameter_since_none_decides():
    message = message_of(explain_prediction_memory("cuda:0", 2048))
    assert message.startswith(
        "cuda:0 ran out of memory in predicting 2048 images together. Hand fewer images to each call (try 1024), or "
        "free memory that others hold there, or predict on the CPU: net_.move_to('cpu'). Torch says: CUDA out of"
    )
    assert "batch_size" not in message
    assert "Hand fewer" not in message_of(explain_prediction_memory("cuda:0", 1))
    assert "move_to" not in message_of(explain_prediction_memory("cpu", 16))


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory\nCUDA kernel errors might be reported later.",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "MPS backend out of memory (MPS allocated: 6.77 GB, other allocations: 2.20 GB)",
        "[enforce fail at alloc_cpu.cpp:80] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.",
    ],
    ids=["cuda", "cublas", "cudnn", "mps", "windows"],
)
def test_plain_runtime_errors_that_tell_of_memory_are_explained_too(text):
    message = message_of(explain_training_memory(net_of(), 1000), RuntimeError(text))
    assert message.endswith(f"Torch says: {text.splitlines()[0]}")


def test_the_error_that_torch_really_raises_on_a_cpu_is_explained():
    words = r"batch_size=64.*tried to allocate 1125899906842624 bytes"
    with pytest.raises(torch.OutOfMemoryError, match=words) as caught, explain_training_memory(net_of("cpu"), 1000):
        torch.empty(2**50, dtype=torch.uint8)
    assert isinstance(caught.value, RuntimeError)  # who caught torch's own still does
    assert type(caught.value.__cause__) is RuntimeError


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), ValueError("out of memory"), MemoryError()])
def test_other_errors_go_through_as_they_are(error):
    with pytest.raises(type(error)) as caught, explain_training_memory(net_of(), 1000):
        raise error
    assert caught.value is error
    assert error.__cause__ is None


def test_an_error_that_was_explained_further_in_is_not_explained_again():
    contexts = contextlib.ExitStack()
    contexts.enter_context(explain_training_memory(net_of(), 1000))
    contexts.enter_context(explain_prediction_memory("cuda:0", 16))
    message = message_of(contexts)
    assert message.startswith("cuda:0 ran out of memory in predicting 16 images")
    assert "batch_size" not in message


def test_the_error_that_is_kept_keeps_nothing_of_the_batch():
    seen = []

    def forward():
        activations = torch.zeros(10)
        seen.append(weakref.ref(activations))
        raise torch.OutOfMemoryError(ON_CUDA)

    with pytest.raises(torch.OutOfMemoryError) as caught, explain_training_memory(net_of(), 1000):
        forward()
    assert caught.value.__cause__.__traceback__ is not None  # it still tells where
    assert seen[0]() is None


def test_it_comes_back_from_a_worker_process():
    with pytest.raises(torch.OutOfMemoryError) as caught, explain_training_memory(net_of(), 1000):
        raise torch.OutOfMemoryError(ON_CUDA)
    received = pickle.loads(pickle.dumps(caught.value))
    assert type(received) is torch.OutOfMemoryError
    assert str(received) == str(caught.value)

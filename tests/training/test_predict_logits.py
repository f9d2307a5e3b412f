import copy
import functools
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from skimgcls.architectures import MLP, ConvNet, ResNet
from skimgcls.images import ImageLayout
from skimgcls.preprocessing import Compose, RandomCrop, RandomFlip, make_augmentation
from skimgcls.training import ImageDataset, build_scaled_network
from skimgcls.training._mixed_precision import autocast
from skimgcls.training._predict_logits import predict_logits, prediction_batch_size

CACHE_BYTES, CUDA_BYTES = 4 * 2**20, 512 * 2**20
NETWORKS = {
    "conv": lambda: ConvNet((2, 4, 5), 3, conv_channels=(6, 6), hidden_units=(5,), dropout=0.5),
    "resnet": lambda: ResNet((2, 4, 5), 3, depth=8, width=4, dropout=0.5),
    "mlp": lambda: MLP((2, 4, 5), 3, hidden_units=(7,), norm="batch", dropout=0.5),
    "mixer": lambda: MLP((2, 4, 5), 3, hidden_units=(6, 7), patch_size=2, norm="batch", dropout=0.5),
    "foreign": lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(3)),
}


@pytest.fixture
def dataset(rng):
    """Bytes (n, 2, 4, 5)."""
    return lambda n: ImageDataset.from_arrays(
        rng.integers(0, 256, (n, 40), dtype=np.uint8), ImageLayout(4, 5, 2, True), np.arange(n) % 3
    )


@pytest.fixture
def build(dataset):
    """A network in evaluation mode whose normalizations have seen images."""

    def build(name="conv", dtype=torch.float64):
        data = dataset(50)
        module = build_scaled_network(
            NETWORKS[name],
            data,
            n_classes=3,
            seed=0,
            dtype=dtype,
            device=torch.device("cpu"),
            foreign=name == "foreign",
        )
        module.train()
        for _ in range(5):
            module(data.X)
        return module.eval()

    return build


@torch.no_grad()
def plain(module, dataset):
    return copy.deepcopy(module).eval()(dataset.X)


# ---------------------------------------------------------------- what they are


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100])
@pytest.mark.parametrize("name", NETWORKS)
def test_logits_are_those_of_the_module_in_evaluation_mode(name, n, build, dataset):
    module, data = build(name), dataset(n)
    logits = predict_logits(module, data, device="cpu")
    assert (logits.shape, logits.dtype, logits.requires_grad) == ((n, 3), torch.float64, False)
    torch.testing.assert_close(logits, plain(module, data), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [7, 8, 9, 16, 17, 24, 25])
def test_batches_follow_one_another_without_a_gap(n, build, dataset):
    module, data = build(), dataset(n)
    module.activation_bytes = CACHE_BYTES
    sizes = []
    module.register_forward_pre_hook(lambda _, images: sizes.append(len(images[0])))
    logits = predict_logits(module, data, device="cpu")
    assert sizes == ([n] if n <= 16 else [8] * (n // 8) + [n % 8] * (n % 8 > 0))  # few are not worth the trouble
    torch.testing.assert_close(logits, plain(module, data), rtol=1e-10, atol=1e-10)


def test_activations_are_measured_once_when_many_images_come(build, dataset):
    module, results = build(), []
    module.network.features.register_forward_hook(lambda _, __, result: results.append(len(result)))
    predict_logits(module, dataset(16), device="cpu")
    assert module.activation_bytes is None
    predict_logits(module, dataset(17), device="cpu", autocast=functools.partial(autocast, "bf16", "cpu"))
    assert module.activation_bytes == 6 * 4 * 5 * 8  # six feature maps of 4 x 5 numbers in float64
    assert results == [16, 17]  # hooks see what is predicted and nothing else
    module.network.features._forward_hooks.clear()
    assert pickle.loads(pickle.dumps(module)).activation_bytes == module.activation_bytes


@pytest.mark.parametrize("n", [2047, 2048, 2049])
def test_thousands_of_tiny_images_take_one_batch_or_two(n, build, dataset):
    module, data = build("mlp"), dataset(n)
    torch.testing.assert_close(predict_logits(module, data, device="cpu"), plain(module, data), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [5, 40])
def test_a_subset_gets_its_own_logits_in_its_order(n, build, dataset, rng):
    module, data = build(), dataset(60)
    module.activation_bytes = CACHE_BYTES
    index = rng.permutation(60)[:n]
    logits = predict_logits(module, data.subset(index), device="cpu")
    torch.testing.assert_close(logits, plain(module, data)[index], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("forgotten", ["everything", "one dropout", "one norm"])
def test_what_was_left_in_training_mode_predicts_in_evaluation_mode(forgotten, n, build, dataset):
    module, data = build(), dataset(n)
    part = {
        "everything": module,
        "one dropout": module.network.classifier.dropout1,
        "one norm": module.network.features,
    }
    part[forgotten].train()
    logits = predict_logits(module, data, device="cpu")
    assert not any(child.training for child in module.modules())
    torch.testing.assert_close(logits, plain(module, data), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_module_is_unchanged_and_can_still_be_trained(name, build, dataset):
    module, data = build(name), dataset(30)
    state = copy.deepcopy(module.state_dict())
    predict_logits(module, data, device="cpu")
    assert all(torch.equal(tensor, state[key]) for key, tensor in module.state_dict().items())
    module.train()(data.X).square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_a_module_that_is_no_scaled_network_is_run_as_it_is(build, dataset):
    class Compiled(nn.Module):
        """Stands for what ``torch.compile`` makes of a network."""

        def __init__(self, module):
            super().__init__()
            self._orig_mod = module

        def __getattr__(self, name):
            return self._modules[name] if name == "_orig_mod" else getattr(self._orig_mod, name)

        def forward(self, x):
            return self._orig_mod(x)

    module, data = build(), dataset(30)
    assert torch.equal(predict_logits(Compiled(module), data, device="cpu"), plain(module, data))
    assert module.activation_bytes == 6 * 4 * 5 * 8


# ------------------------------------------------------------------------ views


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("n_views", [2, 3, 5])
@pytest.mark.parametrize(
    "augment", ["light", "standard", RandomFlip(), Compose([RandomCrop(1), RandomFlip()])], ids=str
)
def test_of_several_views_the_probabilities_are_averaged(augment, n_views, n, build, dataset):
    module, data, augmentation = build(), dataset(n), make_augmentation(augment)
    views = list(augmentation.views(data.X, n_views))
    with torch.no_grad():
        probabilities = torch.stack([module(view).softmax(1) for view in views]).mean(0)
    module.activation_bytes = CACHE_BYTES  # batches of eight
    log_p = predict_logits(module, data, device="cpu", augmentation=augmentation, n_views=n_views)
    torch.testing.assert_close(log_p, probabilities.log(), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(n, dtype=torch.float64))
    assert not torch.allclose(log_p, plain(module, data).log_softmax(1))


def test_one_view_is_the_image_itself(build, dataset):
    module, data = build(), dataset(30)
    one = predict_logits(module, data, device="cpu", augmentation=RandomFlip(), n_views=1)
    assert torch.equal(one, predict_logits(module, data, device="cpu"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_probabilities_that_round_to_zero_keep_a_finite_logarithm(dtype, dataset):
    class Sure(nn.Module):
        activation_bytes = 1

        def forward(self, images):
            left = images[:, 0, 0, 0].to(dtype)
            return torch.stack([left * 0, left * 0 + 2000, left * 10], 1)

    rows = np.array([[0.0, 100.0]], np.float32)  # its mirror image has a 100 at the left
    data = ImageDataset.from_arrays(rows, ImageLayout(1, 2, 1, True))
    log_p = predict_logits(Sure(), data, device="cpu", augmentation=RandomFlip(), n_views=2)
    assert log_p.dtype == torch.float32
    torch.testing.assert_close(
        log_p, torch.tensor([[-2000 - math.log(2), 0.0, -1000 - math.log(2)]]), atol=1, rtol=1e-2
    )


# ------------------------------------------------------------------ half precision


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("n_views", [1, 3])
def test_bfloat16_gives_logits_in_float32_near_those_of_float32(n, n_views, build, dataset):
    module, data = build(dtype=torch.float32), dataset(n)
    dtypes = set()
    module.network.classifier.output.register_forward_hook(lambda _, __, result: dtypes.add(result.dtype))
    views = {"augmentation": RandomFlip(), "n_views": n_views}
    expected = predict_logits(module, data, device="cpu", **views)
    half = functools.partial(autocast, "bf16", "cpu")
    logits = predict_logits(module, data, device="cpu", autocast=half, **views)
    assert dtypes == {torch.float32, torch.bfloat16}
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, expected, rtol=0.05, atol=0.1)
    assert not torch.equal(logits, expected)


# --------------------------------------------------------------------- batch size


@pytest.mark.parametrize(("device", "budget"), [("cpu", CACHE_BYTES), ("cuda", CUDA_BYTES), ("cuda:1", CUDA_BYTES)])
@pytest.mark.parametrize("activation_bytes", [1, 100, 2**11, 2**11 + 1, 100_352, 3 * 2**20, 2**22, 2**26, 2**40])
def test_a_batch_is_the_largest_power_of_two_whose_activations_fit(activation_bytes, device, budget):
    size = prediction_batch_size(activation_bytes, device)
    assert 8 <= size <= 2048
    assert math.log2(size).is_integer()
    assert size == 8 or size * activation_bytes <= budget
    assert size == 2048 or 2 * size * activation_bytes > budget


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_images_of_28_by_28_through_the_default_network_fit_a_cache(device):
    assert prediction_batch_size(32 * 28 * 28 * 4, device) == 32
    assert prediction_batch_size(32 * 28 * 28 * 4, "cuda") == 2048

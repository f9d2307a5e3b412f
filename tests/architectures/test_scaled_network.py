import pickle

import numpy as np
import pytest
import torch
from torch import nn

from skimgcls.architectures import InputScaling, ScaledNetwork

FORMATS = pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=["nchw", "nhwc"])
SHAPES = pytest.mark.parametrize("shape", [(5, 1, 4, 6), (5, 3, 4, 6), (5, 3, 1, 1), (1, 4, 1, 7)], ids=str)


def moments(x):
    return x.double().mean((0, 2, 3)), x.double().std((0, 2, 3), correction=0)


@FORMATS
@SHAPES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_channel_is_standardised_in_either_memory_format(memory_format, shape, dtype, pixels):
    x = pixels(*shape).to(memory_format=memory_format)
    mean, std = moments(x)
    std = std.clamp_min(1)
    out = InputScaling(mean, std, dtype=dtype)(x)
    expected = (x.double() - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)
    assert out.dtype == dtype
    assert out.is_contiguous(memory_format=memory_format)
    assert torch.allclose(out.double(), expected, rtol=1e-5, atol=1e-5 if dtype == torch.float32 else 1e-12)


@SHAPES
def test_the_memory_format_changes_no_bit(shape, pixels):
    x = pixels(*shape)
    scaling = InputScaling(torch.linspace(90, 130, shape[1]), torch.linspace(40, 70, shape[1]))
    assert torch.equal(scaling(x.to(memory_format=torch.channels_last)), scaling(x))


@FORMATS
@pytest.mark.parametrize("dtype", [torch.bool, torch.int16, torch.int64, torch.float16, torch.float32, torch.float64])
def test_images_of_any_dtype_are_scaled_like_their_float_values(memory_format, dtype, pixels):
    x = (pixels(3, 3, 4, 4) % 2).to(memory_format=memory_format)
    scaling = InputScaling([0.5, 0.4, 0.3], [0.2, 0.3, 0.5])
    out = scaling(x.to(dtype))
    assert out.dtype == torch.float32
    assert torch.equal(out, scaling(x.float()))


def test_bytes_and_fractions_of_255_give_the_same_scaled_images(pixels):
    x = pixels(4, 3, 5, 5)
    mean, std = moments(x)
    of_bytes, of_fractions = InputScaling(mean, std)(x), InputScaling(mean / 255, std / 255)(x / 255)
    assert torch.allclose(of_bytes, of_fractions, atol=1e-5)


def test_a_mean_far_above_the_spread_costs_no_digits():
    x = torch.tensor([59_999.0, 60_000.0, 60_001.0]).view(3, 1, 1, 1)
    assert InputScaling([60_000.0], [1.0])(x).flatten().tolist() == [-1, 0, 1]


@FORMATS
def test_the_images_themselves_are_not_changed(memory_format, images):
    x = images(2, 3, 4, 4).to(memory_format=memory_format)
    before = x.clone()
    InputScaling([1.0] * 3, [2.0] * 3)(x)
    assert torch.equal(x, before)


@FORMATS
def test_gradients_reach_the_images(memory_format, images):
    x = images(2, 3, 4, 4).to(memory_format=memory_format).requires_grad_()
    InputScaling([1.0] * 3, [2.0, 4.0, 8.0])(x).sum().backward()
    assert torch.equal(x.grad, torch.tensor([0.5, 0.25, 0.125]).view(3, 1, 1).expand_as(x))


def test_mean_and_std_are_saved_and_not_trained():
    scaling = InputScaling(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert {name: tensor.shape for name, tensor in scaling.state_dict().items()} == {
        "mean": (2, 1, 1),
        "std": (2, 1, 1),
    }
    assert list(scaling.parameters()) == []
    other = InputScaling([0.0, 0.0], [1.0, 1.0])
    other.load_state_dict(scaling.state_dict())
    assert torch.equal(other.std, scaling.std)


def test_scaling_follows_its_network_to_another_dtype(images):
    network = ScaledNetwork(InputScaling([0.5], [2.0]), nn.Flatten()).double()
    assert network(images(2, 1, 3, 3)).dtype == torch.float64


def test_a_scaled_network_is_its_network_on_scaled_images(pixels):
    network = ScaledNetwork(InputScaling([100.0, 110.0], [50.0, 60.0]), nn.Conv2d(2, 3, 1))
    x = pixels(2, 2, 3, 3)
    expected = network.network((x.float() - torch.tensor([[[100.0]], [[110.0]]])) / torch.tensor([[[50.0]], [[60.0]]]))
    assert torch.equal(network(x), expected)
    assert torch.equal(pickle.loads(pickle.dumps(network))(x), expected)


def test_a_different_number_of_means_and_deviations_is_refused():
    with pytest.raises(ValueError, match="one value for each channel, got 2 and 3 values"):
        InputScaling([0.0, 0.0], [1.0, 1.0, 1.0])


@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.0), (0.0, -1.0), (0.0, float("inf")), (float("nan"), 1.0)])
def test_constants_that_would_give_no_numbers_are_refused(mean, std):
    with pytest.raises(ValueError, match=r"std finite and positive in each channel, got mean \["):
        InputScaling([mean], [std])

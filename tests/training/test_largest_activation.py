from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from skimgcls.architectures import MLP, ConvNet
from skimgcls.training._largest_activation import largest_activation


@pytest.mark.parametrize("n_images", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_the_widest_feature_map_of_one_image(n_images, dtype):
    network = ConvNet((1, 12, 12), 3, conv_channels=(4, 4, 6, 6), hidden_units=(5,)).to(dtype)
    images = torch.zeros(n_images, 1, 12, 12, dtype=dtype)
    assert largest_activation(network, images) == 4 * 12 * 12 * dtype.itemsize


def test_it_is_the_widest_hidden_layer_where_that_is_wider_than_the_image():
    assert largest_activation(MLP((1, 4, 4), 3, hidden_units=(50, 20)), torch.zeros(2, 1, 4, 4)) == 50 * 4


def test_images_count_too():
    assert largest_activation(MLP((3, 8, 8), 2, hidden_units=()), torch.zeros(2, 3, 8, 8)) == 3 * 8 * 8 * 4


def test_results_that_are_no_tensors_are_left_out():
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair, self.layer = Pair(), nn.Linear(2, 9)

        def forward(self, x):
            return self.layer(self.pair(x)[0].flatten(1))

    assert largest_activation(First(), torch.zeros(2, 1, 1, 2)) == 9 * 4


def test_weights_do_not_count():
    class Transposing(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3, 1000))

        def forward(self, x):
            return x.flatten(1) @ self.weight.t()[:4]

    assert largest_activation(Transposing(), torch.zeros(2, 1, 2, 2)) == 4 * 4


def test_statistics_gradients_and_layers_are_left_alone():
    network = ConvNet((1, 8, 8), 3, conv_channels=(4,)).eval()
    seen = []
    network.features.register_forward_hook(lambda *_: seen.append([len(m._forward_hooks) for m in network.modules()]))
    largest_activation(network, torch.ones(2, 1, 8, 8))
    assert [sum(counts) for counts in seen] == [1]  # the one of this test
    assert network.features.norm1.num_batches_tracked == 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_what_another_thread_computes_meanwhile_does_not_count():
    class Waiting(nn.Module):
        def forward(self, x):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(lambda: torch.zeros(2, 1000).exp()).result()
            return x

    assert largest_activation(Waiting(), torch.zeros(2, 1, 2, 2)) == 4 * 4


def test_nothing_is_noted_after_an_error():
    with pytest.raises(RuntimeError, match="channels"):
        largest_activation(ConvNet((1, 8, 8), 3, conv_channels=(4,)).eval(), torch.zeros(2, 5, 8, 8))
    assert torch.overrides._len_torch_function_stack() == 0

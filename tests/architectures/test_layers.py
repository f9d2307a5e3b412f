import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from skimgcls.architectures import ACTIVATIONS, Dropout, make_activation, make_norm
from skimgcls.architectures._layers import MONOTONE_ACTIVATIONS, make_dense_layers


def seeded_dropout(p, seed):
    dropout = Dropout(p)
    dropout.generator = torch.Generator().manual_seed(seed)
    return dropout


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_made_from_its_name_and_leaves_its_input_alone(name, images):
    x = images(4, 3)
    before = x.clone()
    out = make_activation(name)(x)
    expected = getattr(torch, name) if name in ("tanh", "sigmoid") else getattr(nn.functional, name)
    assert torch.equal(out, expected(x))
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_activations_called_monotone_are_those_that_never_fall(name):
    rises = make_activation(name)(torch.linspace(-6, 6, 1001, dtype=torch.float64)).diff()
    assert bool((rises >= 0).all()) == (name in MONOTONE_ACTIVATIONS)


def test_an_unknown_activation_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match=r"activation must be one of \['elu', .*'tanh'\], got 'swish'"):
        make_activation("swish")


def test_an_unknown_norm_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match=r"norm must be one of \['batch', 'group'\] or None, got 'layer'"):
        make_norm("layer", 8, dims=2)


def test_no_norm_is_the_identity(images):
    x = images(2, 3)
    assert make_norm(None, 3, dims=1)(x) is x


@pytest.mark.parametrize("name", ["batch", "group"])
@pytest.mark.parametrize(("dims", "shape"), [(1, (5, 16)), (1, (5, 16, 7)), (2, (5, 16, 4, 4))])
def test_a_norm_takes_rows_sequences_and_feature_maps(name, dims, shape, images):
    out = make_norm(name, 16, dims)(5 + 3 * images(*shape))
    assert out.shape == shape
    assert abs(out.mean()) < 1e-5


@pytest.mark.parametrize("n_channels", range(1, 300))
def test_group_norm_has_at_most_32_groups_of_at_least_8_channels(n_channels):
    norm = make_norm("group", n_channels, dims=2)
    n_groups = norm.num_groups
    allowed = [n for n in range(1, 33) if n_channels % n == 0 and n_channels // n >= 8]
    assert n_groups == max(allowed, default=1)
    assert norm(torch.rand(2, n_channels, 2, 2)).isfinite().all()


@pytest.mark.parametrize(
    ("n_channels", "n_groups"), [(7, 1), (16, 2), (32, 4), (64, 8), (96, 12), (256, 32), (512, 32)]
)
def test_the_number_of_groups_of_common_widths(n_channels, n_groups):
    assert make_norm("group", n_channels, dims=2).num_groups == n_groups


@pytest.mark.parametrize("n_channels", [3, 7, 32])
def test_group_norm_on_a_1x1_map_still_tells_images_apart(n_channels, images):
    first, second = make_norm("group", n_channels, dims=2)(images(2, n_channels, 1, 1))
    assert not torch.allclose(first, second, atol=1e-3)


def test_dropout_in_evaluation_mode_or_without_probability_returns_its_input_and_draws_nothing():
    x = torch.ones(3)
    for dropout in (seeded_dropout(0.5, 0).eval(), seeded_dropout(0.0, 0)):
        state = dropout.generator.get_state()
        assert dropout(x) is x
        assert torch.equal(dropout.generator.get_state(), state)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(p):
    n = 100_000
    out = seeded_dropout(p, 0)(torch.ones(n))
    kept = out != 0
    assert torch.allclose(out[kept], torch.tensor(1 / (1 - p)))
    assert abs(kept.float().mean() - (1 - p)) < 5 * (p * (1 - p) / n) ** 0.5  # five standard errors


def test_dropout_drops_each_value_by_itself():
    kept = (seeded_dropout(0.5, 0)(torch.ones(64, 8, 16, 16)) != 0).double()
    for axis in range(4):
        neighbours = kept.narrow(axis, 1, kept.shape[axis] - 1), kept.narrow(axis, 0, kept.shape[axis] - 1)
        correlation = torch.corrcoef(torch.stack([part.flatten() for part in neighbours]))[0, 1]
        assert abs(correlation) < 0.02


def test_dropout_depends_on_its_generator_alone():
    x = torch.ones(50)
    torch_state = torch.get_rng_state()
    first, again, other = (seeded_dropout(0.5, seed)(x) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_dropout_draws_a_new_mask_at_each_call():
    dropout = seeded_dropout(0.5, 0)
    assert not torch.equal(dropout(torch.ones(50)), dropout(torch.ones(50)))


def test_dropout_in_threads_gives_what_it_gives_alone():
    def draw(seed):
        dropout = seeded_dropout(0.3, seed)
        return torch.stack([dropout(torch.ones(100)) for _ in range(50)])

    alone = [draw(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(draw, range(8)))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_dropout_drops_the_same_values_in_each_dtype(dtype):
    out = seeded_dropout(0.3, 0)(torch.ones(1000, dtype=dtype))
    assert out.dtype == dtype
    assert torch.equal(out != 0, seeded_dropout(0.3, 0)(torch.ones(1000)) != 0)


def test_dropout_passes_gradients_to_what_it_kept():
    x = torch.ones(20, requires_grad=True)
    out = seeded_dropout(0.25, 0)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())


def test_dropout_keeps_the_memory_format():
    x = torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert seeded_dropout(0.5, 0)(x).is_contiguous(memory_format=torch.channels_last)


def test_dropout_without_a_generator_is_torch_s_own():
    x = torch.ones(50)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = nn.functional.dropout(x, 0.5)
        torch.manual_seed(0)
        assert torch.equal(Dropout(0.5)(x), expected)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copied_or_pickled_dropout_has_no_generator_and_its_original_keeps_it(copied):
    dropout = seeded_dropout(0.4, 0)
    twin = copied(dropout)
    assert twin.generator is None
    assert (twin.p, twin.training) == (0.4, True)
    assert isinstance(dropout.generator, torch.Generator)
    assert not dropout.state_dict()


def test_dropout_is_found_by_tools_that_look_for_torch_s():
    assert isinstance(Dropout(0.5), nn.Dropout)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_dropout_refuses_a_probability_outside_its_range(p):
    with pytest.raises(ValueError, match=r"must be in the range \[0, 1\), got"):
        Dropout(p)


def test_dense_layers_are_linear_norm_activation_dropout_for_each_width():
    layers = make_dense_layers(10, (8, 4), norm="batch", activation="gelu", dropout=0.2)
    assert [type(layer) for layer in layers.values()] == 2 * [nn.Linear, nn.BatchNorm1d, nn.GELU, Dropout]
    assert [(layer.in_features, layer.out_features) for layer in layers.values() if isinstance(layer, nn.Linear)] == [
        (10, 8),
        (8, 4),
    ]
    assert layers["dropout2"].p == 0.2


@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_a_dense_layer_has_a_bias_only_without_a_norm(norm):
    assert (make_dense_layers(10, (8,), norm=norm)["linear1"].bias is not None) == (norm is None)

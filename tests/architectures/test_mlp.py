import pickle

import pytest
import torch
from torch import nn

from skimgcls.architectures import ACTIVATIONS, MLP, Dropout, build_seeded
from skimgcls.architectures._mlp import MixerBlock

IN_SHAPES = [(1, 1, 1), (1, 1, 2), (3, 1, 64), (1, 8, 8), (3, 9, 7), (1, 28, 28), (3, 32, 32), (3, 64, 50)]


@pytest.mark.parametrize("in_shape", IN_SHAPES, ids=str)
@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("patch_size", [None, 1, 4, 5, 100])
def test_images_of_any_shape_become_logits(in_shape, norm, patch_size, images, generator):
    network = build_seeded(
        lambda: MLP(in_shape, 5, hidden_units=(16, 8), patch_size=patch_size, norm=norm), generator=generator
    )
    for mode in (True, False):
        logits = network.train(mode)(images(2, *in_shape))
        assert logits.shape == (2, 5)
        assert logits.isfinite().all()


@pytest.mark.parametrize("patch_size", [None, 4])
def test_stem_backbone_and_classifier_are_what_the_logits_pass_through(patch_size, images, generator):
    network = build_seeded(lambda: MLP((1, 8, 8), 5, patch_size=patch_size), generator=generator)
    x = images(2, 1, 8, 8)
    assert [name for name, _ in network.named_children()] == ["stem", "backbone", "classifier"]
    assert torch.equal(network.classifier(network.backbone(network.stem(x))), network(x))


def test_without_hidden_units_it_is_a_linear_model(images, generator):
    network = build_seeded(lambda: MLP((2, 3, 4), 5, hidden_units=()), generator=generator)
    x = images(6, 2, 3, 4)
    assert torch.allclose(network(x), x.flatten(1) @ network.classifier.weight.T + network.classifier.bias)


def test_each_hidden_unit_entry_is_a_layer_of_that_width():
    network = MLP((1, 8, 8), 5, hidden_units=(12, 7, 3), norm="batch", dropout=0.2)
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in linear] == [12, 7, 3, 5]
    assert [layer.num_features for layer in network.modules() if isinstance(layer, nn.BatchNorm1d)] == [12, 7, 3]
    assert [layer.p for layer in network.modules() if isinstance(layer, Dropout)] == [0.2] * 3


@pytest.mark.parametrize("in_shape", [(3, 8, 12), (3, 7, 10), (3, 3, 3)], ids=str)
def test_the_stem_maps_each_patch_of_the_zero_padded_image_alike(in_shape, images, generator):
    network = build_seeded(
        lambda: MLP(in_shape, 5, hidden_units=(6, 8), patch_size=4), generator=generator, dtype=torch.float64
    )
    x = images(2, *in_shape, dtype=torch.float64)
    _, height, width = in_shape
    padded = torch.zeros(2, 3, -(-height // 4) * 4, -(-width // 4) * 4, dtype=torch.float64)
    padded[:, :, :height, :width] = x
    patches = nn.functional.unfold(padded, 4, stride=4)  # (2, 3 * 4 * 4, n_patches), row by row
    weight, bias = network.stem.embedding.weight.flatten(1), network.stem.embedding.bias
    assert torch.allclose(network.stem(x), weight @ patches + bias[:, None])


def test_a_mixer_has_one_block_for_each_entry_after_the_embedding():
    network = MLP((1, 8, 8), 5, hidden_units=(6, 10, 20, 30), patch_size=4)
    blocks = [layer for layer in network.backbone if isinstance(layer, MixerBlock)]
    assert [block.patch_mixing[0].out_features for block in blocks] == [10, 20, 30]
    assert [block.channel_mixing[0].out_channels for block in blocks] == [10, 20, 30]
    assert network.classifier.in_features == 6


def test_a_mixer_block_mixes_patches_then_channels_as_the_paper_says(images):
    block = MixerBlock(5, 3, 7, norm="batch", activation="gelu", dropout=0.0).double().eval()
    block.norm1.running_mean.fill_(0.5)
    x = images(2, 3, 5, dtype=torch.float64)
    rows = x.transpose(1, 2)  # (n, n_patches, n_channels), the layout of the paper

    def mix(layers, values):
        first, _, _, second = layers
        hidden = nn.functional.gelu(nn.functional.linear(values, first.weight.flatten(1), first.bias))
        return nn.functional.linear(hidden, second.weight.flatten(1), second.bias)

    def norm(layer, values):
        return (values - layer.running_mean) / (layer.running_var + layer.eps).sqrt()

    rows = rows + mix(block.patch_mixing, norm(block.norm1, rows).transpose(1, 2)).transpose(1, 2)
    rows = rows + mix(block.channel_mixing, norm(block.norm2, rows))
    assert torch.allclose(block(x).transpose(1, 2), rows)


def test_the_features_of_a_mixer_are_the_mean_over_patches(images, generator):
    network = build_seeded(lambda: MLP((1, 8, 8), 5, hidden_units=(6, 8), patch_size=4), generator=generator)
    x = network.stem(images(2, 1, 8, 8))
    assert torch.equal(network.backbone(x), network.backbone.block1(x).mean(2))


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm1d), ("group", nn.GroupNorm), (None, nn.Identity)])
def test_a_mixer_normalises_before_each_mixing_and_before_the_mean(norm, kind):
    network = MLP((1, 8, 8), 5, hidden_units=(16, 8), patch_size=4, norm=norm)
    block = network.backbone.block1
    assert [type(layer) for layer in (block.norm1, block.norm2, network.backbone.norm)] == [kind] * 3


def test_a_mixer_drops_values_of_each_mixing_s_hidden_layer():
    network = MLP((1, 8, 8), 5, hidden_units=(16, 8, 8), patch_size=4, dropout=0.3)
    assert [layer.p for layer in network.modules() if isinstance(layer, Dropout)] == [0.3] * 4


@pytest.mark.parametrize("hidden_units", [(), (16,)])
def test_patches_without_a_mixer_block_are_refused_with_a_remedy(hidden_units):
    with pytest.raises(
        ValueError, match=r"at least one mixer block, got \(.*Use for example hidden_units=\(128, 256\)"
    ):
        MLP((1, 8, 8), 5, hidden_units=hidden_units, patch_size=4)


@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("patch_size", [None, 4])
def test_gradients_reach_every_parameter(norm, activation, patch_size, images, generator, silent_parameters):
    network = build_seeded(
        lambda: MLP((3, 9, 9), 4, hidden_units=(16, 16), patch_size=patch_size, norm=norm, activation=activation),
        generator=generator,
    )
    assert silent_parameters(network, images(16, 3, 9, 9)) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("patch_size", [None, 4])
def test_a_network_pickles_and_its_logits_do_not_vary(dtype, patch_size, images, generator):
    network = build_seeded(lambda: MLP((1, 8, 8), 3, patch_size=patch_size), generator=generator, dtype=dtype).eval()
    x = images(2, 1, 8, 8, dtype=dtype)
    logits = pickle.loads(pickle.dumps(network))(x)
    assert torch.equal(logits, network(x))
    assert logits.dtype == dtype


@pytest.mark.parametrize("patch_size", [None, 4])
def test_the_memory_format_of_the_images_does_not_matter(patch_size, images, generator):
    network = build_seeded(lambda: MLP((3, 8, 8), 3, patch_size=patch_size), generator=generator, dtype=torch.float64)
    x = images(2, 3, 8, 8, dtype=torch.float64)
    assert torch.allclose(network(x.to(memory_format=torch.channels_last)), network(x))

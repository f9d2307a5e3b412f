import urllib.error

import pytest
import torch
from torch import nn

from skimgcls.architectures import SeededDraws
from skimgcls.architectures._backbone_state import load_backbone_state
from skimgcls.architectures._pretrained_backbone import (
    _position_adapter,
    pretrained_backbone,
    pretrained_size,
    take_head,
)

# one of each family, at the smallest size that it takes, and the features it gives
FAMILIES = {
    "resnet18": (32, 512),
    "mobilenet_v2": (32, 1280),
    "mobilenet_v3_small": (32, 1024),
    "efficientnet_b0": (32, 1280),
    "densenet121": (32, 1024),
    "vgg11": (32, 4096),
    "alexnet": (64, 4096),
    "googlenet": (32, 1024),
    "inception_v3": (75, 2048),
    "squeezenet1_1": (32, 512),
    "convnext_tiny": (32, 768),
    "vit_b_32": (32, 768),
    "swin_t": (32, 768),
}


def make(name, weights=None, image_size=None, own_size=(32, 32)):
    with SeededDraws(None if name.startswith(("vgg", "alexnet")) else torch.Generator().manual_seed(0)):
        return pretrained_backbone(name, weights, image_size=image_size, own_size=own_size)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_gives_features_in_training_and_in_evaluation(name):
    size, n_features = FAMILIES[name]
    backbone = make(name, image_size=(size, size))
    assert backbone.n_features == n_features
    assert not [layer for layer in backbone.module.modules() if "Aux" in type(layer).__name__]
    with torch.no_grad():
        for mode in (True, False):
            features = backbone.module.train(mode)(torch.zeros(2, 3, size, size))
            assert features.flatten(1).shape == (2, n_features)


def test_without_weights_images_are_taken_as_they_come():
    assert make("squeezenet1_1").image_size == (32, 32)
    assert make("squeezenet1_1", image_size=(40, 48)).image_size == (40, 48)


def test_the_constants_are_those_of_the_default_weights():
    backbone = make("squeezenet1_1")
    assert (backbone.mean, backbone.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_the_size_is_that_of_the_weights():
    assert pretrained_size("resnet50", "DEFAULT") == (224, 224)
    assert pretrained_size("resnet50", "some/file.pt") == (224, 224)
    assert pretrained_size("inception_v3", "DEFAULT") == (299, 299)
    assert pretrained_size("vit_b_16", "IMAGENET1K_SWAG_E2E_V1") == (384, 384)


def test_a_squeezenet_on_disk_is_loaded_with_its_head_left_apart(tmp_path):
    from torchvision.models import squeezenet1_1

    whole = squeezenet1_1()
    torch.save(whole.state_dict(), tmp_path / "whole.pt")
    backbone = make("squeezenet1_1", tmp_path / "whole.pt")
    state = whole.state_dict()
    for name, value in backbone.module.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert torch.equal(backbone.head[0], whole.classifier[1].weight.flatten(1))
    assert backbone.image_size == (224, 224)


def test_the_positions_of_a_transformer_are_brought_to_other_image_sizes():
    from torchvision.models import VisionTransformer

    def transformer(size):
        tiny = {"patch_size": 16, "num_layers": 1, "num_heads": 1, "hidden_dim": 8, "mlp_dim": 8}
        network = VisionTransformer(image_size=size, **tiny)
        take_head(network)
        return network

    small, large = transformer(32), transformer(48)
    nn.init.normal_(small.encoder.pos_embedding)
    adapt = _position_adapter(large, (48, 48))
    load_backbone_state(large, small.state_dict(), head_name="heads.head", source="x", adapt=adapt)
    positions = [network.encoder.pos_embedding[0] for network in (small, large)]
    assert [len(each) for each in positions] == [1 + 4, 1 + 9]
    assert torch.equal(positions[0][0], positions[1][0])  # of the class token
    torch.testing.assert_close(positions[1][[1, 3, 7, 9]], positions[0][1:])  # the corners stay
    with torch.no_grad():
        assert large(torch.zeros(1, 3, 48, 48)).shape == (1, 8)


def test_other_networks_have_no_positions():
    assert _position_adapter(nn.Linear(2, 2), (8, 8)) is None


@pytest.mark.parametrize(("size", "told"), [((40, 40), r"cannot take.*\(40, 40\)"), ((32, 64), "takes square images")])
def test_a_transformer_says_which_images_it_takes(size, told):
    with pytest.raises(ValueError, match=rf"backbone='vit_b_32' {told}.* image_size=224"):
        make("vit_b_32", image_size=size)


@pytest.mark.parametrize("name", ["resnet19", "fcn_resnet50", ""])
def test_an_unknown_backbone_is_refused_with_similar_names(name):
    with pytest.raises(ValueError, match=rf"'backbone' parameter .* Got '{name}' instead; similar names are \w*net"):
        make(name)


def test_unknown_weights_are_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"'IMAGENET1K_V1', 'IMAGENET1K_V2', 'DEFAULT', None or a path\. Got 'BEST'"):
        make("resnet50", "BEST")


# -------------------------------------------------------------------- downloads


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The folder of torch.hub, without a network."""

    def refuse(url, *_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_without_a_network_the_error_names_the_file_and_where_to_put_it(hub):
    with pytest.raises(
        OSError, match=r"Name or service not known.*fetch https://.*/squeezenet1_1-b8a52dc0\.pth"
    ) as caught:
        make("squeezenet1_1", "DEFAULT")
    assert str(hub / "squeezenet1_1-b8a52dc0.pth") in str(caught.value)


def test_the_file_that_the_error_names_is_found_there(hub):
    from torchvision.models import squeezenet1_1

    whole = squeezenet1_1()
    torch.save(whole.state_dict(), hub / "squeezenet1_1-b8a52dc0.pth")
    backbone = make("squeezenet1_1", "DEFAULT")
    assert torch.equal(backbone.module.features[0].weight, whole.features[0].weight)
    assert backbone.head is None


def test_a_broken_file_in_the_cache_is_named(hub):
    (hub / "squeezenet1_1-b8a52dc0.pth").write_bytes(b"half a download")
    with pytest.raises(OSError, match=r"squeezenet1_1-b8a52dc0\.pth cannot be read.*Delete it"):
        make("squeezenet1_1", "DEFAULT")


def test_no_file_is_read_where_weights_are_only_counted(hub):
    with torch.device("meta"):
        backbone = make("squeezenet1_1", "DEFAULT")
    assert backbone.module.features[0].weight.is_meta


# ------------------------------------------------------------------------- heads


def test_the_last_linear_layer_is_the_head():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5))
    assert take_head(network) == ("4", 8)
    assert isinstance(network[4], nn.Identity)
    assert isinstance(network[2], nn.Linear)

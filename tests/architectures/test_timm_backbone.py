import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from skimgcls.architectures._timm_backbone import timm_backbone, timm_size


class FakeModel(nn.Module):
    pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25), "input_size": (3, 48, 40), "classifier": "fc"}
    num_features = 4

    def __init__(self, img_size=None):
        super().__init__()
        self.img_size = img_size
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


@pytest.fixture
def timm(monkeypatch):
    """What is used of timm: the package is an extra."""
    fake = ModuleType("timm")
    fake.__version__ = "1.0"
    fake.calls = []
    fake.is_model = lambda name: name in ("sized", "any_size", "offline")
    fake.get_pretrained_cfg = lambda name: SimpleNamespace(**FakeModel.pretrained_cfg)

    def create_model(name, *, pretrained, num_classes, **params):
        if name == "any_size" and params:
            raise TypeError("unexpected keyword argument 'img_size'")
        if name == "offline" and pretrained:
            raise OSError("no network")
        fake.calls.append({"pretrained": pretrained, "num_classes": num_classes, **params})
        return FakeModel(**params)

    fake.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", fake)
    return fake


def test_a_network_is_made_without_its_head_and_with_its_constants(timm):
    backbone = timm_backbone("any_size", "DEFAULT", image_size=None, own_size=(8, 8))
    assert timm.calls == [{"pretrained": True, "num_classes": 0}]
    assert (backbone.n_features, backbone.image_size) == (4, (48, 40))
    assert (backbone.mean, backbone.std) == ((0.5,) * 3, (0.25,) * 3)


@pytest.mark.parametrize(("weights", "image_size", "expected"), [(None, None, (8, 9)), (None, (5, 6), (5, 6))])
def test_a_network_that_needs_to_know_the_size_is_told(weights, image_size, expected, timm):
    backbone = timm_backbone("sized", weights, image_size=image_size, own_size=(8, 9))
    assert timm.calls == [{"pretrained": False, "num_classes": 0, "img_size": expected}]
    assert backbone.image_size == expected


def test_the_layer_between_pool_and_head_counts(timm, monkeypatch):
    monkeypatch.setattr(FakeModel, "head_hidden_size", 7, raising=False)
    assert timm_backbone("sized", None, image_size=None, own_size=(8, 8)).n_features == 7


def test_weights_come_from_a_file(timm, tmp_path):
    source = FakeModel()
    head = {"fc.weight": torch.rand(3, 4), "fc.bias": torch.rand(3)}
    torch.save(source.state_dict() | head, tmp_path / "weights.pt")
    backbone = timm_backbone("sized", tmp_path / "weights.pt", image_size=None, own_size=(8, 8))
    assert not timm.calls[0]["pretrained"]
    assert torch.equal(backbone.module.conv.weight, source.conv.weight)
    assert torch.equal(backbone.head[0], head["fc.weight"])


def test_a_download_that_fails_says_what_to_do(timm):
    with pytest.raises(OSError, match=r"'timm/offline' could not be loaded: no network.*pass the path as weights"):
        timm_backbone("offline", "DEFAULT", image_size=None, own_size=(8, 8))


def test_the_size_is_known_before_there_is_a_network(timm):
    assert timm_size("sized") == (48, 40)
    assert timm.calls == []


@pytest.mark.parametrize(
    "function", [timm_size, lambda name: timm_backbone(name, None, image_size=None, own_size=(8, 8))]
)
def test_an_unknown_network_is_refused(function, timm):
    with pytest.raises(
        ValueError, match=r"'backbone' parameter names timm's 'resnet19', .*list_models\('\*resnet\*'\)"
    ):
        function("resnet19")


def test_without_timm_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ImportError, match=r"backbone='timm/resnet18' needs timm.*skimgcls\[timm\]"):
        timm_size("resnet18")

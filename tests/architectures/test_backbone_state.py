import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from skimgcls.architectures import TransferNetwork
from skimgcls.architectures._backbone_state import load_backbone_state, read_state


def model(width=4, n_classes=3):
    layers = {"conv": nn.Conv2d(3, width, 1), "norm": nn.BatchNorm2d(width), "pool": nn.AdaptiveAvgPool2d(1)}
    network = nn.Sequential()
    for name, layer in {**layers, "flat": nn.Flatten(), "fc": nn.Linear(width, n_classes)}.items():
        network.add_module(name, layer)
    return network


def backbone(width=4):
    network = model(width)
    network.fc = nn.Identity()
    return network


def load(state, **params):
    target = backbone(**params)
    head = load_backbone_state(target, state, head_name="fc", source="weights='x.pt'")
    return target, head


def assert_same_backbone(target, source):
    for name, value in target.state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name


# ------------------------------------------------------------------------ files


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_state_dict_is_read_from_both_kinds_of_file(suffix, tmp_path):
    state, path = model().state_dict(), tmp_path / f"weights.{suffix}"
    (torch.save if suffix == "pt" else save_file)(state, path)
    read = read_state(path)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)
    assert read_state(str(path)).keys() == state.keys()


@pytest.mark.parametrize("name", ["state_dict", "model_state_dict", "model"])
def test_a_state_dict_is_found_in_what_training_scripts_save(name, tmp_path):
    torch.save({"epoch": 3, name: model().state_dict()}, tmp_path / "checkpoint.pt")
    assert "fc.weight" in read_state(tmp_path / "checkpoint.pt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.pt' is no file"):
        read_state(tmp_path / "none.pt")


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("code of a file of weights was run",))


@pytest.mark.parametrize("kind", ["module", "code", "text", "cut", "cut.safetensors"])
def test_what_is_no_state_dict_is_refused_and_not_run(kind, tmp_path):
    path = tmp_path / f"weights.{'safetensors' if kind.endswith('safetensors') else 'pt'}"
    if kind == "module":
        torch.save(model(), path)
    elif kind == "code":
        path.write_bytes(pickle.dumps(Evil(), protocol=2))
    elif kind == "text":
        torch.save({"note": "hello"}, path)
    else:
        (save_file if path.suffix == ".safetensors" else torch.save)(model().state_dict(), path)
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(
        ValueError, match=r"weights=.*weights\.(pt|safetensors)'.*torch\.save\(model\.state_dict\(\), path\)"
    ):
        read_state(path)


# ---------------------------------------------------------------------- loading


@pytest.mark.parametrize("prefix", ["", "module.", "network.backbone.", "_orig_mod."])
def test_weights_are_found_below_any_prefix(prefix):
    source = model()
    target, _ = load({f"{prefix}{name}": value for name, value in source.state_dict().items()})
    assert_same_backbone(target, source)


def test_the_head_of_the_whole_model_is_given_back():
    source = model(n_classes=7)
    _, (weight, bias) = load(source.state_dict())
    assert torch.equal(weight, source.fc.weight)
    assert torch.equal(bias, source.fc.bias)


def test_a_backbone_alone_brings_no_head():
    source = backbone()
    target, head = load(source.state_dict())
    assert head is None
    assert_same_backbone(target, source)


def test_weights_of_our_own_network_come_with_their_head():
    source = nn.Sequential()
    source.add_module("network", TransferNetwork(backbone(), 4, 5))
    target, (weight, _) = load(source.state_dict())
    assert torch.equal(weight, source.network.head.linear.weight)
    assert_same_backbone(target, source.network.backbone)


def test_a_convolution_as_head_is_given_back_as_a_matrix():
    state = model().state_dict() | {"fc.weight": torch.rand(3, 4, 1, 1)}
    assert load(state)[1][0].shape == (3, 4)


def test_auxiliary_classifiers_and_missing_counters_are_no_error():
    source = model()
    state = source.state_dict() | {"AuxLogits.fc.weight": torch.zeros(2), "aux1.conv.weight": torch.zeros(2)}
    del state["norm.num_batches_tracked"]
    assert_same_backbone(load(state)[0], source)


def test_the_old_names_of_densenet_are_understood():
    layer = nn.Sequential()
    layer.add_module("denselayer1", nn.Sequential())
    layer.denselayer1.add_module("norm1", nn.BatchNorm2d(3))
    state = {name.replace("norm1", "norm.1"): value + 1 for name, value in layer.state_dict().items()}
    load_backbone_state(layer, state, head_name="classifier", source="x")
    assert (layer.denselayer1.norm1.weight == 2).all()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (
            lambda: {n: v for n, v in model().state_dict().items() if n != "conv.bias"},
            "1 are missing, such as 'conv.bias'",
        ),
        (lambda: model(width=5).state_dict(), "have another shape, such as 'conv.weight'"),
        (lambda: model().state_dict() | {"layer9.weight": torch.zeros(1)}, "1 are too many, such as 'layer9.weight'"),
        (lambda: {"something.else": torch.zeros(1)}, "6 are missing"),
    ],
    ids=["missing", "other shape", "too many", "nothing"],
)
def test_weights_of_another_network_are_refused(state, told):
    with pytest.raises(ValueError, match=rf"weights='x\.pt' are not those of this backbone.*{told}"):
        load(state())


def test_weights_are_adapted_before_they_are_compared():
    source = model(width=5)
    target = backbone(width=4)
    cut = lambda state: {name: value[:4] if value.ndim else value for name, value in state.items()}  # noqa: E731
    load_backbone_state(target, source.state_dict(), head_name="fc", source="x", adapt=cut)
    assert torch.equal(target.conv.weight, source.conv.weight[:4])

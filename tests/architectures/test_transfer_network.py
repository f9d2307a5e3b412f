import pytest
import torch
from torch import nn

from skimgcls.architectures import TransferNetwork


def small_backbone():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5)),
        nn.AdaptiveAvgPool2d(1),
    )


def make(n_classes=3, **params):
    return TransferNetwork(small_backbone(), 6, n_classes, **params)


class Positioned(nn.Module):
    """Holds a weight of its own beside its parts."""

    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1))
        self.layers = nn.Sequential(*[nn.Conv2d(3, 3, 1) for _ in range(4)])

    def forward(self, x):
        return self.layers(x + self.position).mean((2, 3))


# --------------------------------------------------------------------- forward


def test_images_are_resized_normalized_and_repeated_to_three_channels():
    seen = []
    network = make(image_size=(8, 6), mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0))
    network.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    network(torch.full((2, 1, 5, 5), 0.5))
    expected = torch.tensor([0.4, 0.15, 0.05]).view(1, 3, 1, 1).expand(2, 3, 8, 6)
    torch.testing.assert_close(seen[0], expected)


def test_resizing_is_bilinear_with_antialiasing(rng):
    x = torch.from_numpy(rng.random((2, 3, 16, 16), dtype="float32"))
    network = TransferNetwork(nn.Flatten(), 48, image_size=(4, 4), mean=(0, 0, 0), std=(1, 1, 1))
    expected = nn.functional.interpolate(x, (4, 4), mode="bilinear", antialias=True)
    torch.testing.assert_close(network(x).view_as(expected), expected)


def test_images_of_the_right_size_are_left_as_they_are(rng):
    x = torch.from_numpy(rng.random((2, 3, 4, 4), dtype="float32"))
    for image_size in (None, (4, 4)):
        network = TransferNetwork(nn.Flatten(), 48, image_size=image_size, mean=(0, 0, 0), std=(1, 1, 1))
        assert torch.equal(network(x).view_as(x), x)


def test_a_network_without_classes_gives_features():
    assert make(None)(torch.rand(2, 3, 8, 8)).shape == (2, 6)
    assert make(5)(torch.rand(2, 3, 8, 8)).shape == (2, 5)


def test_dropout_stands_before_the_head_and_only_there():
    network = make(dropout=0.4)
    assert network.head.dropout.p == 0.4


# --------------------------------------------------------------------- freezing


def test_parts_are_looked_into_until_there_are_four():
    names = [name for name, _ in make().stages]
    assert names == ["0.0", "0.1", "1.0", "1.1"]
    four = nn.Sequential(*[nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)) for _ in range(4)])
    assert [name for name, _ in TransferNetwork(four, 3, 2).stages] == ["0", "1", "2", "3"]
    assert [name for name, _ in TransferNetwork(nn.Sequential(nn.Conv2d(3, 3, 1)), 3, 2).stages] == ["0"]


@pytest.mark.parametrize("n_frozen", [0, 1, 2, 3, 4, "backbone"])
def test_the_first_parts_get_no_gradient_and_their_statistics_do_not_move(n_frozen):
    network = make()
    network.freeze(n_frozen)
    network.train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(torch.rand(4, 3, 8, 8)).square().sum().backward()
    n_frozen = 4 if n_frozen == "backbone" else n_frozen
    frozen = [name for name, _ in network.stages][:n_frozen]
    for name, weight in network.backbone.named_parameters():
        assert (weight.grad is None) == name.startswith(tuple(f"{part}." for part in frozen)), name
    moved = {
        name.rpartition(".")[0]
        for name, value in network.backbone.state_dict().items()
        if (value != before[name]).any()
    }
    assert moved == {"0.1", "1.1"} - set(frozen)
    assert network.is_backbone_frozen == (n_frozen == 4)
    assert all(weight.grad is not None for weight in network.head.parameters())


def test_a_frozen_backbone_drops_nothing_and_the_head_still_does():
    network = make(dropout=0.5)
    network.freeze("backbone")
    network.train()
    x = torch.rand(4, 3, 8, 8)
    assert torch.equal(network.features(x), network.features(x))
    assert network.head.training


def test_everything_can_be_unfrozen():
    network = make()
    network.freeze("backbone")
    network.freeze(0)
    assert all(weight.requires_grad for weight in network.parameters())
    assert all(module.training for module in network.modules())


def test_weights_outside_of_all_parts_are_frozen_first():
    network = TransferNetwork(Positioned(), 3, 2)
    network.freeze(1)
    assert not network.backbone.position.requires_grad
    network.freeze(0)
    assert network.backbone.position.requires_grad


def test_more_parts_than_there_are_cannot_be_frozen():
    with pytest.raises(ValueError, match=r"freeze=5 .* 4 parts: 0\.0, 0\.1, 1\.0, 1\.1\. Give at most 4"):
        make().freeze(5)

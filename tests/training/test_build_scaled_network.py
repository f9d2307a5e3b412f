import numpy as np
import pytest
import torch
from torch import nn

from skimgcls import CNNClassifier
from skimgcls.architectures import MLP, ScaledNetwork
from skimgcls.images import ImageLayout
from skimgcls.training import ImageDataset, build_scaled_network

CPU = torch.device("cpu")


@pytest.fixture
def dataset(rng):
    return ImageDataset.from_arrays(
        rng.integers(0, 256, (20, 3 * 4 * 4), dtype=np.uint8), ImageLayout(4, 4, 3, True), np.arange(20) % 2
    )


def our_network():
    return MLP((3, 4, 4), 2, hidden_units=(5,))


def foreign_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 5), nn.Dropout(0.5), nn.Linear(5, 2))


def build(dataset, make=our_network, *, foreign=False, seed=0, dtype=torch.float32):
    return build_scaled_network(make, dataset, n_classes=2, seed=seed, dtype=dtype, device=CPU, foreign=foreign)


def weights_of(network):
    return torch.cat([parameter.flatten() for parameter in network.parameters()])


@pytest.mark.parametrize(("make", "foreign"), [(our_network, False), (foreign_network, True)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_network_is_given_images_of_mean_zero_and_spread_one(dataset, make, foreign, dtype):
    network = build(dataset, make, foreign=foreign, dtype=dtype)
    assert isinstance(network, ScaledNetwork)
    scaled = network.scaling(dataset.X)
    assert scaled.dtype == dtype
    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(3, dtype=dtype), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std((0, 2, 3), correction=0), torch.ones(3, dtype=dtype), atol=1e-5, rtol=0)
    assert network(dataset.X).dtype == dtype


@pytest.mark.parametrize(("make", "foreign"), [(our_network, False), (foreign_network, True)])
def test_weights_follow_from_the_seed_and_leave_the_global_generator_alone(dataset, make, foreign):
    before = torch.random.get_rng_state()
    first = build(dataset, make, foreign=foreign, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    assert torch.equal(weights_of(build(dataset, make, foreign=foreign, seed=1)), weights_of(first))
    assert not torch.equal(weights_of(build(dataset, make, foreign=foreign, seed=2)), weights_of(first))


def test_the_scaling_is_no_weight(dataset):
    network = build(dataset)
    assert {name for name, _ in network.named_buffers()} == {"scaling.mean", "scaling.std"}
    assert all(name.startswith("network.") for name, _ in network.named_parameters())


def test_a_foreign_hook_that_returns_no_module_is_refused(dataset):
    with pytest.raises(TypeError, match=r"architecture returned list where a torch.nn.Module was expected"):
        build(dataset, lambda: [nn.Flatten()], foreign=True)


def test_an_error_of_the_foreign_hook_comes_through_with_the_generator_given_back(dataset):
    def broken():
        torch.rand(1)
        raise ZeroDivisionError("mine")

    before = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError, match="mine"):
        build(dataset, broken, foreign=True)
    assert torch.equal(torch.random.get_rng_state(), before)


# ------------------------------------------------- what a foreign network may give


class Gives(nn.Module):
    """A network whose output is whatever a function makes of the number of images."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, images):
        return self.make(len(images))


def test_a_row_of_logits_per_image_passes(dataset):
    build(dataset, lambda: Gives(lambda n: torch.zeros(n, 2)), foreign=True)


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda n: torch.zeros(n, 1), r"shape \(2, 1\)"),
        (lambda n: torch.zeros(n, 3), r"shape \(2, 3\)"),
        (lambda n: torch.zeros(n), r"shape \(2,\)"),
        (lambda n: torch.zeros(n, 2, 1, 1), r"shape \(2, 2, 1, 1\)"),
        (lambda n: (torch.zeros(n, 2), torch.zeros(n, 2)), "tuple"),
        (lambda n: {"logits": torch.zeros(n, 2)}, "dict"),
        (lambda n: None, "NoneType"),
        (lambda n: torch.zeros(()), "shape|Tensor"),
    ],
)
def test_any_other_output_is_refused_with_both_shapes(dataset, make, got):
    with pytest.raises(
        ValueError, match=rf"2 images \(2, 3, 4, 4\) to logits of shape \(2, 2\).*but gave {got}.*last layer"
    ):
        build(dataset, lambda: Gives(make), foreign=True)


def test_one_image_is_enough_to_check(dataset):
    with pytest.raises(ValueError, match=r"1 images|1 image "):
        build(dataset.subset([0]), lambda: Gives(lambda n: torch.zeros(n, 3)), foreign=True)


def test_checking_neither_trains_nor_draws(dataset):
    users_own = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48), nn.Dropout(), nn.Linear(48, 2))
    generator = torch.random.get_rng_state()
    state = {name: tensor.clone() for name, tensor in users_own.state_dict().items()}
    network = build(dataset, lambda: users_own, foreign=True)
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.network.state_dict().items())


def test_lazy_layers_are_seeded_too(dataset):
    def lazy():
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(2))

    before = torch.random.get_rng_state()
    first, second = (build(dataset, lazy, foreign=True) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(weights_of(first), weights_of(second))


# ----------------------------------------------------- a foreign network in a fit


class UsersNet(nn.Module):
    """Has dropout of torch's own kind, and a part that happens to be called generator."""

    def __init__(self, image_shape, n_classes):
        super().__init__()
        self.generator = nn.Linear(int(np.prod(image_shape)), n_classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images):
        return self.generator(self.dropout(images.flatten(1)))


def test_a_foreign_networks_dropout_is_seeded_and_the_global_generator_given_back(digits):
    def fitted(seed, max_epochs=3):
        return CNNClassifier(architecture=UsersNet, max_epochs=max_epochs, random_state=seed).fit(*digits)

    before = torch.random.get_rng_state()
    first = fitted(0)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(5)
    again = fitted(0, max_epochs=1).partial_fit(*digits).partial_fit(*digits)
    np.testing.assert_array_equal(again.predict_proba(digits[0]), first.predict_proba(digits[0]))
    assert not np.array_equal(fitted(1).predict_proba(digits[0]), first.predict_proba(digits[0]))


def test_a_part_of_a_foreign_network_may_be_called_generator(digits):
    clf = CNNClassifier(architecture=UsersNet, max_epochs=1, random_state=0).fit(*digits)
    assert isinstance(clf.net_.module_.network.generator, nn.Linear)

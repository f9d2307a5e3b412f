"""What the tests of networks share."""

import numpy as np
import pytest
import torch


@pytest.fixture
def images(rng):
    """Draw images of a shape from the test's own seed, standard normal."""
    return lambda *shape, dtype=torch.float32: torch.from_numpy(rng.normal(size=shape)).to(dtype)


@pytest.fixture
def pixels(rng):
    """Draw bytes of a shape from the test's own seed, uniform in 0..255."""
    return lambda *shape: torch.from_numpy(rng.integers(0, 256, size=shape, dtype=np.uint8))


@pytest.fixture
def generator(rng):
    """A torch generator with the test's own seed."""
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


@pytest.fixture
def silent_parameters():
    """Train one step on a network and list the parameters that no gradient reaches."""

    def silent(network, x):
        network.train()
        network(x).square().sum().backward()
        return [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]

    return silent

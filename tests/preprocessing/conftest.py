import numpy as np
import pytest
import torch


@pytest.fixture
def make_batch(rng):
    """Random images (b, c, h, w) of a dtype; strided as the training loop gives them where channels are last."""

    def make(shape, dtype=torch.float32, channels_last=True):
        b, c, h, w = shape
        values = rng.integers(0, 256, size=(b, h, w, c)) if channels_last else rng.integers(0, 256, size=shape)
        images = torch.from_numpy(np.asarray(values)).to(dtype)
        return images.permute(0, 3, 1, 2) if channels_last else images

    return make


@pytest.fixture
def seeded():
    """Generators that start alike."""
    return lambda seed=0: torch.Generator().manual_seed(seed)

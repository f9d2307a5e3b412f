import numpy as np
import pytest
import torch

from skimgcls.training._balanced_sampling import BalancedSampling, n_drawn

CODES = torch.tensor([0] * 50 + [2] * 7 + [3] * 20)[torch.randperm(77, generator=torch.Generator().manual_seed(0))]
COUNTS = np.array([50, 0, 7, 20])


@pytest.mark.parametrize(
    ("sampling", "drawn"),
    [
        ("balanced", [26, 0, 26, 25]),
        ("oversample", [50, 0, 50, 50]),
        ("undersample", [7, 0, 7, 7]),
        (None, [50, 0, 7, 20]),
    ],
)
def test_an_epoch_draws_of_each_class_that_is_there(sampling, drawn):
    assert n_drawn(COUNTS, sampling).tolist() == drawn


@pytest.mark.parametrize("sampling", ["balanced", "oversample", "undersample"])
def test_images_of_a_class_are_drawn_equally_often_give_or_take_one(sampling):
    drawn = BalancedSampling(CODES, sampling).draw(torch.Generator().manual_seed(0))
    assert torch.bincount(CODES[drawn], minlength=4).tolist() == n_drawn(COUNTS, sampling).tolist()
    times = torch.bincount(drawn, minlength=len(CODES))
    for code in (0, 2, 3):
        assert int(np.ptp(times[code == CODES].numpy())) <= 1


def test_the_order_is_random_and_settled_by_the_generator():
    sampling = BalancedSampling(CODES, "undersample")
    first, again, other = (sampling.draw(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert set(first.tolist()) != set(other.tolist())
    assert len(set(CODES[first[:7]].tolist())) > 1  # not class after class
    assert len(first) == len(sampling) == 21


def test_classes_that_are_equal_already_give_every_image_once():
    codes = torch.arange(30) % 3
    for name in ("balanced", "oversample", "undersample"):
        drawn = BalancedSampling(codes, name).draw(torch.Generator().manual_seed(0))
        assert sorted(drawn.tolist()) == list(range(30))

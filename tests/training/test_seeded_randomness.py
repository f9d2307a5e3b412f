import pytest
import torch
from torch import nn

from skimgcls.architectures import Dropout
from skimgcls.training._seeded_randomness import seeded_randomness

ONES = torch.ones(4, 50)


def draw(module, *, seed=0, epoch=0, foreign=False):
    module.train()
    with seeded_randomness(module, seed, epoch, "cpu", foreign=foreign):
        return module(ONES)


@pytest.mark.parametrize(("layer", "foreign"), [(Dropout, False), (nn.Dropout, True)])
def test_masks_follow_from_seed_and_epoch_alone(layer, foreign):
    module = nn.Sequential(layer(0.5), layer(0.5))
    first = draw(module, foreign=foreign)
    torch.rand(5)
    assert torch.equal(draw(module, foreign=foreign), first)
    assert not torch.equal(draw(module, seed=1, foreign=foreign), first)
    assert not torch.equal(draw(module, epoch=1, foreign=foreign), first)


def test_layers_share_one_stream_and_so_draw_different_masks():
    module = nn.ModuleList([Dropout(0.5), Dropout(0.5)]).train()
    with seeded_randomness(module, 0, 0, "cpu", foreign=False):
        assert not torch.equal(module[0](ONES), module[1](ONES))


@pytest.mark.parametrize("foreign", [True, False])
def test_the_global_generator_is_given_back(foreign):
    before = torch.random.get_rng_state()
    draw(nn.Sequential(Dropout(0.5)), foreign=foreign)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_our_own_networks_never_touch_the_global_generator():
    with seeded_randomness(nn.Sequential(Dropout(0.5)), 0, 0, "cpu", foreign=False):
        before = torch.random.get_rng_state()
        draw(nn.Sequential(Dropout(0.5)))
        assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("foreign", [True, False])
def test_layers_give_their_generator_back_also_after_an_error(foreign):
    module = nn.Sequential(Dropout(0.5), nn.Linear(3, 3))  # of another width than the images
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        draw(module, foreign=foreign)
    assert module[0].generator is None


def test_an_attribute_called_generator_of_a_foreign_layer_is_left_alone():
    class Gan(nn.Module):
        def __init__(self):
            super().__init__()
            self.generator = nn.Linear(50, 2)

        def forward(self, x):
            return self.generator(x)

    module = Gan()
    before = module.generator
    draw(module, foreign=True)
    assert module.generator is before

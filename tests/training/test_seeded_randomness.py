"""What a network draws is seeded by fit and epoch."""

import torch

from skimgcls.architectures import Dropout
from skimgcls.training._seeded_randomness import seeded_randomness

ONES = torch.ones(1000)


def draw(layer, *, seed=0, epoch=0, foreign=False):
    with seeded_randomness(torch.nn.Sequential(layer), seed=seed, epoch=epoch, device="cpu", foreign=foreign):
        return layer.train()(ONES)


def test_the_same_seed_and_epoch_draw_the_same():
    assert torch.equal(draw(Dropout(0.5)), draw(Dropout(0.5)))


def test_another_seed_or_epoch_draws_something_else():
    assert not torch.equal(draw(Dropout(0.5)), draw(Dropout(0.5), seed=1))
    assert not torch.equal(draw(Dropout(0.5)), draw(Dropout(0.5), epoch=1))


def test_the_generator_is_taken_back_also_after_an_error():
    layer = Dropout(0.5)
    try:
        with seeded_randomness(layer, seed=0, epoch=0, device="cpu", foreign=False):
            assert isinstance(layer.generator, torch.Generator)
            raise RuntimeError("stop")
    except RuntimeError:
        pass
    assert layer.generator is None


def test_our_layers_leave_the_global_generator_alone():
    before = torch.get_rng_state()
    draw(Dropout(0.5))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_foreign_layer_draws_from_the_global_generator_which_is_put_back():
    before = torch.get_rng_state()
    first, second = (draw(torch.nn.Dropout(0.5), foreign=True) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_foreign_layer_of_another_epoch_draws_something_else():
    assert not torch.equal(
        draw(torch.nn.Dropout(0.5), foreign=True), draw(torch.nn.Dropout(0.5), epoch=1, foreign=True)
    )

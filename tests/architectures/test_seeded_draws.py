import threading

import pytest
import torch
from torch import nn

from skimgcls.architectures import SeededDraws

INITIALIZERS = {
    "linear": lambda: nn.Linear(3, 4).weight,
    "normal": lambda: nn.init.normal_(torch.empty(5)),
    "truncated": lambda: nn.init.trunc_normal_(torch.empty(5)),
    "xavier": lambda: nn.init.xavier_uniform_(torch.empty(3, 4)),
    "kaiming": lambda: nn.init.kaiming_normal_(torch.empty(3, 4), mode="fan_out"),
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(3, 3)),
    "method": lambda: torch.empty(5).normal_(std=0.02),
    "function": lambda: torch.randn(5),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_depend_on_the_generator_and_leave_the_global_one_alone(name):
    def draw(seed):
        with SeededDraws(torch.Generator().manual_seed(seed)):
            return INITIALIZERS[name]().detach().clone()

    before = torch.get_rng_state()
    first, again, other = draw(0), draw(0), draw(1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_that_is_given_is_kept():
    with SeededDraws(torch.Generator().manual_seed(0)):
        given = nn.init.normal_(torch.empty(5), generator=torch.Generator().manual_seed(7))
    assert torch.equal(given, nn.init.normal_(torch.empty(5), generator=torch.Generator().manual_seed(7)))


def test_without_a_generator_nothing_is_drawn():
    held = torch.full((5,), 3.0)
    before = torch.get_rng_state()
    with SeededDraws(None):
        nn.init.trunc_normal_(torch.empty(5))
        nn.init.kaiming_uniform_(tensor=held.view(1, 5))
        held.normal_()
    assert (held == 3).all()
    assert torch.equal(torch.get_rng_state(), before)


def test_other_threads_draw_as_ever():
    drawn = []
    with SeededDraws(torch.Generator().manual_seed(0)):
        thread = threading.Thread(target=lambda: drawn.append(nn.init.uniform_(torch.zeros(3))))
        with torch.random.fork_rng():
            torch.manual_seed(5)
            thread.start()
            thread.join()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        assert torch.equal(drawn[0], torch.rand(3))

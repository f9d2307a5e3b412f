import pytest
import torch

from skimgcls.training._epoch_tally import EpochTally

LOGITS = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 1.0]])  # say 0, 1, 0


def step(loss, logits=LOGITS):
    return {"loss": torch.tensor(loss), "y_pred": logits}


def test_loss_and_hits_are_averaged_over_images_not_batches():
    tally = EpochTally()
    tally.add(step(1.0), (None, torch.tensor([0, 1, 1])))
    tally.add(step(5.0, LOGITS[:1]), (None, torch.tensor([0])))
    assert tally.read() == pytest.approx((2.0, 0.75))


def test_many_small_losses_add_up_without_losing_digits():
    tally = EpochTally()
    for _ in range(1000):
        tally.add(step(0.1, LOGITS[:1]), (None, torch.tensor([0])))
    assert tally.read()[0] == pytest.approx(float(torch.tensor(0.1)), rel=1e-12)


def test_a_loss_that_is_not_finite_shows():
    tally = EpochTally()
    tally.add(step(1.0), (None, torch.tensor([0, 1, 1])))
    tally.add(step(float("nan")), (None, torch.tensor([0, 1, 1])))
    assert str(tally.read()[0]) == "nan"


def test_the_graph_of_a_batch_is_not_kept():
    tally = EpochTally()
    logits = LOGITS.clone().requires_grad_()
    tally.add({"loss": logits.mean(), "y_pred": logits}, (None, torch.tensor([0, 1, 1])))
    assert not tally._losses[0].requires_grad

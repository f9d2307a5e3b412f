import pytest
import torch

from skimgcls.preprocessing import Mixup


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 50.0])
@pytest.mark.parametrize("channels_last", [False, True])
def test_images_and_targets_are_blended_in_the_same_shares(alpha, channels_last, seeded):
    b = 40
    images = torch.eye(b).view(b, b, 1, 1).repeat(1, 1, 3, 2)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    mixed, targets = Mixup(alpha=alpha)(images, torch.eye(b), generator=seeded())
    torch.testing.assert_close(mixed, targets.view(b, b, 1, 1).expand_as(mixed))
    torch.testing.assert_close(targets.sum(1), torch.ones(b))
    torch.testing.assert_close(targets.mean(), torch.tensor(1 / b))
    assert int((targets > 0).sum(1).max()) == 2


def test_soft_targets_keep_their_sum(make_batch, rng):
    targets = torch.from_numpy(rng.dirichlet([1, 1, 1], size=8))
    mixed = Mixup()(make_batch((8, 1, 4, 4)), targets)[1]
    assert mixed.dtype == torch.float64
    torch.testing.assert_close(mixed.sum(1), torch.ones(8, dtype=torch.float64))


def test_bytes_become_floats_and_keep_their_mean(make_batch, seeded):
    images = make_batch((500, 3, 8, 8), torch.uint8)
    mixed = Mixup(alpha=1.0)(images, generator=seeded())
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed.mean(), images.float().mean(), rtol=0.01, atol=0)


def test_only_a_share_p_of_the_images_is_blended(seeded):
    images = torch.arange(4000.0).view(-1, 1, 1, 1)
    is_mixed = (Mixup(alpha=1.0, p=0.25)(images, generator=seeded()) != images).flatten()
    assert abs(float(is_mixed.float().mean()) - 0.25) < 0.03
    assert torch.equal(Mixup(p=0.0)(images), images)


@pytest.mark.parametrize("targets", [torch.arange(4), torch.zeros(4, 2, dtype=torch.int64), torch.zeros(3, 2)])
def test_targets_that_are_no_probabilities_are_refused(targets):
    with pytest.raises(ValueError, match=r"Mixup mixes targets, .* \(4, n_classes\) as floats, got .*one_hot"):
        Mixup()(torch.zeros(4, 1, 2, 2), targets)

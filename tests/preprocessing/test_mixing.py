import pytest
import torch

from skimgcls.preprocessing._mixing import check_targets, draw_partners, draw_shares, mix


@pytest.mark.parametrize("n_images", [1, 2, 3, 10])
def test_each_image_is_the_partner_of_one_other(n_images, seeded):
    generator = seeded()
    for _ in range(20):
        partners = draw_partners(n_images, generator, "cpu")
        assert sorted(partners.tolist()) == list(range(n_images))
        assert n_images == 1 or (partners != torch.arange(n_images)).all()


def test_all_partners_are_met(seeded):
    generator = seeded()
    assert {int(draw_partners(6, generator, "cpu")[0]) for _ in range(100)} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.4, 1.0, 2.0, 30.0])
def test_shares_have_the_moments_and_quantiles_of_a_beta_distribution(alpha, seeded):
    from scipy.stats import beta

    shares = draw_shares(100_000, alpha, 1.0, seeded(), "cpu").double()
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.006)
    assert float(shares.var()) == pytest.approx(beta(alpha, alpha).var(), rel=0.03)
    for level in (0.1, 0.3, 0.7):
        below = float((shares <= beta(alpha, alpha).ppf(level)).double().mean())
        assert below == pytest.approx(level, abs=0.006)


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 1e6])
def test_extreme_alphas_neither_underflow_nor_overflow(alpha, seeded):
    shares = draw_shares(10_000, alpha, 1.0, seeded(), "cpu")
    assert shares.isfinite().all()
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.03)
    assert 0 <= shares.min() <= shares.max() <= 1


def test_an_image_that_is_not_mixed_keeps_all_of_itself(seeded):
    assert (draw_shares(100, 1.0, 0.0, seeded(), "cpu") == 1).all()


def test_values_are_weighted_by_their_shares():
    mixed = mix(torch.tensor([[0.0], [8.0]]), torch.tensor([1, 0]), torch.tensor([0.75, 0.5]))
    assert mixed.flatten().tolist() == [2, 4]


def test_probabilities_are_accepted_as_targets():
    images = torch.zeros(3, 1, 2, 2)
    check_targets("Mixup", images, torch.eye(3))
    with pytest.raises(ValueError, match=r"got torch.int64 of shape \(3,\)"):
        check_targets("Mixup", images, torch.arange(3))

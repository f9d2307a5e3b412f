import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skimgcls.training._losses import CrossEntropy, FocalLoss, ForeignCriterion, make_criterion

N_CLASSES = 4


@pytest.fixture
def logits():
    return torch.randn(9, N_CLASSES, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3


@pytest.fixture
def codes():
    return torch.arange(9) % N_CLASSES


@pytest.fixture
def weights():
    return torch.rand(9, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2


def make(criterion, label_smoothing=0.0, **more):
    cls, params = make_criterion(criterion, label_smoothing)
    return cls(**params, **more)


def gradient(loss_of, logits):
    logits = logits.clone().requires_grad_()
    loss_of(logits).backward()
    return logits.grad


def by_hand(logits, targets, weights, per_class):
    """Mean over images of weight times the sum over classes of target probability times what a class costs."""
    return (weights * (targets * per_class(logits)).sum(1)).mean()


def soften(codes, label_smoothing):
    return (1 - label_smoothing) * F.one_hot(codes, N_CLASSES).double() + label_smoothing / N_CLASSES


# ------------------------------------------------------------- cross-entropy


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_nll_is_cross_entropy_by_construction(label_smoothing):
    assert make_criterion("nll", label_smoothing) == make_criterion("cross_entropy", label_smoothing)


def test_nll_equals_torchs_negative_log_likelihood_of_log_softmax(logits, codes):
    torch.testing.assert_close(make("nll")(logits, codes), nn.NLLLoss()(logits.log_softmax(1), codes))


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.9])
def test_cross_entropy_with_weights_is_the_mean_of_weight_times_loss(logits, codes, weights, label_smoothing):
    expected = by_hand(logits, soften(codes, label_smoothing), weights, lambda x: -x.log_softmax(1))
    torch.testing.assert_close(make("cross_entropy", label_smoothing)(logits, codes, weights), expected)


@pytest.mark.parametrize("criterion", ["cross_entropy", "focal", nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss])
def test_weights_of_one_are_no_weights(criterion, logits, codes):
    loss = make(criterion)
    torch.testing.assert_close(loss(logits, codes, torch.ones(9, dtype=torch.float64)), loss(logits, codes))


@pytest.mark.parametrize("criterion", ["cross_entropy", "focal", nn.MultiMarginLoss])
def test_an_image_of_weight_two_counts_as_two_images(criterion, logits, codes):
    loss = make(criterion)
    twice = torch.cat([logits, logits[:1]]), torch.cat([codes, codes[:1]])
    weights = torch.tensor([2.0] + [1.0] * 8, dtype=torch.float64)
    torch.testing.assert_close(loss(logits, codes, weights / weights.mean()), loss(*twice))


@pytest.mark.parametrize("criterion", ["cross_entropy", "focal"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [True, False])
def test_class_codes_are_a_special_case_of_soft_targets(criterion, label_smoothing, weighted, logits, codes, weights):
    loss = make(criterion, label_smoothing)
    weights = weights if weighted else None
    one_hot = F.one_hot(codes, N_CLASSES).double()
    torch.testing.assert_close(loss(logits, one_hot, weights), loss(logits, codes, weights))


@pytest.mark.parametrize("criterion", ["cross_entropy", "focal"])
def test_label_smoothing_is_a_soft_target(criterion, logits, codes, weights):
    smoothed = make(criterion, 0.3)(logits, codes, weights)
    torch.testing.assert_close(smoothed, make(criterion)(logits, soften(codes, 0.3), weights))


# --------------------------------------------------------------------- focal


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("soft", [True, False])
def test_focal_loss_with_gamma_zero_is_cross_entropy(label_smoothing, weighted, soft, logits, codes, weights):
    target = soften(codes, 0.5) if soft else codes
    weights = weights if weighted else None
    focal, entropy = FocalLoss(label_smoothing, gamma=0.0), CrossEntropy(label_smoothing)
    torch.testing.assert_close(focal(logits, target, weights), entropy(logits, target, weights))
    torch.testing.assert_close(
        gradient(lambda x: focal(x, target, weights), logits), gradient(lambda x: entropy(x, target, weights), logits)
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_loss_is_equation_4_of_its_paper(gamma, logits, codes, weights):
    p = logits.softmax(1)
    expected = by_hand(logits, soften(codes, 0), weights, lambda x: -((1 - p) ** gamma) * p.log())
    torch.testing.assert_close(FocalLoss(gamma=gamma)(logits, codes, weights), expected)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [True, False])
def test_focal_loss_of_probabilities_is_the_expectation_over_classes(label_smoothing, weighted, logits, weights):
    probabilities = logits.flip(0).softmax(1)
    loss, weights = FocalLoss(label_smoothing), weights if weighted else torch.ones(9, dtype=torch.float64)
    by_class = [loss(logits, torch.full((9,), k), weights * probabilities[:, k]) for k in range(N_CLASSES)]
    torch.testing.assert_close(loss(logits, probabilities, weights), sum(by_class))


def test_the_focal_criterion_has_gamma_two():
    assert make("focal").gamma == 2.0


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_focal_loss_of_certain_predictions_is_finite_and_so_is_its_gradient(gamma, dtype, label_smoothing):
    logits = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]], dtype=dtype)
    loss = FocalLoss(label_smoothing, gamma=gamma)
    assert loss(logits, torch.tensor([0, 0])).isfinite()
    assert gradient(lambda x: loss(x, torch.tensor([0, 0])), logits).isfinite().all()


def test_focal_loss_counts_easy_images_less_than_cross_entropy(logits, codes):
    easy = F.one_hot(codes, N_CLASSES).double() * 4
    assert FocalLoss()(easy, codes) < 0.05 * CrossEntropy()(easy, codes)


# ------------------------------------------------------------------- foreign


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (nn.CrossEntropyLoss, lambda x, y: F.cross_entropy(x, y)),
        (nn.NLLLoss, lambda x, y: F.cross_entropy(x, y)),
        (nn.MultiMarginLoss, lambda x, y: F.multi_margin_loss(x, y)),
    ],
)
def test_a_torch_loss_is_given_logits_and_one_for_log_probabilities_their_log_softmax(
    criterion, expected, logits, codes
):
    torch.testing.assert_close(make(criterion)(logits, codes), expected(logits, codes))


def test_a_subclass_of_nll_loss_is_given_log_probabilities_too(logits, codes):
    class MyLoss(nn.NLLLoss):
        pass

    torch.testing.assert_close(make(MyLoss)(logits, codes), F.cross_entropy(logits, codes))


def test_a_torch_loss_takes_weights_through_its_reduction(logits, codes, weights):
    expected = (F.multi_margin_loss(logits, codes, reduction="none") * weights).mean()
    torch.testing.assert_close(make(nn.MultiMarginLoss)(logits, codes, weights), expected)


def test_arguments_of_a_torch_loss_are_passed_on(logits, codes):
    torch.testing.assert_close(make(nn.MultiMarginLoss, p=2)(logits, codes), F.multi_margin_loss(logits, codes, p=2))
    torch.testing.assert_close(
        make(nn.CrossEntropyLoss, 0.2)(logits, codes), F.cross_entropy(logits, codes, label_smoothing=0.2)
    )


class LossWithoutReduction(nn.Module):
    def forward(self, logits, target):
        return F.cross_entropy(logits, target)


def test_a_loss_without_reduction_works_until_it_would_need_weights(logits, codes, weights):
    loss = make(LossWithoutReduction)
    torch.testing.assert_close(loss(logits, codes), F.cross_entropy(logits, codes))
    with pytest.raises(ValueError, match=r"LossWithoutReduction has no 'reduction' argument.*'cross_entropy'"):
        loss(logits, codes, weights)


@pytest.fixture
def probabilities():
    return torch.rand(9, N_CLASSES, generator=torch.Generator().manual_seed(2), dtype=torch.float64).softmax(1)


@pytest.mark.parametrize(
    "params",
    [{}, {"label_smoothing": 0.2}, {"weight": torch.arange(1.0, 5).double()}, {"reduction": "mean"}],
    ids=str,
)
def test_of_probabilities_cross_entropy_is_torchs_own(params, logits, probabilities, weights):
    loss, own = ForeignCriterion(nn.CrossEntropyLoss, **params), {"reduction": "none"}
    each = F.cross_entropy(logits, probabilities, **(params | own))
    torch.testing.assert_close(loss(logits, probabilities), F.cross_entropy(logits, probabilities, **params))
    torch.testing.assert_close(loss(logits, probabilities, weights), (each * weights).mean())
    torch.testing.assert_close(
        gradient(lambda x: loss(x, probabilities, weights), logits),
        gradient(lambda x: (F.cross_entropy(x, probabilities, **(params | own)) * weights).mean(), logits),
    )


@pytest.mark.parametrize("criterion", [nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss])
@pytest.mark.parametrize("weighted", [True, False])
def test_certain_probabilities_are_class_codes(criterion, weighted, logits, codes, weights):
    loss, weights = make(criterion), weights if weighted else None
    one_hot = F.one_hot(codes, N_CLASSES).double()
    torch.testing.assert_close(loss(logits, one_hot, weights), loss(logits, codes, weights))


@pytest.mark.parametrize("criterion", [nn.NLLLoss, nn.MultiMarginLoss])
def test_of_probabilities_a_torch_loss_is_the_expectation_over_classes(criterion, logits, probabilities, weights):
    loss, each = make(criterion), criterion(reduction="none")
    given = logits.log_softmax(1) if criterion is nn.NLLLoss else logits
    losses = [each(given, torch.full((9,), k)) * probabilities[:, k] for k in range(N_CLASSES)]
    torch.testing.assert_close(loss(logits, probabilities), sum(losses).mean())
    torch.testing.assert_close(loss(logits, probabilities, weights), (sum(losses) * weights).mean())


def test_a_loss_without_reduction_takes_no_mixed_labels(logits, probabilities):
    with pytest.raises(ValueError, match=r"LossWithoutReduction has no 'reduction' argument.*mixed labels.*Leave them"):
        make(LossWithoutReduction)(logits, probabilities)


def test_label_smoothing_is_refused_for_a_loss_that_does_not_know_it():
    with pytest.raises(ValueError, match=r"label_smoothing=0.1 was given, but MultiMarginLoss does not know it"):
        make_criterion(nn.MultiMarginLoss, 0.1)


@pytest.mark.parametrize("criterion", [nn.CrossEntropyLoss(), F.cross_entropy, dict, lambda x, y: x.sum()])
def test_what_is_no_loss_class_is_refused_with_the_remedy(criterion):
    with pytest.raises(ValueError, match=r"criterion must be .*Pass the class.*criterion__"):
        make_criterion(criterion, 0.0)


def test_parameters_of_a_loss_move_with_it():
    loss = ForeignCriterion(nn.CrossEntropyLoss, weight=torch.ones(3))
    assert {buffer.dtype for buffer in loss.double().buffers()} == {torch.float64}

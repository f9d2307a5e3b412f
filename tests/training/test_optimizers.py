import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.training._fused_rmsprop import FusedRMSprop
from skimgcls.training._optimizers import OPTIMIZERS, make_optimizer, warm_up

DEFAULTS = {"momentum": 0.9, "weight_decay": 0.0, "device": "cpu"}


class WithoutDecay(torch.optim.Optimizer):
    """An optimizer of somebody's own that takes nothing but a learning rate."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("sgd", torch.optim.SGD),
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("nadam", torch.optim.NAdam),
        ("rmsprop", FusedRMSprop),
        ("adagrad", torch.optim.Adagrad),
        ("adadelta", torch.optim.Adadelta),
    ],
)
def test_names_are_those_of_torchs_classes(name, cls):
    assert make_optimizer(name, **DEFAULTS) == make_optimizer(cls, **DEFAULTS)
    assert make_optimizer(name, **DEFAULTS)[0] is cls


def test_there_is_no_name_without_a_test():
    assert sorted(OPTIMIZERS) == ["adadelta", "adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd"]


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, torch.optim.Adamax, torch.optim.RAdam, WithoutDecay])
@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_what_is_returned_makes_an_optimizer_that_steps(optimizer, device):
    cls, params = make_optimizer(optimizer, momentum=0.9, weight_decay=0.0, device=device)
    if cls is WithoutDecay:
        assert params == {}
    weight = torch.nn.Parameter(torch.ones(2))
    made = cls([weight], lr=0.1, **params)
    if cls is not WithoutDecay:
        weight.sum().backward()
        made.step()
        assert (weight < 1).all()


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "sgd"])
def test_momentum_goes_to_sgd_alone(optimizer):
    assert make_optimizer("sgd", **DEFAULTS)[1]["momentum"] == 0.9
    assert "momentum" not in make_optimizer(optimizer, **DEFAULTS)[1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_goes_to_each_named_optimizer_and_shrinks_the_weights(optimizer):
    cls, params = make_optimizer(optimizer, momentum=0.0, weight_decay=0.1, device="cpu")
    weight = torch.nn.Parameter(torch.ones(2))
    made = cls([weight], lr=0.1, **params)
    weight.grad = torch.zeros(2)
    made.step()
    assert (weight < 1).all()


def test_weight_decay_is_refused_for_an_optimizer_that_does_not_take_it():
    with pytest.raises(ValueError, match=r"weight_decay=0.1 was given, but WithoutDecay does not take it.*sgd, adam"):
        make_optimizer(WithoutDecay, momentum=0.9, weight_decay=0.1, device="cpu")


@pytest.mark.parametrize("optimizer", [dict, torch.nn.Linear, lambda params, lr: None])
def test_what_is_no_optimizer_class_is_refused_with_the_remedy(optimizer):
    with pytest.raises(ValueError, match=r"optimizer must be one of 'sgd'.*Pass the class.*optimizer__"):
        make_optimizer(optimizer, **DEFAULTS)


def test_the_fused_step_gives_the_weights_of_the_plain_one():
    for name in OPTIMIZERS:
        cls, params = make_optimizer(name, momentum=0.9, weight_decay=0.01, device="cpu")
        weights = []
        for fused in (params, {key: value for key, value in params.items() if key != "fused"}):
            weight = torch.nn.Parameter(torch.linspace(-1, 1, 20, dtype=torch.float64))
            made = cls([weight], lr=0.05, **fused)
            for _ in range(5):
                made.zero_grad()
                weight.pow(2).sum().backward()
                made.step()
            weights.append(weight.detach())
        torch.testing.assert_close(*weights, rtol=1e-12, atol=1e-12)


def test_warming_up_makes_one_optimizer_in_a_process_and_draws_nothing(monkeypatch):
    made = []
    monkeypatch.setattr(torch.optim, "SGD", lambda *args, **params: made.append(args))
    monkeypatch.setattr("skimgcls.training._optimizers._warmed_up", False)
    before = torch.random.get_rng_state()
    warm_up()
    warm_up()
    assert len(made) == 1
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_named_optimizer_learns(optimizer, digits):
    lr = {"sgd": 0.05, "adagrad": 0.03, "adadelta": 1.0}.get(optimizer, 0.003)
    clf = MLPClassifier(optimizer=optimizer, lr=lr, random_state=0).fit(*digits)
    assert clf.score(*digits) > 0.9
    assert isinstance(clf.net_.optimizer_, OPTIMIZERS[optimizer])


@pytest.mark.parametrize("params", [{"l1": 0.02}, {"weight_decay": 0.3}, {"l1": 0.02, "optimizer": "adam"}])
def test_penalties_shrink_the_weights(params, digits):
    def size_of_weights(**params):
        clf = MLPClassifier((8,), optimizer="sgd", lr=0.01, random_state=0).set_params(**params).fit(*digits)
        return sum(weight.abs().sum().item() for weight in clf.net_.module_.parameters() if weight.ndim > 1)

    assert size_of_weights(**params) < 0.8 * size_of_weights(**{**params, "l1": 0.0, "weight_decay": 0.0})


def test_lbfgs_which_wants_a_closure_learns_and_records_the_loss_of_its_first_evaluation(digits):
    X, y = digits
    clf = MLPClassifier((), optimizer=torch.optim.LBFGS, lr=0.5, batch_size=200, dtype="float64", random_state=0)
    clf.partial_fit(X, y)
    before = -clf.predict_log_proba(X)[range(len(y)), y].mean()
    clf.partial_fit(X, y)
    assert clf.history_.train_loss[1] == pytest.approx(before)
    assert clf.history_.train_loss[1] < 0.5 * clf.history_.train_loss[0]

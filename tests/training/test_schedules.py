import math

import pytest
import torch
from skorch.callbacks import Callback
from torch.optim import lr_scheduler

from skimgcls import MLPClassifier
from skimgcls.training._schedules import SCHEDULES, changes_within_epoch, lr_factor

LR = 0.5


def torch_factors(n_steps, make_scheduler, step_args=None):
    """What each of n steps multiplies the learning rate by, as torch's own scheduler has it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler = make_scheduler(optimizer)
    factors = []
    for i in range(n_steps):
        factors.append(optimizer.param_groups[0]["lr"] / LR)
        optimizer.step()
        scheduler.step(*(() if step_args is None else (step_args[i],)))
    return factors


def our_factors(schedule, n_steps):
    return [lr_factor(schedule, i / n_steps) for i in range(n_steps)]


@pytest.mark.parametrize("n_steps", [1, 2, 7, 100])
def test_cosine_is_torchs_cosine_annealing_step_by_step(n_steps):
    expected = torch_factors(n_steps, lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=n_steps))
    assert our_factors("cosine", n_steps) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n_steps", [10, 50, 333])
def test_onecycle_is_torchs_one_cycle_step_by_step(n_steps):
    # torch reaches its end at the last step, we at the end of training, one step later: its cycle of one step more
    def make(optimizer):
        return lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=LR,
            total_steps=n_steps + 1,
            pct_start=(0.3 * n_steps + 1) / (n_steps + 1),  # the peak at exactly 0.3
            anneal_strategy="cos",
            cycle_momentum=False,
        )

    assert our_factors("onecycle", n_steps) == pytest.approx(torch_factors(n_steps, make), abs=1e-12)


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 4, 5, 10, 15, 30])
def test_step_is_torchs_multi_step_epoch_by_epoch(n_epochs):
    milestones = [math.ceil(n_epochs / 2), math.ceil(n_epochs * 3 / 4)]
    expected = torch_factors(n_epochs, lambda optimizer: lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.1))
    assert our_factors("step", n_epochs) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_steps", [1, 7, 100])
def test_exponential_is_torchs_exponential_step_by_step(n_steps):
    expected = torch_factors(n_steps, lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.01 ** (1 / n_steps)))
    assert our_factors("exponential", n_steps) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    "losses",
    [
        [1.0] * 14,
        [1 / (i + 1) for i in range(14)],
        [1 - 0.00005 * i for i in range(14)],  # improves by less than the tolerance each time
        [1.0, 0.9, 0.95, 0.93, 0.91, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6],
        [math.nan, 1.0, math.nan, math.nan, math.nan, math.nan, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6],
    ],
)
def test_plateau_is_torchs_reduce_on_plateau_epoch_by_epoch(losses):
    def make(optimizer):
        return lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.1, patience=3, threshold=1e-4, threshold_mode="abs", eps=0
        )

    ours = [lr_factor("plateau", i / len(losses), losses[:i]) for i in range(len(losses))]
    assert ours == pytest.approx(torch_factors(len(losses), make, losses), rel=1e-9)


@pytest.mark.parametrize(
    ("schedule", "start", "end"),
    [("cosine", 1, 0), ("onecycle", 1 / 25, 1 / (25 * 1e4)), ("step", 1, 0.01), ("exponential", 1, 0.01)],
)
def test_schedules_begin_and_end_where_they_are_said_to_and_stay_there(schedule, start, end):
    assert lr_factor(schedule, 0) == pytest.approx(start)
    assert lr_factor(schedule, 1) == pytest.approx(end, abs=1e-15)
    assert lr_factor(schedule, 1.7) == lr_factor(schedule, 1)


def test_onecycle_reaches_the_learning_rate_itself_at_30_percent():
    assert lr_factor("onecycle", 0.3) == 1
    assert max(our_factors("onecycle", 1000)) == 1


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_exceeds_the_learning_rate(schedule):
    factors = [lr_factor(schedule, i / 100, [1.0] * i) for i in range(120)]
    assert 0 <= min(factors) <= max(factors) <= 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("cosine", True), ("onecycle", True), ("exponential", True), ("step", False), ("plateau", False)],
)
def test_smooth_schedules_move_with_every_batch_and_the_others_with_every_epoch(schedule, expected):
    assert changes_within_epoch(schedule) is expected


# ------------------------------------------------------------ in a training


class NoteLr(Callback):
    def __init__(self, lrs):
        self.lrs = lrs

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.lrs.append([group["lr"] for group in net.optimizer_.param_groups])


def trained(X, y, *, n_calls=1, **params):
    """Train for six epochs of four batches, at once or in several calls, with a schedule over the first four."""
    lrs = []
    clf = MLPClassifier((4,), optimizer="sgd", lr=LR, max_epochs=4, batch_size=50, random_state=0, warm_start=True)
    clf.set_params(callbacks=[NoteLr(lrs)], **params)
    if n_calls > 1:
        for _ in range(n_calls):
            clf.partial_fit(X, y)
    else:
        clf.fit(X, y).fit(X, y)  # goes on after max_epochs
    return clf, lrs[:24]


@pytest.mark.parametrize("schedule", [*SCHEDULES, None])
@pytest.mark.parametrize("n_calls", [1, 6])
def test_each_batch_is_trained_with_the_learning_rate_of_the_schedule(schedule, n_calls, digits):
    clf, lrs = trained(*digits, lr_schedule=schedule, n_calls=n_calls)
    losses = clf.history_.train_loss.tolist()
    shares = [0, 1 / 4, 2 / 4, 3 / 4] if schedule in ("cosine", "onecycle", "exponential") else [0] * 4
    expected = [
        LR * (1 if schedule is None else lr_factor(schedule, (epoch + share) / 4, losses[:epoch]))
        for epoch in range(6)
        for share in shares
    ]
    assert [lr for (lr,) in lrs] == pytest.approx(expected, rel=1e-12)
    assert clf.history_.lr[:6].tolist() == pytest.approx(expected[3::4])


def test_plateau_goes_by_the_validation_loss_where_there_is_one(digits):
    X, y = digits
    wrong = (y[:20] + 1) % 10  # the better the training goes, the worse the validation
    params = {"lr_schedule": "plateau", "max_epochs": 9}
    with_valid = MLPClassifier(random_state=0, **params).fit(X, y, X_val=X[:20], y_val=wrong)
    without = MLPClassifier(random_state=0, **params).fit(X, y)
    assert with_valid.history_.valid_loss.iloc[-1] > with_valid.history_.valid_loss.iloc[0]
    assert with_valid.history_.lr.iloc[-1] < 0.5 * with_valid.history_.lr.iloc[0]
    assert without.history_.lr.nunique() == 1


def test_param_groups_keep_their_distance_from_the_learning_rate(digits):
    groups = [("network.classifier*", {"lr": LR / 10})]
    _, lrs = trained(*digits, lr_schedule="step", net_params={"optimizer__param_groups": groups})
    assert lrs[0] == pytest.approx([LR / 10, LR])
    assert lrs[-1] == pytest.approx([LR / 1000, LR / 100])

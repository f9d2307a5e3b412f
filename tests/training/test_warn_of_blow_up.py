import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skimgcls import MLPClassifier
from skimgcls.callbacks import EarlyStopping
from skimgcls.training._warn_of_blow_up import judged_by_score, warn_of_blow_up

GUESSING = math.log(10)


@pytest.fixture
def net(digits):
    return MLPClassifier((8,), max_epochs=4, random_state=0).fit(*digits).net_


def with_losses(net, losses):
    net.history_[:] = net.history_[: len(losses)]
    for row, loss in zip(net.history_, losses, strict=True):
        row["train_loss"] = loss
    return net


def is_warned_of(net, **params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_blow_up(net, **params)
    assert all(warning.category is ConvergenceWarning for warning in caught)
    assert len(caught) <= 1
    return bool(caught)


def test_the_warning_names_losses_epochs_lr_and_remedy(net):
    net.lr = 20.0
    with pytest.warns(ConvergenceWarning) as caught:
        warn_of_blow_up(with_losses(net, [2.5, 12345, 40, 30]))
    assert [str(warning.message) for warning in caught] == [
        "Training blew up: with lr=20 the training loss was 1.23e+04 in epoch 2 and is 30 after epoch 4, where "
        "predicting all classes alike costs 2.3. Lower lr (try 2), or set gradient_clip=1.0."
    ]
    net.gradient_clip = 1.0
    with pytest.warns(ConvergenceWarning, match=r"try 2\)\.$"):
        warn_of_blow_up(net)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([], False),
        ([1e9], False),  # its first steps count in it
        ([1e9, 1e8], True),
        ([2.5, 5.1 * GUESSING], True),
        ([2.5, 4.9 * GUESSING], False),
        ([2.5, 1e9, 1e9, 2.0], False),  # it recovered
        ([1e9, GUESSING, GUESSING, GUESSING], True),  # units that died
        ([2.5, GUESSING, GUESSING], False),
        ([0.01, 0.02, 0.05, 2.0], False),
    ],
    ids=str,
)
def test_it_needs_a_loss_far_above_guessing_and_an_end_that_is_not_below(net, losses, expected):
    assert is_warned_of(with_losses(net, losses)) is expected


def test_calls_of_one_epoch_each_are_warned_of_once(net):
    with_losses(net, [1e9])
    row = net.history_.to_list()[0]
    for loss, expected in [(1e9, True), (1e7, False), (2.31, False), (2.0, False), (1e5, False)]:
        net.history_.append({**row, "epoch": len(net.history_) + 1, "train_loss": loss})
        assert is_warned_of(net, once=True) is expected
    assert is_warned_of(net) is True


@pytest.mark.parametrize("restore_best", [True, False])
def test_with_early_stopping_the_weights_that_were_kept_are_judged(net, restore_best):
    stopping = EarlyStopping(restore_best=restore_best).initialize()
    stopping.best_epoch_ = 2
    net.callbacks_ = [("stopping", stopping)]
    assert is_warned_of(with_losses(net, [2.5, 1.2, 1e9, 1e9])) is not restore_best


def test_a_loss_of_the_users_own_is_measured_by_its_own_scale(digits):
    model = MLPClassifier((8,), max_epochs=2, criterion=torch.nn.MultiMarginLoss, random_state=0).fit(*digits)
    assert is_warned_of(with_losses(model.net_, [0.5, 4.0])) is False
    assert is_warned_of(with_losses(model.net_, [0.5, 5.0])) is True  # all classes alike cost 0.9


class NegativeLoss(torch.nn.CrossEntropyLoss):
    def forward(self, logits, target):
        return super().forward(logits, target) - 100


def test_a_loss_below_zero_is_not_judged(digits):
    model = MLPClassifier((8,), max_epochs=2, criterion=NegativeLoss, random_state=0).fit(*digits)
    assert is_warned_of(with_losses(model.net_, [-98.0, -60.0])) is False


# ------------------------------------------------------------ through the estimators

BLOWS_UP = MLPClassifier((64,), optimizer="sgd", lr=10.0, batch_size=16, max_epochs=4, n_jobs=1, random_state=0)


def test_a_fit_that_blows_up_warns_once_and_is_a_model_still(digits):
    with pytest.warns(ConvergenceWarning, match=r"blew up: with lr=10 .* after epoch 4.* \(try 1\)") as caught:
        model = clone(BLOWS_UP).fit(*digits)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert np.isfinite(model.history_.train_loss).all()


def test_partial_fit_warns_once_too(digits):
    model, seen = clone(BLOWS_UP), []
    for _ in range(4):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.partial_fit(*digits)
        seen += [(warning.category, warning.filename, model.n_epochs_) for warning in caught]
    assert seen == [(ConvergenceWarning, __file__, 2)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimizer": "sgd", "lr": 0.1},
        {"lr": 0.01, "dropout": 0.9},
        {"augment": "strong", "label_smoothing": 0.2},
        {"criterion": "focal", "class_weight": "balanced"},
        {"batch_size": 8, "early_stopping": True},
    ],
    ids=str,
)
def test_usual_trainings_say_nothing_not_even_on_wrong_labels(digits, params, rng):
    X, y = digits
    for labels in (y, rng.permutation(y)):
        MLPClassifier((32,), **{"max_epochs": 3, "random_state": 0} | params).fit(X, labels)  # warnings are errors here


def test_nothing_is_said_where_scores_tell(net):
    with_losses(net, [1e9, 1e8])
    with judged_by_score():
        assert not is_warned_of(net)
    assert is_warned_of(net)

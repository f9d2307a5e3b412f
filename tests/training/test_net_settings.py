import pickle

import numpy as np
import pytest
import torch
from torch import nn

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.preprocessing import Compose, Cutout, Mixup, RandomCrop, RandomFlip, make_augmentation
from skimgcls.training import OPTIMIZERS, TrainingNet, net_settings
from skimgcls.training._losses import CrossEntropy, ForeignCriterion

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def settings_of(device=CPU, **params):
    return net_settings(MLPClassifier(**params), device)


def test_settings_carry_the_estimators_parameters_under_skorchs_names():
    settings = settings_of(
        lr=0.5, batch_size=7, max_epochs=3, lr_schedule="step", l1=0.1, gradient_clip=2.0, verbose=True
    )
    expected = {
        "lr": 0.5,
        "batch_size": 7,
        "max_epochs": 3,
        "lr_schedule": "step",
        "l1": 0.1,
        "gradient_clip": 2.0,
        "verbose": 1,
    }
    assert {name: settings[name] for name in expected} == expected


def test_criterion_and_optimizer_come_as_classes_with_their_parameters():
    settings = settings_of(optimizer="sgd", momentum=0.5, weight_decay=0.1, label_smoothing=0.2)
    assert settings["criterion"] is CrossEntropy
    assert settings["criterion__label_smoothing"] == 0.2
    assert settings["optimizer"] is torch.optim.SGD
    assert (settings["optimizer__momentum"], settings["optimizer__weight_decay"]) == (0.5, 0.1)


@pytest.mark.parametrize("estimator", [MLPClassifier, CNNClassifier])
def test_a_net_takes_the_settings_as_they_are(estimator):
    params = {"net_params": {"optimizer__betas": (0.5, 0.9)}}
    net = TrainingNet(nn.Linear(2, 2), **net_settings(estimator(**params), CPU)).initialize()
    assert net.optimizer_.param_groups[0]["betas"] == (0.5, 0.9)


def test_net_params_reach_criterion_and_optimizer():
    settings = settings_of(
        criterion=nn.MultiMarginLoss, net_params={"criterion__p": 2, "optimizer__betas": (0.5, 0.9), "compile": False}
    )
    assert settings["criterion"] is ForeignCriterion
    assert (settings["criterion__p"], settings["optimizer__betas"], settings["compile"]) == (2, (0.5, 0.9), False)


def test_net_params_win_over_what_is_derived():
    assert settings_of(optimizer="sgd", net_params={"optimizer__fused": False})["optimizer__fused"] is False


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("lr", "lr"),
        ("optimizer__lr", "lr"),
        ("optimizer", "optimizer"),
        ("criterion", "criterion"),
        ("module", "architecture"),
        ("module__dropout", "architecture"),
        ("max_epochs", "max_epochs"),
        ("batch_size", "batch_size"),
        ("device", "device"),
        ("callbacks", "callbacks"),
        ("verbose", "verbose"),
        ("train_split", "validation_fraction"),
        ("iterator_train", "batch_size"),
        ("iterator_train__shuffle", "batch_size"),
        ("iterator_valid__batch_size", "batch_size"),
        ("classes", "y"),
        ("seed", "random_state"),
        ("augmentation", "augment"),
        ("n_classes", "y"),
        ("precision", "precision"),
        ("l1", "l1"),
        ("gradient_clip", "gradient_clip"),
        ("lr_schedule", "lr_schedule"),
    ],
)
def test_net_params_may_not_set_what_has_a_parameter_of_its_own(name, instead):
    with pytest.raises(
        ValueError, match=f"net_params holds '{name}', which MLPClassifier sets itself. Use .*{instead}"
    ):
        settings_of(net_params={name: 1})


def test_net_params_are_not_changed():
    params = {"optimizer__betas": (0.5, 0.9)}
    settings_of(net_params=params)
    assert params == {"optimizer__betas": (0.5, 0.9)}


# ------------------------------------------------------------------ augmentation


def test_without_augment_there_is_no_augmentation():
    assert settings_of()["augmentation"] is None


@pytest.mark.parametrize("name", ["light", "standard", "strong"])
@pytest.mark.parametrize("estimator", [MLPClassifier, CNNClassifier])
def test_a_name_stands_for_its_augmentation(estimator, name):
    assert repr(net_settings(estimator(augment=name), CPU)["augmentation"]) == repr(make_augmentation(name))


def test_an_augmentation_is_taken_as_it_is_and_a_list_is_composed():
    flip = RandomFlip(0.3)
    assert settings_of(augment=flip)["augmentation"] is flip
    composed = settings_of(augment=[flip, "light", torch.neg])["augmentation"]
    assert isinstance(composed, Compose)
    assert composed.augmentations[0] is flip
    assert composed.augmentations[2].function is torch.neg


@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        ("heavy", ValueError, r"augment must be one of \['light', 'standard', 'strong'\].*got 'heavy'"),
        (["light", "heavy"], ValueError, "got 'heavy'"),
        (RandomFlip, TypeError, "Call the class to make one"),
        ([3], TypeError, r"augment must be None, one of .*got 3"),
    ],
)
def test_what_is_no_augmentation_is_refused(augment, error, message):
    with pytest.raises(error, match=message):
        settings_of(augment=augment)


@pytest.mark.parametrize(
    "augment", ["light", "standard", "strong", RandomCrop(1), [torch.neg, RandomFlip()]], ids=range(5)
)
def test_views_are_averaged_of_what_gives_some(augment):
    assert settings_of(augment=augment, tta=5)["augmentation"].in_views


@pytest.mark.parametrize(
    "augment", [None, torch.neg, [], [torch.neg, None], Cutout(), [Mixup(), Cutout()]], ids=range(6)
)
def test_views_of_what_gives_none_are_refused_with_the_remedy(augment):
    assert settings_of(augment=augment, tta=1)["criterion"] is CrossEntropy
    message = r"(?s)tta=2 averages .* augment=.* has none to give\. Fit with augment='light'.*tta=1"
    with pytest.raises(ValueError, match=message):
        settings_of(augment=augment, tta=2)


# ----------------------------------------------------------------- precision


@pytest.mark.parametrize(
    ("precision", "dtype", "device", "expected"),
    [
        ("auto", "float32", CPU, "float32"),
        ("auto", "float32", torch.device("mps"), "float32"),
        ("auto", "float32", CUDA, "bf16"),
        ("auto", "float64", CUDA, "float32"),  # no autocast
        ("float32", "float32", CUDA, "float32"),
        ("float32", "float64", CPU, "float32"),
        ("bf16", "float32", CPU, "bf16"),
        ("fp16", "float32", CUDA, "fp16"),
    ],
)
def test_precision_is_resolved_for_the_device(precision, dtype, device, expected):
    assert settings_of(device, precision=precision, dtype=dtype)["precision"] == expected


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("device", [CPU, CUDA])
def test_half_precision_contradicts_float64(precision, device):
    with pytest.raises(ValueError, match=f"precision='{precision}' halves float32, but dtype='float64'"):
        settings_of(device, precision=precision, dtype="float64")


def test_fp16_is_refused_without_cuda():
    with pytest.raises(ValueError, match=r"precision='fp16' needs a CUDA device, but this fit runs on cpu"):
        settings_of(precision="fp16")


# ------------------------------------------- changes between calls of partial_fit


def begun(X, y, **params):
    return MLPClassifier((8,), **{"batch_size": 64, "random_state": 0, **params}).partial_fit(X, y)


def moments_of(clf):
    return [state["exp_avg"].clone() for state in clf.net_.optimizer_.state.values()]


def test_numbers_count_from_the_next_call_and_the_optimizer_keeps_its_state(digits):
    X, y = digits
    clf = begun(X, y, optimizer="adam")
    moments = moments_of(clf)
    clf.set_params(lr=0.5, weight_decay=0.25, batch_size=200)
    clf.net_.change_settings(**net_settings(clf, CPU))
    assert all(map(torch.equal, moments_of(clf), moments))
    clf.partial_fit(X, y)
    assert {(group["lr"], group["weight_decay"]) for group in clf.net_.optimizer_.param_groups} == {(0.5, 0.25)}
    assert clf.net_.history[:, "train_batch_count"] == [4, 1]
    assert clf.history_.lr.tolist() == [0.001, 0.5]


def test_settings_that_did_not_change_leave_optimizer_and_criterion_alone(digits):
    class_costs = {"criterion__weight": torch.linspace(0.5, 1.5, 10)}
    clf = begun(*digits, criterion=nn.CrossEntropyLoss, net_params=class_costs)
    optimizer, criterion = clf.net_.optimizer_, clf.net_.criterion_
    optimizer.param_groups[0]["lr"] = 0.123  # as a scheduler of the user's would
    clf.set_params(net_params={"criterion__weight": torch.linspace(0.5, 1.5, 10)}).partial_fit(*digits)
    assert clf.net_.optimizer_ is optimizer
    assert clf.net_.criterion_ is criterion
    assert clf.history_.lr[1] == 0.123


@pytest.mark.parametrize("before", OPTIMIZERS)
@pytest.mark.parametrize("after", ["sgd", "adam", "rmsprop"])
def test_an_optimizer_of_another_class_starts_afresh(before, after, digits):
    clf = begun(*digits, optimizer=before).set_params(optimizer=after)
    n_steps = [state.get("step") for state in clf.net_.optimizer_.state.values()]
    clf.partial_fit(*digits)
    assert type(clf.net_.optimizer_) is OPTIMIZERS[after]
    assert clf.n_epochs_ == 2
    if before == after == "adam":
        assert int(n_steps[0]) == 8  # the tensor counts on
    if before != after == "adam":
        assert int(next(iter(clf.net_.optimizer_.state.values()))["step"]) == 4


def test_net_params_that_are_taken_back_are_gone(digits):
    clf = begun(*digits, net_params={"optimizer__betas": (0.5, 0.6)})
    clf.set_params(net_params=None).partial_fit(*digits)
    assert clf.net_.optimizer_.param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"criterion": "cross_entropy"}, {"criterion": "focal"}),
        ({"criterion": "cross_entropy", "label_smoothing": 0.1}, {"label_smoothing": 0.0}),
        ({"criterion": "focal"}, {"criterion": nn.MultiMarginLoss}),
        (
            {"criterion": nn.MultiMarginLoss, "net_params": {"criterion__p": 2}},
            {"criterion": "nll", "net_params": None},
        ),
    ],
)
def test_another_criterion_counts_from_the_next_call(before, after, digits):
    clf = begun(*digits, **before).set_params(**after).partial_fit(*digits)
    fresh = MLPClassifier(**{**before, **after})
    assert repr(clf.net_.criterion_) == repr(
        TrainingNet(nn.Linear(2, 2), **net_settings(fresh, CPU)).initialize().criterion_
    )
    assert getattr(clf.net_.criterion_, "label_smoothing", 0.0) == 0.0


def test_changes_work_on_an_unpickled_estimator_too(digits):
    changed = {"optimizer": "sgd", "lr": 0.05, "net_params": None}
    clf = begun(*digits, net_params={"optimizer__betas": (0.5, 0.6)})
    again = pickle.loads(pickle.dumps(clf))
    clf.set_params(**changed).partial_fit(*digits)
    again.set_params(**changed).partial_fit(*digits)
    np.testing.assert_array_equal(again.predict_proba(digits[0]), clf.predict_proba(digits[0]))


def test_a_change_that_contradicts_itself_is_refused_and_the_model_stays_whole(digits):
    X, y = digits
    clf = begun(X, y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match=r"label_smoothing=0.1 was given, but MultiMarginLoss"):
        clf.set_params(criterion=nn.MultiMarginLoss, label_smoothing=0.1).partial_fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    clf.set_params(label_smoothing=0.0).partial_fit(X, y)
    assert clf.n_epochs_ == 2


def test_net_params_that_the_optimizer_does_not_know_are_refused_also_later(digits):
    unknown = {"optimizer__nonsense": 1}
    with pytest.raises(ValueError, match="nonsense"):
        begun(*digits, net_params=unknown)
    clf = begun(*digits)
    with pytest.raises(ValueError, match="nonsense"):
        clf.set_params(net_params=unknown).partial_fit(*digits)
    assert clf.set_params(net_params=None).partial_fit(*digits).n_epochs_ == 2


def test_a_refused_change_of_the_optimizer_can_be_corrected(digits):
    clf = begun(*digits, net_params={"optimizer__betas": (0.5, 0.6)})
    with pytest.raises(ValueError, match="betas"):
        clf.set_params(optimizer="sgd").partial_fit(*digits)
    clf.set_params(net_params=None).partial_fit(*digits)
    assert type(clf.net_.optimizer_) is torch.optim.SGD
    assert clf.n_epochs_ == 2


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "adagrad"])
def test_net_params_may_choose_another_implementation_of_the_step(optimizer, digits):
    clf = begun(*digits, optimizer=optimizer, net_params={"optimizer__foreach": True})
    assert clf.net_.optimizer_.param_groups[0]["foreach"] is True

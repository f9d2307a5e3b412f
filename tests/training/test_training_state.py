import json

import numpy as np
import pytest
import torch

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.training._training_state import restore_training, training_state

MLP = {"hidden_units": (16,), "batch_size": 64, "max_epochs": 4, "random_state": 0, "n_jobs": 1}
CNN = {"conv_channels": (4, 8), "hidden_units": (8,), "batch_size": 64, "max_epochs": 4, "random_state": 0, "n_jobs": 1}


def trained(model, X, y, epochs):
    for _ in range(epochs):
        model.partial_fit(X, y)
    return model


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (MLPClassifier, MLP | {"dropout": 0.3, "lr_schedule": "plateau"}),
        (CNNClassifier, CNN | {"lr_schedule": "onecycle", "validation_fraction": 0.2}),
    ],
    ids=["MLP", "CNN"],
)
def test_what_goes_on_from_a_state_ends_as_if_never_stopped(kind, params, optimizer, digits):
    X, y = digits
    whole = trained(kind(**params, optimizer=optimizer), X, y, 4)
    state = training_state(trained(kind(**params, optimizer=optimizer), X, y, 2).net_)
    resumed = kind(**params, optimizer=optimizer)
    resumed._continue_from(state, X, y)
    assert resumed.net_.history[:, "epoch"] == [1, 2]
    trained(resumed, X, y, 2)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    assert resumed.history_.drop(columns=["seconds", "images_per_second"]).equals(
        whole.history_.drop(columns=["seconds", "images_per_second"])
    )


def test_the_state_is_a_copy_that_later_epochs_do_not_change(digits):
    model = trained(MLPClassifier(**MLP), *digits, 1)
    tensors, facts = training_state(model.net_)
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    trained(model, *digits, 1)
    assert all(torch.equal(before[name], tensor) for name, tensor in tensors.items())
    assert len(json.loads(facts)["history"]) == 1


def test_a_seed_that_was_drawn_is_in_it(digits):
    model = trained(MLPClassifier(**MLP | {"random_state": None}), *digits, 1)
    other = MLPClassifier(**MLP | {"random_state": None})
    other._continue_from(training_state(model.net_), *digits)
    assert other.net_.seed == model.net_.seed


def test_moments_lie_in_memory_as_their_weights_do(digits):
    X, y = digits
    model = CNNClassifier(**CNN)
    model._continue_from(training_state(trained(CNNClassifier(**CNN), X, y, 1).net_), X, y)
    state = model.net_.optimizer_.state
    strides = [(weight.stride(), state[weight]["exp_avg"].stride()) for weight in model.net_.module_.parameters()]
    assert any(len(stride) == 4 and stride[1] == 1 for stride, _ in strides)  # channels last
    assert all(weight == moment for weight, moment in strides)


def test_what_is_more_than_tensors_and_numbers_has_no_state(digits):
    model = trained(MLPClassifier(**MLP), *digits, 1)
    model.net_.history.record("picture", object())
    assert training_state(model.net_) is None


def test_the_state_of_another_network_is_refused(digits):
    state = training_state(trained(MLPClassifier(**MLP), *digits, 1).net_)
    other = trained(MLPClassifier(**MLP | {"hidden_units": (8,)}), *digits, 1)
    before = other.predict_proba(digits[0])
    with pytest.raises(ValueError, match=r"another (network|shape)"):
        restore_training(other.net_, state)
    np.testing.assert_array_equal(other.predict_proba(digits[0]), before)


@pytest.mark.parametrize("fault", ["short moments", "no history", "rows that skip", "a weight less", "no object"])
def test_a_state_that_was_tampered_with_is_refused_before_anything_is_changed(fault, digits):
    model = trained(MLPClassifier(**MLP), *digits, 1)
    tensors, text = training_state(model.net_)
    facts = json.loads(text)
    if fault == "short moments":  # the kernel of Adam would read beyond them
        tensors |= {name: torch.zeros(2) for name in tensors if "exp_avg" in name}
    elif fault == "a weight less":
        del tensors["module_.network.classifier.bias"]
    elif fault == "no history":
        del facts["history"]
    elif fault == "rows that skip":
        facts["history"][0]["epoch"] = 2
    else:
        facts = []
    with pytest.raises(ValueError, match=r"Its|It lacks"):
        restore_training(trained(MLPClassifier(**MLP), *digits, 1).net_, (tensors, json.dumps(facts)))

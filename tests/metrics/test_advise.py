"""Each rule on a real training that shows what it is about, and silence on healthy ones."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.datasets import fetch_fashion_mnist, load_digit_images
from skimgcls.metrics import Advice
from skimgcls.metrics._advise import advise


@pytest.fixture(scope="module")
def all_digits():
    return load_digit_images(return_X_y=True)


@pytest.fixture(scope="module")
def fashion(shared_data):
    X, y = fetch_fashion_mnist(data_home=shared_data, return_X_y=True)
    few = np.random.default_rng(0).permutation(len(y))[:10_000]
    return X[few], y[few]


def mlp(**params):
    return MLPClassifier(**{"validation_fraction": 0.1, "random_state": 0, **params})


def opening(advice):
    return [sentence.partition(":")[0].partition(";")[0] for sentence in advice]


HEALTHY = {
    "defaults": mlp(),
    "defaults, CNN": CNNClassifier(validation_fraction=0.1, random_state=0),
    "early stopping": mlp(max_epochs=100, early_stopping=True),
    "sgd": mlp(optimizer="sgd", lr=1e-2, max_epochs=30),
}
SICK = {
    "lr=1": (mlp(lr=1.0), "The learning rate looks too high", {"lr": [0.01, 0.03, 0.1, 0.3]}),
    "lr=1, CNN": (
        CNNClassifier(lr=1.0, max_epochs=3, conv_channels=8, random_state=0),
        "The learning rate looks too high",
        {"lr": [0.01, 0.03, 0.1, 0.3]},
    ),
    "lr=1e-5": (mlp(lr=1e-5), "The learning rate looks too low", {"lr": [3e-5, 1e-4, 3e-4, 1e-3]}),
    "lr=1e-5, nothing held out": (
        mlp(lr=1e-5, validation_fraction=None),
        "The learning rate looks too low",
        {"lr": [3e-5, 1e-4, 3e-4, 1e-3]},
    ),
    "5 epochs": (mlp(max_epochs=5), "Training ended early", {"max_epochs": [5, 10, 20], "lr": [1e-3, 3e-3]}),
    "tiny net": (
        mlp(hidden_units=2, max_epochs=60),
        "The network underfits",
        {"hidden_units": [2, 4, 8], "lr": [1e-3, 3e-3, 1e-2]},
    ),
    "nothing held out": (mlp(validation_fraction=None), "Overfitting would go unseen", {}),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_on_digits_is_met_with_silence(name, all_digits):
    advice = HEALTHY[name].fit(*all_digits).advise()
    assert not advice, str(advice)
    assert advice.param_grid == {}


@pytest.mark.parametrize("name", SICK)
@pytest.mark.filterwarnings("ignore:Training blew up:sklearn.exceptions.ConvergenceWarning")  # so it did
def test_what_is_wrong_with_a_training_on_digits_is_found(name, all_digits):
    clf, found, grid = SICK[name]
    advice = clf.fit(*all_digits).advise()
    assert opening(advice) == [found]
    assert advice.param_grid == grid


def test_too_many_epochs_on_few_images_overfit(fashion):
    X, y = fashion
    clf = mlp(max_epochs=100, validation_fraction=None).fit(X[:100], y[:100], X_val=X[-500:], y_val=y[-500:])
    advice = clf.advise()
    assert opening(advice) == ["The network overfits"]
    assert "the validation loss rose from" in advice[0]
    assert advice.param_grid["early_stopping"] == [True]
    stopped = mlp(max_epochs=100, validation_fraction=None, early_stopping=True)
    stopped.fit(X[:100], y[:100], X_val=X[-500:], y_val=y[-500:])
    assert "early_stopping" not in stopped.advise().param_grid


def test_defaults_on_fashion_mnist_are_met_with_silence(fashion):
    assert not mlp().fit(*fashion).advise()


def test_a_learning_rate_that_is_too_high_to_settle_is_found(fashion):
    X, y = fashion
    advice = mlp(lr=0.02, max_epochs=30).fit(X[:3000], y[:3000]).advise()
    assert opening(advice) == ["The training loss jumps up and down and does not settle"]
    assert advice.param_grid == {"lr": [0.002, 0.006, 0.02], "lr_schedule": [None, "cosine"]}


def test_a_plateau_under_weight_decay_is_found(fashion):
    X, y = fashion
    advice = mlp(weight_decay=0.03, max_epochs=60).fit(X[:3000], y[:3000]).advise()
    assert opening(advice) == ["Training has reached a plateau"]
    assert advice.param_grid == {"lr_schedule": [None, "cosine"], "weight_decay": [0.0, 0.003]}


def test_dropout_that_holds_training_back_is_named(fashion):
    X, y = fashion
    advice = mlp(dropout=0.9).fit(X[:3000], y[:3000]).advise()
    assert opening(advice) == ["The network underfits"]
    assert "weaken dropout (now 0.9)" in advice[0]
    assert advice.param_grid["dropout"] == [0.0, 0.5]
    assert "hidden_units" not in advice.param_grid


def test_a_penalty_that_leaves_nothing_to_learn_is_named(fashion):
    X, y = fashion
    advice = mlp(weight_decay=1.0).fit(X[:3000], y[:3000]).advise()
    assert opening(advice) == ["The network does no better than guessing"]
    assert advice.param_grid == {"weight_decay": [0.0, 0.1]}


@pytest.mark.parametrize("names", [range(3), ["cat", "dog", "frog"]], ids=["integers", "strings"])
def test_rare_classes_are_found_unless_they_are_weighted(names, all_digits):
    X, y = all_digits
    kept = np.concatenate([np.flatnonzero(y == 0)[:3], np.flatnonzero(y == 1), np.flatnonzero(y == 2)])
    X, y = X[kept], np.array(list(names))[y[kept]]
    clf = mlp(validation_fraction=None, max_epochs=5).fit(X, y)
    found = [sentence for sentence in clf.advise() if "imbalanced" in sentence]
    assert f"61 images of {names[1]!r} for one of {names[0]!r}" in found[0]
    assert clf.advise().param_grid["class_weight"] == [None, "balanced"]
    balanced = clf.set_params(class_weight="balanced").fit(X, y)
    assert not any("imbalanced" in sentence for sentence in balanced.advise())


@pytest.mark.parametrize("name", ["lr=1", "5 epochs", "tiny net"])
@pytest.mark.filterwarnings("ignore:Training blew up:sklearn.exceptions.ConvergenceWarning")  # so it did
def test_the_grid_works_in_a_search_as_it_is(name, all_digits):
    X, y = all_digits
    clf, *_ = SICK[name]
    grid = clf.fit(X, y).advise().param_grid
    search = GridSearchCV(clf.set_params(max_epochs=1), grid, cv=2).fit(X[:200], y[:200])
    assert search.best_score_ >= 0


@pytest.mark.parametrize(
    "grid",
    [
        {"dropout": [0.0, 0.25, 0.5], "augment": [None, "light"], "early_stopping": [True]},
        {"lr": [0.01], "lr_schedule": [None, "cosine"], "class_weight": [None, "balanced"]},
        {"conv_channels": [(2,), (4,)], "weight_decay": [0.0, 0.1], "l1": [0.0, 0.1]},
    ],
    ids=["overfitting", "plateau", "underfitting"],
)
def test_the_other_values_that_are_advised_are_accepted_too(grid, digits):
    X, y = digits
    clf = CNNClassifier(conv_channels=2, hidden_units=(), max_epochs=1, random_state=0)
    search = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) >= 4


def test_only_parameters_of_the_estimator_are_in_the_grid():
    history = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [99.0, 50, 20], "train_accuracy": 0.1})
    counts = {0: 50, 1: 1}
    assert advise(history, class_counts=counts, params={"lr": 1.0}).param_grid == {"lr": [0.01, 0.03, 0.1, 0.3]}
    advice = advise(history, class_counts=counts)
    assert len(advice) == 2
    assert advice.param_grid == {}


def test_a_loss_of_another_scale_is_not_compared_with_guessing():
    history = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [99.0, 50, 49], "train_accuracy": 0.9})
    assert advise(history, class_counts={0: 5, 1: 5}, params={"criterion": "nll"})
    assert not advise(history, class_counts={0: 5, 1: 5}, params={"criterion": pd.DataFrame})


def test_overfitting_beyond_the_loss_of_guessing_is_no_guessing():
    history = pd.DataFrame(
        {"epoch": range(1, 9), "train_loss": [0.6, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01, 0.01], "train_accuracy": 1.0}
    ).assign(valid_loss=[0.6, 0.5, 0.5, 0.7, 0.9, 1.1, 1.3, 1.4], valid_accuracy=0.8)
    assert opening(advise(history, class_counts={0: 90, 1: 90}, n_valid=100)) == ["The network overfits"]


def test_few_errors_beside_a_large_class_are_no_underfitting():
    history = pd.DataFrame({"epoch": range(1, 9), "train_loss": 0.02, "train_accuracy": 0.985})
    assert opening(advise(history, class_counts={0: 980, 1: 20})) == ["The classes are imbalanced"]


def test_a_training_that_turns_back_diverges():
    losses = [2.0, 1.0, 0.8, 0.9, 1.2, 1.6, 1.7, 1.9]
    history = pd.DataFrame({"epoch": range(1, 9), "train_loss": losses, "train_accuracy": 0.6})
    advice = advise(history, class_counts=dict.fromkeys(range(10), 10), params={"lr": 0.1})
    assert opening(advice) == ["Training diverges"]
    assert "0.8 nats in epoch 3 and is 1.9 in epoch 8" in advice[0]


def test_a_gap_that_few_validation_images_may_have_made_is_no_overfitting():
    history = pd.DataFrame(
        {"epoch": range(1, 9), "train_loss": 0.01, "train_accuracy": 1.0, "valid_loss": 0.4, "valid_accuracy": 0.8}
    )
    counts = dict.fromkeys(range(10), 100)
    assert opening(advise(history, class_counts=counts, n_valid=1000)) == ["The network overfits"]
    assert not advise(history, class_counts=counts, n_valid=20)


def test_something_that_stopped_early_is_not_told_to_go_on(all_digits):
    X, y = all_digits
    clf = mlp(max_epochs=5).fit(X, y)
    assert opening(clf.advise()) == ["Training ended early"]
    assert not clf.set_params(max_epochs=6).advise()


@pytest.mark.parametrize("n_epochs", [0, 1])
def test_a_training_without_a_course_gives_no_advice(n_epochs):
    columns = ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
    history = pd.DataFrame([[1, 1.5, 0.5, 1.0, 0.8]] * n_epochs, columns=columns)
    advice = advise(history, class_counts={0: 9, 1: 9}, n_valid=9, params={"lr": 0.1, "max_epochs": 1})
    assert isinstance(advice, Advice)
    assert not advice


def test_advice_comes_after_fit_and_changes_nothing(digits):
    X, y = digits
    clf = mlp(hidden_units=4, max_epochs=2)
    with pytest.raises(NotFittedError):
        clf.advise()
    before = clf.fit(X, y).predict_proba(X)
    clf.advise()
    assert np.array_equal(clf.predict_proba(X), before)
    del clf._class_counts  # as in a pickle of an earlier version
    clf.advise()

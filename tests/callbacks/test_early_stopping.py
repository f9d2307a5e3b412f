import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from skimgcls.callbacks import EarlyStopping

X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


class SmallNet(torch.nn.Module):
    """Has a buffer that training changes, as batch normalisation does."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(6)
        self.head = torch.nn.Linear(6, 2)

    def forward(self, X):
        return torch.softmax(self.head(self.norm(X)), dim=-1)


class Script(Callback):
    """Record given values as a column of the history, one per epoch, and remember the weights of each epoch."""

    def __init__(self, values, name="scripted_loss"):
        self.values = values
        self.name = name

    def initialize(self):
        self.weights_ = []
        return self

    def on_epoch_end(self, net, **kwargs):
        net.history.record(self.name, self.values[len(net.history) - 1])
        self.weights_.append(copy.deepcopy(net.module_.state_dict()))


def scripted_net(values, name="scripted_loss", max_epochs=None, **params):
    stopping = EarlyStopping(**{"monitor": name, "patience": 2, "tol": 0.0, **params})
    torch.manual_seed(0)
    script = Script(values, name)
    net = NeuralNetClassifier(
        SmallNet,
        max_epochs=max_epochs or len(values),
        train_split=None,
        verbose=0,
        iterator_train__shuffle=False,
        callbacks=[script, stopping],
    )
    return net, stopping, script


def assert_same_weights(module, state):
    for key, value in module.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=0)


def assert_other_weights(module, state):
    assert any(not torch.equal(value, state[key]) for key, value in module.state_dict().items())


def test_stops_after_patience_epochs_without_improvement_and_restores_the_best():
    net, stopping, script = scripted_net([3.0, 1.0, 2.0, 1.5, 0.5, 0.1])
    net.fit(X, Y)
    assert len(net.history) == 4
    assert (stopping.stopped_epoch_, stopping.best_epoch_, stopping.best_score_) == (4, 2, 1.0)
    assert_same_weights(net.module_, script.weights_[1])


def test_keeps_the_last_weights_without_restore_best():
    net, stopping, script = scripted_net([3.0, 1.0, 2.0, 1.5], restore_best=False)
    net.fit(X, Y)
    assert stopping.best_epoch_ == 2
    assert_same_weights(net.module_, script.weights_[3])


def test_restores_the_best_when_all_epochs_ran():
    net, stopping, script = scripted_net([3.0, 1.0, 2.0])
    net.fit(X, Y)
    assert stopping.stopped_epoch_ is None
    assert_same_weights(net.module_, script.weights_[1])


def test_restores_a_criterion_with_weights_too():
    class LearntCriterion(torch.nn.NLLLoss):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, *args):
            self.calls += 1
            return super().forward(*args)

    net, _, _ = scripted_net([1.0, 2.0, 3.0])
    net.set_params(criterion=LearntCriterion)
    net.fit(X, Y)
    assert net.criterion_.calls == 1  # one batch in the first, best epoch


@pytest.mark.parametrize("with_validation", [True, False])
def test_auto_monitor_works_with_and_without_validation_data(with_validation):
    stopping = EarlyStopping(patience=1, tol=1e9)
    split = predefined_split(Dataset(X[:10], Y[:10])) if with_validation else None
    net = NeuralNetClassifier(SmallNet, train_split=split, verbose=0, callbacks=[stopping]).fit(X, Y)
    assert stopping.monitor_ == ("valid_loss" if with_validation else "train_loss")
    assert stopping.stopped_epoch_ == 2
    assert stopping.best_score_ == min(net.history[:, stopping.monitor_])


def test_auto_monitor_starts_again_when_validation_data_goes_away():
    stopping = EarlyStopping()
    net = NeuralNetClassifier(
        SmallNet, train_split=predefined_split(Dataset(X, Y)), max_epochs=1, verbose=0, callbacks=[stopping]
    )
    net.partial_fit(X, Y)
    net.set_params(train_split=None)
    net.partial_fit(X, Y)
    assert (stopping.monitor_, stopping.best_epoch_) == ("train_loss", 2)


def test_missing_monitor_names_the_columns_that_are_there():
    net = NeuralNetClassifier(
        SmallNet, train_split=None, verbose=0, callbacks=[EarlyStopping(monitor="valid_loss", patience=1)]
    )
    with pytest.raises(ValueError, match=r"'valid_loss', but the history has: .*train_loss") as info:
        net.fit(X, Y)
    assert "batches" not in str(info.value)


@pytest.mark.parametrize(
    ("name", "best_epoch"),
    [
        ("my_loss", 1),
        ("calibration_error", 1),
        ("valid_accuracy", 2),
        ("valid_acc", 2),
        ("roc_auc", 2),
        ("macro_score", 2),
        ("neg_log_loss", 2),
    ],
)
def test_direction_is_read_off_the_name(name, best_epoch):
    net, stopping, _ = scripted_net([1.0, 2.0], name=name)
    net.fit(X, Y)
    assert stopping.best_epoch_ == best_epoch


@pytest.mark.parametrize("name", ["margin", "brier_score"])
def test_name_without_a_clear_direction_is_refused(name):
    net, _, _ = scripted_net([1.0], name=name)
    with pytest.raises(ValueError, match="Set lower_is_better to True or False"):
        net.fit(X, Y)


def test_direction_can_be_given():
    net, stopping, _ = scripted_net([1.0, 2.0], name="margin", lower_is_better=False)
    net.fit(X, Y)
    assert stopping.best_epoch_ == 2


def test_tol_is_absolute_and_lets_a_slow_steady_descent_go_on():
    values = [100.0, 99.4, 98.8, 98.2, 97.6, 97.0, 96.4]
    net, stopping, _ = scripted_net(values, tol=1.0)
    net.fit(X, Y)
    assert stopping.stopped_epoch_ is None

    net, stopping, _ = scripted_net(values, tol=1.3)
    net.fit(X, Y)
    assert stopping.stopped_epoch_ == 3


def test_best_epoch_does_not_depend_on_tol():
    net, stopping, script = scripted_net([1.0, 0.9, 0.95], tol=0.5)
    net.fit(X, Y)
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (2, 3)
    assert_same_weights(net.module_, script.weights_[1])


def test_not_a_number_never_improves():
    net, stopping, script = scripted_net([np.nan, 2.0, np.nan, np.inf, 1.0])
    net.fit(X, Y)
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (2, 4)
    assert_same_weights(net.module_, script.weights_[1])


def test_only_nan_stops_and_leaves_the_weights():
    net, stopping, script = scripted_net([np.nan] * 5)
    net.fit(X, Y)
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (None, 2)
    assert_same_weights(net.module_, script.weights_[1])


def test_counts_patience_across_partial_fit_calls():
    net, stopping, script = scripted_net([3.0, 1.0, 2.0, 1.5, 0.5], max_epochs=1)
    for epoch in range(1, 5):
        net.partial_fit(X, Y)
        assert stopping.stopped_epoch_ == (4 if epoch == 4 else None)
    assert_same_weights(net.module_, script.weights_[1])


def test_partial_fit_calls_train_the_path_of_one_fit_and_predict_with_the_best():
    values = [3.0, 1.0, 2.0, 1.5, 0.5]
    at_once, _, expected = scripted_net(values, patience=9)
    at_once.fit(X, Y)

    net, stopping, script = scripted_net(values, max_epochs=1, patience=9)
    for best in (1, 2, 2, 2, 5):
        net.partial_fit(X, Y)
        assert stopping.best_epoch_ == best
        assert_same_weights(net.module_, script.weights_[best - 1])
    for ours, theirs in zip(script.weights_, expected.weights_, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_goes_on_from_the_restored_weights_after_a_stop():
    net, stopping, script = scripted_net([1.0, 2.0, 3.0, 4.0, 5.0], max_epochs=3)
    net.fit(X, Y)
    assert stopping.stopped_epoch_ == 3
    net.partial_fit(X, Y)
    assert (stopping.stopped_epoch_, stopping.best_epoch_) == (5, 1)
    assert_same_weights(net.module_, script.weights_[0])


def test_weights_changed_by_hand_between_calls_are_respected():
    net, stopping, _ = scripted_net([1.0, 2.0, 3.0, 4.0], max_epochs=2, patience=9)
    net.set_params(lr=0.0)
    net.fit(X, Y)
    with torch.no_grad():
        net.module_.head.weight.fill_(7.0)
    net.partial_fit(X, Y)
    assert (net.module_.head.weight == 7.0).all()
    assert stopping.best_epoch_ == 3  # what was best before is gone


def test_interrupt_in_the_middle_of_the_epoch_after_the_best_restores_the_best():
    class Interrupt(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    net, stopping, script = scripted_net([3.0, 2.0, 1.0])
    net.callbacks.append(Interrupt())
    net.fit(X, Y)
    assert stopping.best_epoch_ == 2
    assert_same_weights(net.module_, script.weights_[1])


def test_survives_the_end_of_a_training_without_epochs():
    net, stopping, _ = scripted_net([1.0])
    net.set_params(max_epochs=0)
    net.fit(X, Y)
    assert (stopping.best_epoch_, stopping.best_score_, stopping.stopped_epoch_) == (None, None, None)


def test_a_new_fit_forgets_the_last_one():
    net, stopping, script = scripted_net([1.0, 2.0, 3.0])
    net.fit(X, Y)
    script.values = [9.0, 8.0, 7.0]
    net.fit(X, Y)
    assert (stopping.best_epoch_, stopping.best_score_, stopping.stopped_epoch_) == (3, 7.0, None)


def test_reuses_one_copy_of_the_weights():
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(stopping._weights_["module"]["head.weight"].data_ptr())

    net, stopping, _ = scripted_net([3.0, 2.0, 1.0])
    net.callbacks.append(Watch())
    net.fit(X, Y)
    assert len(seen) == 3
    assert len(set(seen)) == 1


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copied_net_goes_on_from_its_weights_and_keeps_the_best(duplicate):
    net, _, script = scripted_net([3.0, 1.0, 2.0, 9.0, 9.0, 9.0], max_epochs=3, patience=9)
    net.fit(X, Y)
    copied = duplicate(net)
    copied.partial_fit(X, Y)
    assert dict(copied.callbacks_)["EarlyStopping"].best_epoch_ == 2
    assert_same_weights(copied.module_, script.weights_[1])


def test_pickle_does_not_hold_the_weights_twice():
    net, stopping, _ = scripted_net([1.0, 2.0])
    net.fit(X, Y)
    assert pickle.loads(pickle.dumps(stopping))._weights_ is None
    assert stopping._weights_ is not None


def test_a_net_pickled_before_its_best_was_restored_searches_again():
    net, stopping, _ = scripted_net([1.0, 2.0, 3.0], max_epochs=2, patience=9)
    net.fit(X, Y)
    stopping._net_has_best_ = False  # as in a checkpoint written during training
    restored = pickle.loads(pickle.dumps(net))
    restored.partial_fit(X, Y, epochs=1)
    assert dict(restored.callbacks_)["EarlyStopping"].best_epoch_ == 3


def test_get_params_and_clone():
    stopping = EarlyStopping(monitor="valid_loss", patience=3)
    NeuralNetClassifier(SmallNet, verbose=0, max_epochs=1, callbacks=[stopping]).fit(X, Y)
    expected = {"monitor": "valid_loss", "patience": 3, "tol": 1e-4, "lower_is_better": "auto", "restore_best": True}
    assert stopping.get_params() == expected
    assert clone(stopping).get_params() == expected


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patience": 0}, "patience must be an integer of at least 1"),
        ({"patience": 2.5}, "patience must be"),
        ({"tol": -1.0}, "tol must be a number of at least 0"),
        ({"tol": float("nan")}, "tol must be"),
        ({"monitor": None}, "monitor must be"),
        ({"lower_is_better": "yes"}, "lower_is_better must be"),
    ],
)
def test_bad_parameters_are_refused_before_training(params, message):
    net = NeuralNetClassifier(SmallNet, verbose=0, callbacks=[EarlyStopping(**params)])
    with pytest.raises(ValueError, match=message):
        net.fit(X, Y)
    assert not net.history

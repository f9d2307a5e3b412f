import copy
import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from skorch.helper import predefined_split
from torch.nn import functional as F

from skimgcls.architectures import MLP, ConvNet
from skimgcls.exceptions import DivergedError
from skimgcls.images import ImageLayout
from skimgcls.training import BatchIterator, ImageDataset, TrainingNet, build_scaled_network
from skimgcls.training._losses import CrossEntropy, FocalLoss
from skimgcls.training._optimizers import OPTIMIZERS, make_optimizer
from skimgcls.training._schedules import SCHEDULES
from skimgcls.utils._random import make_generator

N, K = 45, 3
X = np.random.default_rng(0).random((N, 1, 8, 8))
Y = np.digitize(X[:, 0, 2:6, 2:6].mean((1, 2)), [0.46, 0.54])


def dataset_of(rows=slice(None), weights=None):
    return ImageDataset.from_arrays(X[rows].reshape(-1, 64), ImageLayout(8, 8, 1, True), Y[rows], weights)


def build(make=None, *, seed=0, **params):
    make = make or (lambda: MLP((1, 8, 8), K, hidden_units=(6,), **params))
    return build_scaled_network(
        make, dataset_of(), n_classes=K, seed=seed, dtype=torch.float64, device=torch.device("cpu"), foreign=False
    )


def net_of(module=None, *, optimizer="sgd", momentum=0.9, weight_decay=0.0, valid=None, **params):
    cls, optimizer_params = make_optimizer(optimizer, momentum=momentum, weight_decay=weight_decay, device="cpu")
    settings = {
        "criterion": CrossEntropy,
        "optimizer": cls,
        **{f"optimizer__{name}": value for name, value in optimizer_params.items()},
        "lr": 0.05,
        "batch_size": 10,
        "max_epochs": 3,
        "verbose": 0,
        **params,
    }
    module = build() if module is None else module
    callbacks, seed = settings.pop("callbacks", None), settings.pop("seed", 0)
    return TrainingNet.from_settings(
        module,
        settings,
        seed=seed,
        callbacks=callbacks,
        classes=list(range(K)),
        train_split=None if valid is None else predefined_split(valid),
    )


def train(net, epochs=3, data=None):
    return net.partial_fit(dataset_of() if data is None else data, None, epochs=epochs)


def weights_of(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.module_.parameters()])


class EveryBatch(Callback):
    """Hooks into batches, which makes the net go skorch's own way."""

    def on_batch_end(self, net, **kwargs):
        pass


class AtBatchEnd(Callback):
    def __init__(self, function):
        self.function = function

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.function(net)


class AtEpochEnd(Callback):
    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, net, **kwargs):
        self.function(net)


# ----------------------------------------------------------- what is computed


@pytest.mark.parametrize("callbacks", [[], [EveryBatch()]])
def test_an_epoch_is_the_loop_that_one_would_write_in_torch(callbacks):
    weights = np.linspace(0.5, 1.5, N)
    net = net_of(build(), callbacks=callbacks)
    by_hand = copy.deepcopy(net.module_)
    train(net, 2, dataset_of(weights=weights))

    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.05, momentum=0.9)
    images, codes = torch.from_numpy(X), torch.from_numpy(Y)
    losses = []
    for epoch in range(2):
        order = torch.randperm(N, generator=make_generator(0, "shuffle", epoch))
        loss_sum = 0.0
        for batch in order.split(10):
            optimizer.zero_grad()
            each = F.cross_entropy(by_hand(images[batch]), codes[batch], reduction="none")
            loss = (each * torch.from_numpy(weights)[batch]).mean()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch)
        losses.append(loss_sum / N)

    assert net.history[:, "train_loss"] == pytest.approx(losses, rel=1e-10)
    torch.testing.assert_close(
        weights_of(net), torch.cat([p.detach().flatten() for p in by_hand.parameters()]), rtol=1e-10, atol=1e-12
    )


SETTINGS = [
    *({"optimizer": name} for name in OPTIMIZERS),
    *({"lr_schedule": name, "max_epochs": 4} for name in SCHEDULES),
    {"l1": 0.01},
    {"weight_decay": 0.1},
    {"gradient_clip": 0.1},
    {"l1": 0.01, "gradient_clip": 0.1, "optimizer": "adam"},
    {"criterion": FocalLoss},
    {"criterion__label_smoothing": 0.2},
    {"batch_size": 11},  # 45 = 4 * 11 + 1: the last image joins the batch before it
    {"batch_size": 1},
    {"batch_size": 1000},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_skorchs_own_steps_and_the_lean_epoch_give_the_same(settings):
    layers = {"dropout": 0.3, "norm": None if settings.get("batch_size") == 1 else "batch"}
    data = dataset_of(slice(20), weights=np.linspace(0.5, 1.5, 20)) if settings.get("batch_size") == 1 else dataset_of()
    lean, slow = (
        train(net_of(build(**layers), callbacks=callbacks, valid=dataset_of(slice(9)), **settings), 3, data)
        for callbacks in ([], [EveryBatch()])
    )
    assert not lean.batch_hooks_
    assert slow.batch_hooks_
    torch.testing.assert_close(weights_of(lean), weights_of(slow), rtol=1e-9, atol=1e-11)
    for lean_row, slow_row in zip(lean.history.to_list(), slow.history.to_list(), strict=True):
        assert lean_row.pop("batches") == slow_row.pop("batches") == [{}]
        assert slow_row == pytest.approx(lean_row, rel=1e-9)


def test_loss_and_accuracy_of_validation_are_those_of_the_weights_after_the_epoch():
    valid = dataset_of(slice(13))
    net = net_of(build(dropout=0.5, norm="batch"), valid=valid)
    seen = []
    net.callbacks_.append(("look", AtEpochEnd(lambda net: seen.append(net.predict_logits(valid)))))
    train(net)
    for row, logits in zip(net.history, seen, strict=True):
        assert row["valid_loss"] == pytest.approx(F.cross_entropy(logits, valid.y).item())
        assert row["valid_accuracy"] == pytest.approx((logits.argmax(1) == valid.y).double().mean().item())


def test_validation_uses_the_weights_of_its_images():
    weights = np.linspace(0.1, 1.9, 13)
    valid = dataset_of(slice(13), weights=weights)
    net = train(net_of(valid=valid), 1)
    each = F.cross_entropy(net.predict_logits(valid), valid.y, reduction="none")
    assert net.history[-1, "valid_loss"] == pytest.approx((each * torch.from_numpy(weights)).mean().item())


# --------------------------------------------------- what is done to gradients


@pytest.mark.parametrize("callbacks", [[], [EveryBatch()]])
@pytest.mark.parametrize("clip", [1e-3, 0.05])
def test_gradient_clip_bounds_each_step(clip, callbacks):
    norms = []
    net = net_of(build(), momentum=0.0, lr=1.0, gradient_clip=clip, batch_size=-1, callbacks=callbacks)
    for _ in range(4):
        before = weights_of(net)
        train(net, 1)
        norms.append((weights_of(net) - before).norm().item())
    assert max(norms) <= clip * (1 + 1e-6)
    assert max(norms) > 0.9 * clip


def test_a_clip_that_nothing_reaches_changes_nothing():
    clipped, free = (train(net_of(build(), gradient_clip=clip)) for clip in (1e9, None))
    assert torch.equal(weights_of(clipped), weights_of(free))


# ----------------------------------------------------------- randomness, modes


@pytest.mark.parametrize("callbacks", [[], [EveryBatch()]])
def test_epochs_one_by_one_equal_as_many_at_once(callbacks):
    make = {"dropout": 0.4, "norm": "batch"}
    at_once = train(net_of(build(**make), callbacks=callbacks), 4)
    one_by_one = net_of(build(**make), callbacks=callbacks)
    for _ in range(4):
        train(one_by_one, 1)
    assert torch.equal(weights_of(one_by_one), weights_of(at_once))
    assert one_by_one.history[:, "train_loss"] == at_once.history[:, "train_loss"]


def test_training_draws_from_its_seed_and_never_from_the_global_generator():
    before = torch.random.get_rng_state()
    first = train(net_of(build(dropout=0.5), seed=1))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    assert torch.equal(weights_of(train(net_of(build(dropout=0.5), seed=1))), weights_of(first))
    assert not torch.equal(weights_of(train(net_of(build(dropout=0.5), seed=2))), weights_of(first))


def test_dropout_gives_its_generator_back_also_after_an_error():
    net = net_of(build(dropout=0.5), callbacks=[AtBatchEnd(lambda net: 1 / 0)])
    with pytest.raises(ZeroDivisionError):
        train(net, 1)
    assert all(module.generator is None for module in net.module_.modules() if hasattr(module, "generator"))


@pytest.mark.parametrize("when", [AtBatchEnd, AtEpochEnd])
def test_a_callback_may_predict_in_between_without_a_trace(when):
    make = {"dropout": 0.4, "norm": "batch"}
    silent = train(net_of(build(**make), callbacks=[when(lambda net: None)]))
    predicting = train(net_of(build(**make), callbacks=[when(lambda net: net.predict_proba(dataset_of()))]))
    assert torch.equal(weights_of(predicting), weights_of(silent))


# ---------------------------------------------------------- what ends an epoch


class StopsAt(Callback):
    def __init__(self, hook, n_calls):
        self.hook = hook
        self.n_calls = n_calls
        self.n_called = 0

    def on_epoch_begin(self, net, **kwargs):
        self._count("epoch_begin")

    def on_batch_end(self, net, **kwargs):
        self._count("batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._count("epoch_end")

    def _count(self, hook):
        self.n_called += hook == self.hook
        if hook == self.hook and self.n_called == self.n_calls:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("hook", "n_calls"), [("epoch_begin", 3), ("batch_end", 12), ("epoch_end", 2)])
def test_an_epoch_that_was_not_finished_is_no_row(hook, n_calls):
    net = train(net_of(callbacks=[StopsAt(hook, n_calls)]), 9)
    assert net.history[:, "epoch"] == [1, 2]
    assert [row["batches"] for row in net.history] == [[{}], [{}]]
    train(net, 1)
    assert net.history[:, "epoch"] == [1, 2, 3]


def test_divergence_is_an_error_that_keeps_the_weights_of_the_epochs_start():
    net = train(net_of(optimizer="adam"), 2)
    weights = weights_of(net)
    net.change_settings(**{**net.settings_, "lr": 1e300})
    with pytest.raises(DivergedError, match=r"diverged in epoch 3.*lr=1e\+300.*Lower lr"):
        train(net, 1)
    assert torch.equal(weights_of(net), weights)
    assert len(net.history) == 2
    net.change_settings(**{**net.settings_, "lr": 0.01})
    assert math.isfinite(train(net, 1).history[-1, "train_loss"])


@pytest.mark.parametrize(("call", "expected"), [({"epochs": 4}, 4), ({}, 3)])
def test_callbacks_can_read_how_many_epochs_are_planned(call, expected):
    planned = []
    net = net_of(callbacks=[AtEpochEnd(lambda net: planned.append(net.planned_epochs_))])
    net.partial_fit(dataset_of(), None, **call)
    assert planned == [expected] * expected


# ------------------------------------------------------------------- predicting


def test_logits_are_those_of_the_module_in_evaluation_mode():
    net = train(net_of(build(dropout=0.5, norm="batch")))
    net.module_.train()
    state = copy.deepcopy(net.module_.state_dict())
    logits = net.predict_logits(dataset_of())
    assert not logits.requires_grad
    net.module_.eval()
    torch.testing.assert_close(logits, net.module_(torch.from_numpy(X)))
    assert all(torch.equal(net.module_.state_dict()[name], tensor) for name, tensor in state.items())


def test_logits_do_not_depend_on_how_many_images_come_together():
    net = train(net_of())
    together = net.predict_logits(dataset_of(np.tile(np.arange(N), 20)))
    torch.testing.assert_close(together, net.predict_logits(dataset_of()).repeat(20, 1))


@pytest.mark.parametrize("form", ["dataset", "array", "tensor"])
def test_skorchs_own_predictions_are_codes_and_probabilities(form):
    net = train(net_of())
    given = {"dataset": dataset_of(), "array": X, "tensor": torch.from_numpy(X)}[form]
    logits = net.predict_logits(dataset_of())
    np.testing.assert_allclose(net.predict_proba(given), logits.softmax(1), rtol=1e-10)
    np.testing.assert_array_equal(net.predict(given), logits.argmax(1))


def test_skorchs_own_score_works_on_arrays():
    net = train(net_of())
    assert net.score(X, Y) == (net.predict(X) == Y).mean()


def test_arrays_go_skorchs_way_and_image_datasets_ours():
    net = net_of()
    assert isinstance(net.get_iterator(dataset_of()), BatchIterator)
    assert isinstance(net.get_iterator(net.get_dataset(X, Y)), torch.utils.data.DataLoader)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_half_precision_gives_losses_and_logits_of_float32(precision):
    def make():
        return ConvNet((1, 8, 8), K, conv_channels=(8, 8))

    module = build_scaled_network(
        make, dataset_of(), n_classes=K, seed=0, dtype=torch.float32, device=torch.device("cpu"), foreign=False
    )
    net = train(net_of(module, precision=precision, optimizer="adam", lr=0.01), 2)
    dtypes = []
    net.module_.network.classifier.output.register_forward_hook(lambda _, __, output: dtypes.append(output.dtype))
    logits = net.predict_logits(dataset_of())
    assert set(dtypes) == {torch.bfloat16 if precision == "bf16" else torch.float32}
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()
    assert all(math.isfinite(loss) for loss in net.history[:, "train_loss"])
    assert {parameter.dtype for parameter in net.module_.parameters()} == {torch.float32}


# ------------------------------------------------------- files, copies, pickles


def test_parameters_saved_by_skorch_load_into_another_net(tmp_path):
    files = {f"f_{name}": tmp_path / name for name in ("params", "optimizer", "criterion", "history")}
    net = train(net_of(build(norm="batch"), optimizer="adam"))
    net.save_params(**files)
    other = net_of(build(norm="batch", seed=7), optimizer="adam")
    other.load_params(**files)
    torch.testing.assert_close(other.predict_logits(dataset_of()), net.predict_logits(dataset_of()), rtol=0, atol=0)
    assert torch.equal(weights_of(train(other, 1)), weights_of(train(net, 1)))


def test_a_pickle_holds_neither_data_nor_callbacks_and_trains_on_the_same():
    unpicklable = AtEpochEnd(lambda net: None)
    net = train(net_of(build(dropout=0.3), optimizer="adam", callbacks=[unpicklable], valid=dataset_of(slice(9))), 2)
    again = pickle.loads(pickle.dumps(net))
    assert (again.callbacks, again.callbacks_, again.train_split) == (None, [], None)
    assert torch.equal(weights_of(train(again, 1)), weights_of(train(net, 1)))


def test_pickling_leaves_the_net_itself_as_it_was():
    net = train(net_of(callbacks=[EveryBatch()]), 1)
    before = dict(vars(net))
    pickle.dumps(net)
    assert vars(net) == before


def test_the_net_can_be_printed_cloned_and_asked_for_its_parameters():
    net = train(net_of())
    assert "initialized" in repr(net)
    assert net.get_params()["lr"] == 0.05
    cloned = clone(net)
    assert not cloned.initialized_
    assert cloned.get_params()["batch_size"] == 10


@pytest.mark.parametrize("training", [True, False])
def test_the_parts_of_a_split_of_skorch_are_looked_up_too(training):
    split = torch.utils.data.Subset(dataset_of(), [3, 4, 5])
    batches = net_of().get_iterator(split, training=training)
    assert isinstance(batches, BatchIterator)
    assert sum(len(images) for images, _ in batches) == 3

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skimgcls.architectures import InputScaling, ScaledNetwork, TransferNetwork
from skimgcls.images import read_images
from skimgcls.preprocessing import RandomFlip
from skimgcls.training import ImageDataset
from skimgcls.training._feature_cache import FEATURE_CACHE
from skimgcls.training._losses import make_criterion
from skimgcls.training._training_state import restore_training, training_state
from skimgcls.training._transfer_net import TransferNet


class Counting(nn.Sequential):
    """Counts the images that pass, apart for training and evaluation."""

    def forward(self, x):
        self.seen = getattr(self, "seen", 0) + len(x)
        return super().forward(x)


def make_net(*, freeze="backbone", lr=0.05, max_epochs=4, seed=0, callbacks="disable", optimizer="Adam", **settings):
    torch.manual_seed(seed)
    backbone = Counting(
        *[nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3)],
        *[nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(6)],
    )
    module = ScaledNetwork(InputScaling([0.0], [16.0]), TransferNetwork(backbone, 6, 10, dropout=0.2))
    criterion, criterion_params = make_criterion("cross_entropy", 0.0)
    settings = {"lr": lr, "freeze": freeze, "max_epochs": max_epochs, "batch_size": 32, "verbose": 0, **settings}
    settings |= {"criterion": criterion, "optimizer": getattr(torch.optim, optimizer)}
    settings |= {f"criterion__{name}": value for name, value in criterion_params.items()}
    fixed = {"classes": list(range(10)), "n_classes": 10, "train_split": None, "device": "cpu"}
    return TransferNet.from_settings(module, settings, seed=seed, callbacks=callbacks, **fixed)


@pytest.fixture
def data(digits):
    X, y = digits
    rows, layout = read_images(X, estimator="Test")
    dataset = ImageDataset.from_arrays(rows, layout, y.astype(np.int64))
    return dataset.subset(np.arange(160)), dataset.subset(np.arange(160, 200))


def state_of(net):
    return {name: value.clone() for name, value in net.module_.state_dict().items()}


def assert_same_state(net, other):
    for name, value in net.module_.state_dict().items():
        assert torch.equal(value, other.module_.state_dict()[name]), name
    losses = [[row["train_loss"] for row in each.history] for each in (net, other)]
    assert losses[0] == losses[1]


def moved(net, before):
    return {name for name, value in net.module_.state_dict().items() if (value != before[name]).any()}


HEAD = {"network.head.linear.weight", "network.head.linear.bias"}


# ---------------------------------------------------------------------- freezing


def test_of_a_frozen_backbone_nothing_moves_but_the_head(data):
    net = make_net()
    before = state_of(net)
    net.train(*data, 3)
    assert moved(net, before) == HEAD
    losses = [row["train_loss"] for row in net.history]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("freeze", [None, 0, 2, 4])
def test_statistics_of_what_is_frozen_stay_and_others_move(freeze, data):
    net = make_net(freeze=freeze)
    before = state_of(net)
    net.train(*data, 1)
    still = set(before) - moved(net, before) - {"scaling.mean", "scaling.std", "network.mean", "network.std"}
    parts = [f"network.backbone.{index}." for index in (0, 1, 3, 5)]
    frozen = tuple(parts[: freeze or 0])
    assert all(name.startswith(frozen) for name in still) if frozen else not still
    assert {name for name in before if frozen and name.startswith(frozen)} == still


def test_everything_is_trained_after_the_epochs_that_were_asked_for(data):
    net = make_net(unfreeze_after=2)
    before = state_of(net)
    net.train(*data, 2)
    assert moved(net, before) == HEAD
    net.train(*data, 1)
    assert "network.backbone.0.weight" in moved(net, before)
    assert "network.backbone.1.running_mean" in moved(net, before)


@pytest.mark.parametrize(
    "settings", [{}, {"unfreeze_after": 2}, {"freeze": 2, "unfreeze_after": 1}, {"freeze": None}], ids=str
)
@pytest.mark.parametrize("optimizer", ["Adam", "SGD"])
def test_epochs_one_by_one_equal_all_at_once_to_the_bit(settings, optimizer, data):
    at_once, apart = (
        make_net(optimizer=optimizer, lr_schedule="cosine", backbone_lr=0.01, **settings) for _ in range(2)
    )
    at_once.train(*data, 4)
    for _ in range(4):
        apart.train(*data, 1)
    assert_same_state(at_once, apart)


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_training_goes_on_from_a_saved_state_on_either_side_of_unfreezing(stopped_after, data):
    whole, stopped, resumed = (make_net(unfreeze_after=2, backbone_lr=0.01) for _ in range(3))
    whole.train(*data, 4)
    stopped.train(*data, stopped_after)
    restore_training(resumed, training_state(stopped))
    resumed.train(*data, 4 - stopped_after)
    assert_same_state(whole, resumed)


# ----------------------------------------------------------------- features once


def test_each_image_passes_the_frozen_backbone_once(data):
    net = make_net()
    net.train(*data, 1)
    after_one = net.network.backbone.seen
    other = make_net()
    other.train(*data, 4)
    assert other.network.backbone.seen == after_one
    assert 200 <= after_one <= 216  # a measurement and the company of a last batch too


def test_features_are_let_go_after_training(data):
    net = make_net()
    net.train(*data, 1)
    assert not net._features
    assert not net._sources


def test_augmented_images_pass_in_each_epoch(data):
    net = make_net(augmentation=RandomFlip())
    net.train(*data, 3)
    assert net.network.backbone.seen == 600


class Watching(Callback):
    """Looks into batches."""

    def __init__(self):
        self.shapes = set()

    def on_batch_begin(self, net, batch=None, training=None, **_):
        self.shapes.add(batch[0].shape[1:])


def test_a_callback_that_looks_into_batches_sees_images(data):
    callback = Watching()
    net = make_net(callbacks=[("watching", callback)])
    net.train(*data, 2)
    assert callback.shapes == {(1, 8, 8)}
    plain = make_net()
    plain.train(*data, 2)
    weights = [each.network.head.linear.weight for each in (net, plain)]
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-4)


class Predicting(Callback):
    """Predicts at the end of each epoch and keeps a pickle of the net."""

    def __init__(self, dataset):
        self.dataset, self.shapes, self.pickles = dataset, [], []

    def on_epoch_end(self, net, **_):
        self.shapes.append(tuple(net.predict_logits(self.dataset).shape))
        self.pickles.append(pickle.dumps(net))


def test_a_callback_that_predicts_or_pickles_changes_nothing(data):
    callback = Predicting(data[1])
    net, plain = make_net(callbacks=[("predicting", callback)]), make_net()
    net.train(*data, 3)
    plain.train(*data, 3)
    assert callback.shapes == [(40, 10)] * 3
    assert_same_state(net, plain)
    assert max(map(len, callback.pickles)) < 60_000
    restored = pickle.loads(callback.pickles[-1])
    assert torch.equal(restored.predict_logits(data[1]), plain.predict_logits(data[1]))


def test_weights_of_images_reach_the_head(data):
    train, _ = data
    weighted = train.labelled(train.codes, torch.linspace(0.1, 1.9, 160))
    net, plain = make_net(), make_net()
    net.train(weighted, None, 2)
    plain.train(train, None, 2)
    assert (net.network.head.linear.weight != plain.network.head.linear.weight).any()


# ------------------------------------------------------------ the cache of a process


@pytest.fixture
def cache():
    FEATURE_CACHE.clear()
    yield FEATURE_CACHE
    FEATURE_CACHE.clear()


def test_another_net_with_the_same_backbone_computes_nothing(data, cache):
    first, second, without = make_net(feature_cache=2**20), make_net(feature_cache=2**20), make_net()
    first.train(*data, 2)
    second.network.backbone.seen = 0
    second.train(*data, 2)
    without.train(*data, 2)
    assert second.network.backbone.seen == 0
    assert_same_state(second, without)
    assert len(cache) == 200


def test_predictions_read_the_cache_and_change_by_no_more_than_rounding(data, cache):
    net, without = make_net(feature_cache=2**20), make_net()
    net.train(*data, 2)
    without.train(*data, 2)
    net.network.backbone.seen = 0
    logits = net.predict_logits(data[0])
    assert net.network.backbone.seen == 0
    torch.testing.assert_close(logits, without.predict_logits(data[0]))
    assert torch.equal(net.predict_logits(data[0]), logits)  # no dropout


def test_a_backbone_that_trains_is_not_looked_up(data, cache):
    net = make_net(freeze=2, feature_cache=2**20)
    net.train(*data, 1)
    net.predict_logits(data[1])
    assert len(cache) == 0


# ---------------------------------------------------------------- learning rates


def rates(net):
    return {group["is_backbone"]: group["lr"] for group in net.optimizer_.param_groups}


def test_head_and_backbone_have_rates_of_their_own_which_a_schedule_keeps_apart(data):
    net = make_net(lr=0.1, backbone_lr=0.02, freeze=None, lr_schedule="step", max_epochs=4)
    assert rates(net) == pytest.approx({False: 0.1, True: 0.02})
    net.train(*data, 4)
    assert rates(net) == pytest.approx({False: 0.001, True: 0.0002})
    assert [row["lr"] for row in net.history] == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_without_a_rate_of_its_own_the_backbone_has_that_of_the_head():
    assert rates(make_net(lr=0.1)) == {False: 0.1, True: 0.1}


def test_rates_may_change_between_epochs_and_the_optimizer_keeps_what_it_knows(data):
    net = make_net(lr=0.1, backbone_lr=0.02, freeze=None)
    net.train(*data, 1)
    optimizer = net.optimizer_
    net.change_settings(**net.settings_ | {"backbone_lr": 0.05})
    assert rates(net) == pytest.approx({False: 0.1, True: 0.05})
    net.change_settings(**net.settings_ | {"lr": 0.2})
    assert rates(net) == pytest.approx({False: 0.2, True: 0.05})
    assert net.optimizer_ is optimizer


def test_groups_of_the_user_keep_their_distance():
    groups = [("network.backbone.0.*", {"lr": 0.05})]
    net = make_net(lr=0.1, backbone_lr=0.01, freeze=None, optimizer__param_groups=groups)
    found = [(group["is_backbone"], round(group["lr"], 6)) for group in net.optimizer_.param_groups]
    assert sorted(found) == [(False, 0.1), (True, 0.005), (True, 0.01)]


# ------------------------------------------------------------------------- faults


def test_a_batch_of_one_image_says_what_to_do(data):
    net = make_net(freeze=None)
    one = copy.copy(data[0]).subset([0])
    with pytest.raises(ValueError, match=r"normalizations of the backbone .* batch_size=32 of 1 .* freeze='backbone'"):
        net.train(one, None, 1)
    make_net().train(one, None, 1)

import copy

import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.training import TrainingNet


@pytest.fixture
def clf(digits):
    return MLPClassifier((8,), optimizer="adam", norm="batch", max_epochs=1, random_state=0).fit(*digits)


def tensors_of(net):
    state = [value for group in net.optimizer_.state.values() for value in group.values() if torch.is_tensor(value)]
    return [*net.module_.state_dict().values(), *net.criterion_.state_dict().values(), *state]


def test_everything_that_training_changes_moves(clf):
    clf.net_.move_to("meta")
    assert {tensor.device.type for tensor in tensors_of(clf.net_)} == {"meta"}
    assert clf.net_.device == "meta"


def test_moving_to_the_device_where_it_is_changes_nothing(clf, digits):
    other = copy.deepcopy(clf)
    clf.net_.move_to(torch.device("cpu"))
    assert clf.device_ == "cpu"
    clf.partial_fit(*digits)
    other.partial_fit(*digits)
    assert all(map(torch.equal, tensors_of(clf.net_), tensors_of(other.net_)))


@pytest.mark.parametrize("device", ["cuda", "cuda:3", "mps"])
def test_a_pickle_from_a_device_that_is_not_here_goes_on_without_it(clf, digits, device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    state = {**copy.deepcopy(clf.net_).__getstate__(), "device": device}
    there = copy.deepcopy(clf)
    there.net_ = TrainingNet.__new__(TrainingNet)
    there.net_.__setstate__(state)
    assert there.device_ == "cpu"
    there.partial_fit(*digits)
    clf.partial_fit(*digits)
    assert all(map(torch.equal, tensors_of(there.net_), tensors_of(clf.net_)))

import pickle

import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.training._portable_state import portable_state, settle_on_device


@pytest.fixture
def net(rng):
    X = rng.integers(0, 256, (20, 4, 4), dtype="uint8")
    return MLPClassifier((4,), max_epochs=1, random_state=0).fit(X, [0, 1] * 10).net_


def test_a_net_on_the_cpu_is_not_copied(net):
    state = portable_state(net)
    assert state["module_"] is net.module_
    assert state is not net.__dict__


def test_a_net_of_another_device_is_copied_to_the_cpu_with_its_optimizer_on_the_copied_weights(net):
    # "meta" stands in for a device that the reading machine may lack; the weights of the net stay where they are
    net.device = "meta"
    state = portable_state(net)
    assert state["module_"] is not net.module_
    assert state["module"] is state["module_"]
    parameters = {id(parameter) for parameter in state["module_"].parameters()}
    held = {id(parameter) for group in state["optimizer_"].param_groups for parameter in group["params"]}
    assert held == parameters
    assert all(parameter.device.type == "cpu" for parameter in state["module_"].parameters())


def test_a_net_whose_device_is_missing_settles_on_the_cpu_and_trains_on(net):
    net.device = "cuda:77"
    settle_on_device(net)
    assert net.device == "cpu"
    assert all(parameter.device.type == "cpu" for parameter in net.module_.parameters())


def test_pickled_weights_come_back_equal(net):
    again = pickle.loads(pickle.dumps(net))
    assert all(map(torch.equal, net.module_.state_dict().values(), again.module_.state_dict().values()))

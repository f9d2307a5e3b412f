import inspect
import pickle

import pytest

from skimgcls import exceptions


@pytest.mark.parametrize("name", exceptions.__all__)
def test_each_exception_is_a_value_error_that_callers_of_scikit_learn_already_catch(name):
    error = getattr(exceptions, name)
    with pytest.raises(ValueError, match="what happened"):
        raise error("what happened")


@pytest.mark.parametrize("name", exceptions.__all__)
def test_each_exception_survives_the_way_back_from_a_worker_process(name):
    sent = getattr(exceptions, name)("what happened")
    received = pickle.loads(pickle.dumps(sent))
    assert type(received) is type(sent)
    assert received.args == sent.args


def test_every_public_class_of_the_module_is_in_all():
    classes = [
        name
        for name, member in vars(exceptions).items()
        if inspect.isclass(member) and member.__module__ == exceptions.__name__ and not name.startswith("_")
    ]
    assert sorted(classes) == sorted(exceptions.__all__)

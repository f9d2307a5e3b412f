import importlib
import sys

import sklearn
from sklearn.utils.fixes import parse_version

import skimgcls.utils._sklearn_compat as compat

HAS_CALLBACKS = parse_version(sklearn.__version__) >= parse_version("1.9")


def test_callback_support_is_scikit_learns_own_where_it_has_one():
    assert (compat.CallbackSupportMixin.__module__.partition(".")[0] == "sklearn") == HAS_CALLBACKS


def test_without_callbacks_in_scikit_learn_a_stand_in_has_none_to_set(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)  # importing it fails, as before 1.9
    try:
        stand_in = importlib.reload(compat).CallbackSupportMixin
        assert stand_in.__module__ == compat.__name__
        assert not hasattr(stand_in, "set_callbacks")
    finally:
        monkeypatch.undo()
        importlib.reload(compat)

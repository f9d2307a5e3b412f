import numpy as np
import pytest
import torch

from skimgcls.utils._is_same import is_same


class Incomparable:
    def __eq__(self, other):
        raise TypeError("not comparable")

    __hash__ = None


def function():
    pass


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 1),
        (1, 1.0),
        ("relu", "relu"),
        (None, None),
        (function, function),
        ((16, 8), (16, 8)),
        ((16, 8), [16, 8]),
        (np.array([16, 8]), np.array([16, 8])),
        (np.array([16, 8]), (16, 8)),
        (torch.ones(3), torch.ones(3)),
        ({"a": np.ones(2), "b": (1,)}, {"b": [1], "a": np.ones(2)}),
        ([torch.ones(2), "x"], [torch.ones(2), "x"]),
        (np.ones((2, 3)), np.ones((2, 3))),
        ([], ()),
        (np.float64(0.5), 0.5),
    ],
)
def test_equal_values_are_the_same(first, second):
    assert is_same(first, second) is True
    assert is_same(second, first) is True


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 2),
        (1, None),
        ("relu", "gelu"),
        ("a", ["a"]),
        ((16,), 16),
        ((16, 8), (16, 9)),
        ((16, 8), (16, 8, 8)),
        ((), None),
        (np.array([16, 8]), np.array([16, 9])),
        (np.ones((2, 3)), np.ones((3, 2))),
        (np.ones((2, 3)), np.ones(3)),
        (np.array([1]), 1),
        (torch.ones(3), torch.zeros(3)),
        (torch.ones(3), torch.ones(4)),
        (torch.ones(2, 3), torch.ones(3)),
        (torch.ones(3), None),
        ({"a": 1}, {"b": 1}),
        ({"a": np.ones(2)}, {"a": np.ones(3)}),
        ({}, None),
        (function, lambda: None),
        (torch.optim.SGD, torch.optim.Adam),
        (Incomparable(), Incomparable()),
    ],
)
def test_other_values_are_not_the_same(first, second):
    assert is_same(first, second) is False
    assert is_same(second, first) is False


def test_an_object_is_the_same_as_itself_whatever_its_comparison_says():
    for value in (Incomparable(), float("nan"), np.array([np.nan])):
        assert is_same(value, value) is True

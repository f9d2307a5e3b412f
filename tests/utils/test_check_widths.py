import numpy as np
import pytest

from skimgcls.utils._check_widths import check_widths


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((32, 16), (32, 16)),
        ([32, 16], (32, 16)),
        (np.array([32, 16]), (32, 16)),
        (32, (32,)),
        (np.int64(32), (32,)),
        ((), ()),
        (range(1, 4), (1, 2, 3)),
    ],
)
def test_widths_become_a_tuple_of_pythons_integers(value, expected):
    widths = check_widths("hidden_units", value)
    assert widths == expected
    assert {type(width) for width in widths} <= {int}


@pytest.mark.parametrize("value", [(32, 0), (32, -1), 0, (32, 16.0), ("a",), "32", (32, None), ((32, 16),)])
def test_what_is_no_list_of_widths_is_refused_by_the_parameters_name(value):
    with pytest.raises(ValueError, match=r"The 'hidden_units' parameter must be a tuple of positive integer.*Got "):
        check_widths("hidden_units", value)


@pytest.mark.parametrize("value", [True, (True, False), (True,)])
def test_a_truth_value_is_no_width(value):
    with pytest.raises(ValueError, match="'hidden_units' parameter"):
        check_widths("hidden_units", value)


def test_at_least_so_many_layers_can_be_asked_for():
    assert check_widths("conv_channels", (8,), at_least=1) == (8,)
    with pytest.raises(
        ValueError, match=r"'conv_channels' parameter must be a tuple of at least one positive.*Got \(\)"
    ):
        check_widths("conv_channels", (), at_least=1)

import pytest

from skimgcls.estimators._check_layer_widths import MAX_WIDTH, check_layer_widths


@pytest.mark.parametrize("value", [(4, 5), [4, 5], (MAX_WIDTH,), ()])
def test_layers_in_order_become_a_tuple(value):
    assert check_layer_widths("hidden_units", value) == tuple(value)


def test_one_integer_is_one_layer():
    assert check_layer_widths("hidden_units", 7) == (7,)


@pytest.mark.parametrize("value", [{4, 5}, {4: 5}, frozenset({4}), {}.keys()])
def test_what_has_no_order_is_refused(value):
    with pytest.raises(ValueError, match=r"'conv_channels' parameter .* in order\. Got .* instead\. Pass a tuple"):
        check_layer_widths("conv_channels", value)


@pytest.mark.parametrize("value", [(4, MAX_WIDTH + 1), 10**30])
def test_widths_of_which_no_network_can_be_made_are_refused(value):
    with pytest.raises(ValueError, match=r"'hidden_units' parameter .* up to 1,000,000.* Got .* instead\. Lower it"):
        check_layer_widths("hidden_units", value)

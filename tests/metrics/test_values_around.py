import pytest

from skimgcls.metrics._values_around import less_regularization, more_regularization, scaled, wider_networks


def test_values_are_rounded_to_one_digit_and_the_present_one_is_kept():
    assert scaled({"lr": 0.0017}, "lr", (0.1, 0.3, 1)) == {"lr": [0.0002, 0.0005, 0.0017]}
    assert scaled({"lr": 1e-5}, "lr", (3, 100)) == {"lr": [3e-5, 1e-3]}


def test_values_that_round_to_the_same_stand_once():
    assert scaled({"dropout": 0.1}, "dropout", (1, 1.01)) == {"dropout": [0.1]}


def test_what_an_estimator_lacks_is_left_out():
    assert scaled({}, "lr", (1,)) == {}
    assert less_regularization({}) == more_regularization({}) == wider_networks({}) == {}


def test_only_what_holds_training_back_is_lowered():
    params = {"dropout": 0.5, "weight_decay": 0.0, "l1": 1e-3, "augment": "strong"}
    assert less_regularization(params) == {"dropout": [0.0, 0.2], "l1": [0.0, 1e-4], "augment": [None, "strong"]}
    assert less_regularization({"dropout": 0.0, "augment": None}) == {}


def test_regularization_is_raised_from_where_it_is():
    assert more_regularization({"dropout": 0.1, "augment": None}) == {
        "dropout": [0.1, 0.25, 0.5],
        "augment": [None, "light"],
    }
    assert more_regularization({"dropout": 0.5, "augment": "light"}) == {"dropout": [0.25, 0.5]}


@pytest.mark.parametrize(
    ("params", "grid"),
    [
        ({"hidden_units": (2,)}, {"hidden_units": [(2,), (4,), (8,)]}),
        ({"hidden_units": 8}, {"hidden_units": [8, 16, 32]}),
        ({"hidden_units": ()}, {"hidden_units": [(), (256,), (512,)]}),
        (
            {"conv_channels": [4, 8], "hidden_units": (2,), "architecture": "conv"},
            {"conv_channels": [[4, 8], (8, 16), (16, 32)]},
        ),
        ({"conv_channels": (4,), "width": 16, "architecture": "resnet"}, {"width": [16, 32, 64]}),
        ({"conv_channels": (4,), "architecture": len}, {}),
    ],
    ids=["tuple", "number", "no hidden layer", "conv", "resnet", "own"],
)
def test_a_network_is_widened_by_the_parameter_of_its_architecture(params, grid):
    assert wider_networks(params) == grid

import numpy as np
import pytest
from sklearn.base import clone

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.training import check_unchanged


@pytest.fixture(scope="module")
def fitted(digit_scans):
    X, y = digit_scans
    return MLPClassifier((8,), max_epochs=1, random_state=0).fit(X[:60], y[:60])


@pytest.fixture
def changed(fitted):
    """Set parameters of the fitted estimator and put them back after the test."""
    before = fitted.get_params(deep=False)
    yield fitted.set_params
    fitted.set_params(**before)


def test_what_is_as_it_was_passes(fitted):
    assert check_unchanged(fitted, None) is None
    assert check_unchanged(fitted, range(10)) is None


@pytest.mark.parametrize(
    "params",
    [
        {"lr": 0.5, "batch_size": 3, "max_epochs": 7, "optimizer": "sgd"},
        {"augment": "light", "tta": 4, "class_weight": "balanced", "criterion": "focal"},
        {"device": "cpu", "n_jobs": 2, "verbose": 1, "callbacks": [], "random_state": 5},
        {"hidden_units": [8]},
        {"hidden_units": np.array([8])},
    ],
    ids=str,
)
def test_parameters_of_training_may_change_and_equal_ones_are_no_change(params, changed):
    assert check_unchanged(changed(**params), None) is None


@pytest.mark.parametrize(
    ("param", "value", "fitted_value"),
    [
        ("hidden_units", (9,), "(8,)"),
        ("norm", "batch", "None"),
        ("activation", "gelu", "'relu'"),
        ("dropout", 0.5, "0.0"),
        ("dtype", "float64", "'float32'"),
        ("image_shape", (8, 8), "None"),
        ("channels", "last", "'auto'"),
        ("patch_size", 4, "None"),
    ],
)
def test_a_parameter_that_shapes_the_network_is_refused_with_both_values(param, value, fitted_value, changed):
    with pytest.raises(ValueError, match="train a new MLPClassifier with fit") as error:
        check_unchanged(changed(**{param: value}), None)
    assert f"{param}={value!r} cannot replace {param}={fitted_value} while training goes on" in str(error.value)


def test_a_cnn_adds_its_own_parameters(digit_scans):
    X, y = digit_scans
    clf = CNNClassifier((4,), max_epochs=1, random_state=0).fit(X[:30], y[:30])
    for change in ({"conv_channels": (5,)}, {"architecture": "resnet"}, {"depth": 14}, {"width": 3}):
        other = clone(clf).set_params(**change)
        other._fitted_architecture = clf._fitted_architecture
        with pytest.raises(ValueError, match=f"{next(iter(change))}=.* cannot replace"):
            check_unchanged(other, None)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("form", [list, np.array, tuple])
def test_classes_are_compared_as_a_set(form, order, fitted):
    assert check_unchanged(fitted, form(list(range(10))[::order] + [3])) is None


@pytest.mark.parametrize("classes", [range(9), range(11), ["a", "b"], [*range(9), 99]], ids=str)
def test_other_classes_are_refused_with_those_of_the_first_call(classes, fitted):
    with pytest.raises(
        ValueError, match=r"is not the same as at the first call of partial_fit: \[0, 1, .*Leave it out"
    ):
        check_unchanged(fitted, classes)

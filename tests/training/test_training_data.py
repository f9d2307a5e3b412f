import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls import MLPClassifier
from skimgcls.images import ImageLayout
from skimgcls.training import PreparedImages, _training_data, prepare_training_data
from skimgcls.training._training_data import encode_labels


def prepare(X, y, sample_weight=None, X_val=None, y_val=None, *, classes=None, layout=None, seed=0, **params):
    estimator = MLPClassifier(**params)
    return prepare_training_data(
        estimator, X, y, sample_weight, X_val, y_val, classes=classes, layout=layout, seed=seed
    )


def weights_of(dataset):
    return dataset.gather(torch.arange(len(dataset)))[2]


@pytest.fixture
def numbered():
    """Images whose every pixel is their own number; 12 of class 'a', 8 of class 'b'."""
    X = np.repeat(np.arange(20, dtype=np.uint8), 16).reshape(20, 4, 4)
    return X, np.array(["a"] * 12 + ["b"] * 8)


def numbers_in(dataset):
    return dataset.X[:, 0, 0, 0].int().tolist()


# ------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["cat", "ant", "cat", "bee"], ["ant", "bee", "cat"]),
        ([30, 10, 30, 20], [10, 20, 30]),
        ([True, False, True, True], [False, True]),
        ([2.0, 1.0, 2.0, 1.0], [1.0, 2.0]),
        (np.array([1, 0, 1, 1], np.int8), [0, 1]),
        (pd.Series(["cat", "ant", "cat", "bee"]), ["ant", "bee", "cat"]),
        (pd.Series(["cat", "ant", "cat", "bee"], dtype="category"), ["ant", "bee", "cat"]),
        (np.array(["cat", "ant", "cat", "bee"], object), ["ant", "bee", "cat"]),
        (torch.tensor([3, 1, 3, 3]), [1, 3]),
    ],
)
def test_labels_of_any_kind_become_codes_of_sorted_classes(labels, classes, rng):
    data = prepare(rng.random((4, 4, 4)), labels)
    assert data.classes.tolist() == classes
    assert data.train.y.dtype == torch.int64
    assert [data.classes.tolist()[code] for code in data.train.y] == np.asarray(labels).tolist()


def test_classes_may_hold_labels_that_this_y_does_not(rng):
    data = prepare(rng.random((3, 4, 4)), ["b", "d", "b"], classes=["d", "c", "b", "a"])
    assert data.classes.tolist() == ["a", "b", "c", "d"]
    assert data.train.y.tolist() == [1, 3, 1]


def test_a_label_that_is_no_class_is_refused_by_name(rng):
    with pytest.raises(ValueError, match=r"y holds labels that are no class of MLPClassifier: \['x'\].*\['a', 'b'\]"):
        prepare(rng.random((3, 4, 4)), ["a", "x", "b"], classes=["a", "b"])


@pytest.mark.parametrize("labels", [["a", 1, "a", 1], ["a", None, "a", "b"]])
def test_labels_of_several_kinds_are_refused_in_words(labels, rng):
    with pytest.raises(ValueError, match=r"^(?!.*not supported between).*\by\b"):
        prepare(rng.random((4, 4, 4)), np.array(labels, object))


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, "U3"])
@pytest.mark.parametrize("n", [20, 60])
def test_arrays_of_plain_labels_need_no_further_look(dtype, n, rng, monkeypatch):
    y = (np.arange(n) % 2).astype(dtype)
    expected = prepare(rng.random((n, 4, 4)), y.tolist())
    monkeypatch.setattr(_training_data, "check_classification_targets", None)
    data = prepare(rng.random((n, 4, 4)), y)
    assert data.classes.tolist() == expected.classes.tolist()
    assert torch.equal(data.train.y, expected.train.y)


def test_labels_that_look_like_measurements_are_still_warned_of(rng):
    with pytest.warns(UserWarning, match="number of unique classes is greater than 50%"):
        prepare(rng.random((60, 4, 4)), np.arange(60))


def test_labels_become_positions_among_the_classes():
    codes = encode_labels(np.array(["b", "c", "a", "b"]), np.array(["a", "b", "c"]), "y", "Tester")
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 2, 0, 1]


def test_a_column_of_labels_is_flattened_with_scikit_learns_warning(rng):
    with pytest.warns(UserWarning, match="column-vector"):
        data = prepare(rng.random((3, 4, 4)), [["a"], ["b"], ["a"]])
    assert data.train.y.tolist() == [0, 1, 0]


def test_the_users_labels_and_weights_are_not_changed(numbered):
    X, y = numbered
    weights = np.arange(20.0)
    prepare(X, y, weights, class_weight="balanced")
    assert weights.tolist() == list(range(20))


# ------------------------------------------------------------------- weights


@pytest.mark.parametrize("weights", [None, np.ones(20), np.full(20, 7.5)])
def test_equal_weights_are_none(numbered, weights):
    assert weights_of(prepare(*numbered, weights).train) is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_brought_to_mean_one_in_the_estimators_dtype(numbered, dtype):
    weights = weights_of(prepare(*numbered, np.arange(1.0, 21.0), dtype=dtype).train)
    assert weights.dtype == getattr(torch, dtype)
    assert weights.mean().item() == pytest.approx(1)
    assert (weights / weights[0]).tolist() == pytest.approx(list(range(1, 21)))


@pytest.mark.parametrize("given", [list(range(1, 21)), np.arange(1, 21), pd.Series(range(1, 21))])
def test_weights_come_as_any_kind_of_numbers(numbered, given):
    assert weights_of(prepare(*numbered, given).train)[19].item() == pytest.approx(20 / 10.5)


def test_images_of_weight_zero_are_left_out_and_their_labels_stay_classes(numbered):
    X, y = numbered
    y = y.copy()
    y[3] = "c"
    data = prepare(X, y, np.where(np.isin(np.arange(20), [3, 15]), 0.0, 2.0))
    assert numbers_in(data.train) == [i for i in range(20) if i not in (3, 15)]
    assert data.classes.tolist() == [
        "a",
        "b",
        "c",
    ]  # as in scikit-learn's own estimators, so that columns agree over folds
    assert weights_of(data.train) is None


def test_balanced_class_weights_give_each_class_the_same_sum(numbered):
    data = prepare(*numbered, class_weight="balanced")
    weights, codes = weights_of(data.train), data.train.y
    assert weights[codes == 0].sum().item() == pytest.approx(10)
    assert weights[codes == 1].sum().item() == pytest.approx(10)


def test_class_weights_multiply_sample_weights(numbered):
    sample_weight = np.linspace(1, 2, 20)
    weights = weights_of(prepare(*numbered, sample_weight, class_weight={"a": 3.0}).train)
    expected = sample_weight * np.where(numbered[1] == "a", 3.0, 1.0)
    np.testing.assert_allclose(weights, expected / expected.mean(), rtol=1e-6)


def test_the_balance_is_that_of_the_images_that_count(numbered):
    X, y = numbered
    keep = np.arange(20) % 3 > 0
    zeroed = prepare(X, y, keep.astype(float), class_weight="balanced").train
    left_out = prepare(X[keep], y[keep], class_weight="balanced").train
    torch.testing.assert_close(weights_of(zeroed), weights_of(left_out))
    assert numbers_in(zeroed) == numbers_in(left_out)


@pytest.mark.parametrize("params", [{"class_weight": None}, {"class_weight": "balanced"}])
def test_weights_that_leave_nothing_are_refused(numbered, params):
    with pytest.raises(ValueError, match=r"holds only zeros|at least one non-zero number"):
        prepare(*numbered, np.zeros(20), **params)


def test_class_weights_that_leave_nothing_are_refused(numbered):
    with pytest.raises(ValueError, match="no image a positive weight"):
        prepare(*numbered, class_weight={"a": 0.0, "b": 0.0})


def test_negative_weights_are_refused_with_the_smallest(numbered):
    with pytest.raises(ValueError, match=r"negative values, the smallest -3"):
        prepare(*numbered, np.arange(20.0) - 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(numbered, bad):
    weights = np.ones(20)
    weights[4] = bad
    with pytest.raises(ValueError, match=r"sample_weight contains (NaN|infinity)"):
        prepare(*numbered, weights)


def test_one_number_weighs_all_images_the_same(numbered):
    assert weights_of(prepare(*numbered, 2.0).train) is None


def test_weights_of_another_length_are_refused(numbered):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        prepare(*numbered, np.ones(19))


# ------------------------------------------------------------------ hold-out


def test_nothing_is_held_out_unless_asked_for(numbered):
    data = prepare(*numbered)
    assert data.valid is None
    assert numbers_in(data.train) == list(range(20))


@pytest.mark.parametrize(
    ("params", "n_valid"),
    [
        ({"validation_fraction": 0.25}, 5),
        ({"validation_fraction": 0.21}, 5),
        ({"early_stopping": True}, 2),
        ({"early_stopping": True, "validation_fraction": 0.5}, 10),
    ],
)
def test_a_share_is_held_out_and_every_image_is_in_one_part(numbered, params, n_valid):
    data = prepare(*numbered, **params)
    assert len(data.valid) == n_valid
    assert sorted(numbers_in(data.train) + numbers_in(data.valid)) == list(range(20))
    assert data.valid.rows is data.train.rows


def test_the_held_out_part_is_stratified(rng):
    y = np.repeat([0, 1, 2], [50, 30, 20])
    data = prepare(rng.random((100, 4, 4)), y[rng.permutation(100)], validation_fraction=0.1)
    assert np.bincount(data.valid.y).tolist() == [5, 3, 2]


def test_the_split_follows_from_the_seed_alone(numbered):
    def held_out(seed):
        return numbers_in(prepare(*numbered, validation_fraction=0.5, seed=seed).valid)

    first = held_out(1)
    np.random.seed(3)
    assert held_out(1) == first
    assert held_out(2) != first


def test_weights_go_with_their_images_into_both_parts_at_mean_one(numbered):
    sample_weight = np.arange(1.0, 21.0)
    data = prepare(*numbered, sample_weight, validation_fraction=0.25)
    for part in (data.train, data.valid):
        expected = sample_weight[numbers_in(part)]
        np.testing.assert_allclose(weights_of(part), expected / expected.mean(), rtol=1e-6)


def test_images_of_weight_zero_are_not_held_out_either(numbered):
    data = prepare(*numbered, np.where(np.arange(20) % 2, 1.0, 0.0), validation_fraction=0.4)
    assert all(number % 2 for number in numbers_in(data.train) + numbers_in(data.valid))
    assert len(data.valid) == 4


@pytest.mark.parametrize(
    ("labels", "fraction"), [(["a"] * 19 + ["b"], 0.25), (list("abcdefghij") * 2, 0.1), (list("abcdefghij") * 2, 0.9)]
)
def test_a_split_that_cannot_be_stratified_is_made_with_a_warning(numbered, labels, fraction):
    with pytest.warns(UserWarning, match="held out for validation are not stratified"):
        data = prepare(numbered[0], labels, validation_fraction=fraction)
    assert len(data.train) + len(data.valid) == 20


def test_a_share_that_leaves_nothing_to_train_on_is_refused(rng):
    with pytest.raises(ValueError, match=r"validation_fraction=0.9 leaves no image of 3 to train on"):
        prepare(rng.random((3, 4, 4)), [0, 1, 0], validation_fraction=0.9)


# ------------------------------------------------------- validation data of the user's


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"validation_fraction": 0.5}])
def test_validation_data_that_are_given_replace_the_hold_out(numbered, params):
    X, y = numbered
    data = prepare(X, y, None, X[:3], y[[0, 13, 1]], **params)
    assert len(data.train) == 20
    assert data.valid.y.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "give", [lambda X: X.transpose(0, 2, 3, 1), lambda X: X.reshape(len(X), -1), torch.from_numpy, list]
)
def test_validation_images_may_come_in_another_form(give, rng):
    X = rng.random((6, 3, 5, 6), np.float32)
    data = prepare(X, [0, 1] * 3, None, give(X[:4]), [0, 1, 1, 0])
    torch.testing.assert_close(data.valid.X, data.train.X[:4])


@pytest.mark.parametrize(("X_val", "y_val", "missing"), [(True, None, "y_val"), (None, True, "X_val")])
def test_half_a_validation_set_is_refused(numbered, X_val, y_val, missing):
    X, y = numbered
    with pytest.raises(ValueError, match=f"given without {missing}"):
        prepare(X, y, None, X if X_val else None, y if y_val else None)


def test_validation_labels_that_fit_has_not_seen_are_refused(numbered):
    X, y = numbered
    with pytest.raises(ValueError, match=r"y_val holds labels that are no class of MLPClassifier: \['c'\]"):
        prepare(X, y, None, X[:2], ["a", "c"])


def test_validation_images_of_another_shape_are_refused_as_such(numbered):
    X, y = numbered
    with pytest.raises(ValueError, match=r"X_val has shape \(2, 5, 5\).*\(4, 4, 1\)"):
        prepare(X, y, None, np.zeros((2, 5, 5)), ["a", "b"])


def test_validation_images_that_are_not_finite_are_named_as_such(numbered):
    X, y = numbered
    with pytest.raises(ValueError, match="X_val contains NaN"):
        prepare(X, y, None, np.full((2, 4, 4), np.nan), ["a", "b"])


def test_validation_images_and_labels_must_be_as_many(numbered):
    X, y = numbered
    with pytest.raises(ValueError, match="X_val holds 3 images, but y_val 2 labels"):
        prepare(X, y, None, X[:3], y[:2])


def test_a_later_fit_must_bring_images_of_the_first_ones_shape(numbered):
    X, y = numbered
    layout = prepare(X, y).layout
    assert layout == ImageLayout(4, 4, 1, channels_first=True)
    assert prepare(X.reshape(20, -1), y, layout=layout).layout is layout
    with pytest.raises(ValueError, match="fit again"):
        prepare(X[:, :3], y, layout=layout)


# ----------------------------------------------------------- prepared images


def test_prepared_images_become_the_same_data_as_the_images(numbered):
    X, y = numbered
    X_val, y_val = X[:4], y[[0, 1, 12, 13]]
    for params in ({}, {"validation_fraction": 0.25}, {"class_weight": {"a": 1, "b": 5}}):
        expected = prepare(X[4:], y[4:], np.arange(16) % 3, **params)
        data = prepare(PreparedImages(X)[4:], y[4:], np.arange(16) % 3, **params)
        assert numbers_in(data.train) == numbers_in(expected.train)
        assert torch.equal(data.train.y, expected.train.y)
        assert torch.equal(weights_of(data.train), weights_of(expected.train))
        assert (data.layout, data.maximum) == (expected.layout, expected.maximum) == (data.layout, 19)
        assert (data.valid is None) == (expected.valid is None)
        assert data.valid is None or numbers_in(data.valid) == numbers_in(expected.valid)
    assert numbers_in(prepare(X, y, None, PreparedImages(X_val), y_val).valid) == [0, 1, 2, 3]


def test_prepared_images_and_labels_of_different_lengths_are_refused(numbered):
    X, y = numbered
    with pytest.raises(ValueError, match="X holds 4 images, y 20 labels"):
        prepare(PreparedImages(X)[:4], y)
    with pytest.raises(ValueError, match="X_val holds 4 images, but y_val 3 labels"):
        prepare(X, y, None, PreparedImages(X)[:4], y[:3])

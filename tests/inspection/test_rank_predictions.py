import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from skimgcls.inspection._rank_predictions import predict_all, rank_predictions

CLASSES = np.array(["cat", "dog", "fox"])
PROBA = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.0, 0.9], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
TRUE = np.array(["cat", "cat", "dog", "dog", "fox"])  # right, wrong, wrong, wrong, right


def rank(**options):
    return rank_predictions(TRUE, None, PROBA, CLASSES, **options)


def test_columns_say_what_was_predicted_and_how_wrong_it_was():
    row = rank().set_index("index").loc[1]
    assert row["true"] == "cat"
    assert row["predicted"] == "dog"
    assert row["confidence"] == 0.6
    assert row["true_probability"] == 0.3
    assert row["loss"] == pytest.approx(-np.log(0.3))


@pytest.mark.parametrize(
    ("which", "expected"), [("incorrect", [2, 1, 3]), ("correct", [0, 4]), ("all", [2, 0, 1, 4, 3])]
)
def test_which_chooses_and_confidence_sorts(which, expected):
    ranked = rank(which=which)
    assert ranked["index"].tolist() == expected
    assert ranked.index.tolist() == list(range(len(expected)))


def test_equal_confidence_is_sorted_by_loss():
    ranked = rank_predictions(["a", "b"], None, [[0.4, 0.6], [0.4, 0.6]], ["a", "b"], which="all")
    assert ranked["index"].tolist() == [0, 1]
    ranked = rank_predictions(["b", "a"], None, [[0.4, 0.6], [0.4, 0.6]], ["a", "b"], which="all")
    assert ranked["index"].tolist() == [1, 0]


def test_loss_sorts_the_largest_first_and_probability_zero_is_infinite():
    ranked = rank(sort="loss")
    assert ranked["index"].tolist() == [2, 1, 3]
    assert ranked["loss"].iloc[0] == np.inf


def test_a_sure_and_right_prediction_has_loss_zero():
    loss = rank_predictions(["a"], None, [[1.0, 0.0]], ["a", "b"], which="all")["loss"].iloc[0]
    assert loss == 0
    assert not np.signbit(loss)


def test_random_order_depends_on_the_seed_alone():
    orders = [rank(which="all", sort="random", random_state=seed)["index"].tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1]
    assert sorted(orders[2]) == [0, 1, 2, 3, 4]
    assert orders[0] != orders[2]


def test_predictions_may_differ_from_the_largest_probability():
    ranked = rank_predictions(["a", "a"], ["b", "a"], [[0.6, 0.4], [0.6, 0.4]], ["a", "b"])
    assert ranked["index"].tolist() == [0]
    assert ranked["confidence"].tolist() == [0.4]


def test_a_label_that_the_classifier_does_not_know_is_a_mistake_of_infinite_loss():
    ranked = rank_predictions(["cat", "owl"], None, PROBA[:2], CLASSES, sort="loss")
    assert ranked["true"].tolist() == ["owl"]
    assert ranked["true_probability"].tolist() == [0.0]
    assert ranked["loss"].tolist() == [np.inf]


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["a", "b"], [10.0, 20.0], np.array(["a", 1], dtype=object)])
def test_labels_of_any_kind_keep_it(labels):
    labels = np.asarray(labels)
    ranked = rank_predictions(labels[[0, 1]], None, [[0.1, 0.9], [0.2, 0.8]], labels)
    assert ranked["true"].tolist() == [labels[0]]
    assert ranked["predicted"].tolist() == [labels[1]]


def test_nothing_to_show_is_an_empty_table():
    ranked = rank_predictions(["cat"], None, PROBA[:1], CLASSES)
    assert len(ranked) == 0
    assert "loss" in ranked


def test_classes_default_to_the_sorted_labels():
    assert rank_predictions(TRUE, None, PROBA, None)["index"].tolist() == [2, 1, 3]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (
            (TRUE, None, PROBA, CLASSES),
            {"which": "wrong"},
            "which must be one of 'incorrect', 'correct', 'all', got 'wrong'",
        ),
        ((TRUE, None, PROBA, CLASSES), {"sort": "size"}, "sort must be one of"),
        ((TRUE, None, PROBA[:, :2], CLASSES), {}, r"one column for each of the 3 classes, got shape \(5, 2\)"),
        ((TRUE[:4], None, PROBA[:4], None), {}, r"one column for each of the 2 classes"),
        ((TRUE, None, PROBA[:, 0], CLASSES), {}, r"got shape \(5,\)"),
        ((TRUE[:3], None, PROBA, CLASSES), {}, "inconsistent numbers of samples"),
        (([0, 1, 2, 0, 1], None, PROBA, CLASSES), {}, r"None of the labels.*\[0, 1, 2\].*\['cat', 'dog', 'fox'\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        rank_predictions(*arguments, **options)


def test_asks_an_estimator_for_labels_and_probabilities():
    X, y = [[0.0], [1.0]] * 5, ["a", "b"] * 5
    y_pred, y_proba = predict_all(LogisticRegression(C=100).fit(X, y), X)
    assert y_pred.tolist() == y
    assert y_proba.shape == (10, 2)


def test_an_estimator_without_probabilities_is_refused():
    with pytest.raises(ValueError, match=r"RidgeClassifier has no predict_proba.*CalibratedClassifierCV"):
        predict_all(RidgeClassifier(), [[0.0]])


@pytest.mark.parametrize(
    ("y_proba", "message"),
    [(PROBA * np.nan, "y_proba contains NaN"), (8 * PROBA - 4, "must hold probabilities from 0 to 1")],
    ids=["missing", "scores"],
)
def test_what_is_no_probability_is_refused(y_proba, message):
    with pytest.raises(ValueError, match=message):
        rank_predictions(TRUE, None, y_proba, CLASSES)


def test_one_number_per_image_is_the_probability_of_the_second_class():
    ranked = rank_predictions(["a", "b"], None, [0.9, 0.8], ["a", "b"])
    assert ranked[["index", "predicted", "confidence"]].to_numpy().tolist() == [[0, "b", 0.9]]

import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.datasets import fetch_fashion_mnist
from skimgcls.images import decode_images
from skimgcls.inspection import suspicious_labels

COLUMNS = ["index", "given", "suggested", "given_probability", "suggested_probability", "score", "is_error"]


class Oracle(KNeighborsClassifier):
    """Predicts what its rows say: X is (n, n_classes) of probabilities."""

    def predict_proba(self, X):
        return np.asarray(X)


def flip(y, rows, by=1):
    classes, codes = np.unique(y, return_inverse=True)
    codes[rows] = (codes[rows] + by) % len(classes)
    return classes[codes]


def confident_joint(proba, codes):
    """The images off the diagonal, counted one by one as in equations 1 and 2 of the paper."""
    n_classes = proba.shape[1]
    thresholds = [np.mean([p[j] for p, code in zip(proba, codes, strict=True) if code == j]) for j in range(n_classes)]
    suggested = {}
    for i, (p, code) in enumerate(zip(proba, codes, strict=True)):
        confident = [j for j in range(n_classes) if p[j] >= thresholds[j]]
        if confident and (best := max(confident, key=lambda j: p[j])) != code:
            suggested[i] = best
    return suggested


@pytest.mark.parametrize("kind", ["int", "str", "bool"])
def test_flipped_labels_come_first_with_their_true_label(kind, digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    true = {"int": y, "str": np.array([f"digit {label}" for label in y]), "bool": y == 0}[kind]
    rows = np.flatnonzero(y == 0)[:3] if kind == "bool" else np.array([20, 57, 111])
    given = flip(true, rows)
    suspects = suspicious_labels(KNeighborsClassifier(), X, given)
    assert suspects.columns.tolist() == COLUMNS
    assert sorted(suspects["index"]) == list(range(len(X)))
    first = suspects.head(6)  # one scan looks like another digit
    flipped = first[first["index"].isin(rows)]
    assert len(flipped) == 3
    np.testing.assert_array_equal(first["given"], given[first["index"]])
    np.testing.assert_array_equal(flipped["suggested"], true[flipped["index"]])
    assert flipped["is_error"].all()
    assert suspects["is_error"].dtype == bool
    assert suspects["score"].is_monotonic_decreasing


@pytest.mark.parametrize("method", ["self_confidence", "normalized_margin"])
def test_scores_follow_from_probabilities_of_models_that_did_not_see_the_image(method, digits):
    X, y = digits
    X = X.reshape(len(X), -1)
    clf = LogisticRegression(C=0.0001)
    suspects = suspicious_labels(clf, X, y, cv=3, method=method).set_index("index").sort_index()
    proba = cross_val_predict(clf, X, y, cv=3, method="predict_proba")
    own = proba[np.arange(len(y)), y]
    others = np.where(np.arange(10) == y[:, None], -1, proba).max(axis=1)
    expected = 1 - own if method == "self_confidence" else (1 - own + others) / 2
    np.testing.assert_allclose(suspects["score"], expected)
    np.testing.assert_allclose(suspects["given_probability"], own)
    assert suspects["score"].between(0, 1).all()


def test_errors_are_those_off_the_diagonal_of_the_confident_joint(digits):
    X, y = digits
    X, given = X.reshape(len(X), -1), flip(y, np.arange(0, 200, 9), by=3)
    clf = LogisticRegression(C=0.0001)
    suspects = suspicious_labels(clf, X, given).set_index("index").sort_index()
    expected = confident_joint(cross_val_predict(clf, X, given, cv=5, method="predict_proba"), given)
    assert len(expected) > 10
    assert suspects["suggested"][suspects["is_error"]].to_dict() == expected


def test_the_threshold_of_a_class_is_what_models_give_it_on_average():
    # class 2 is hard: 0.4 is confident enough for it; class 0 is easy, and 0.6 of it is not
    proba = np.array([[0.9, 0.05, 0.05]] * 4 + [[0.1, 0.9, 0.0]] * 4 + [[0.35, 0.3, 0.35]] * 4)
    proba[0] = [0.6, 0.0, 0.4]
    suspects = suspicious_labels(Oracle(), proba, [0] * 4 + [1] * 4 + [2] * 4, cv=2).set_index("index")
    assert suspects["is_error"][suspects["is_error"]].index.tolist() == [0]
    assert suspects["suggested"][0] == 2


def test_ties_are_broken_and_certain_probabilities_are_ordered():
    # 1 - 1e-20 is 1: the score has no digits left to tell them apart, the order has
    proba = np.array([[1 - 1e-20, 1e-20], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    suspects = suspicious_labels(Oracle(), proba, [1, 1, 0, 0], cv=2)
    assert suspects["index"].tolist() == [1, 0, 2, 3]
    assert suspects["score"].tolist() == [1.0, 1.0, 0.5, 0.5]


def test_a_class_in_one_fold_alone_is_warned_of_and_comes_last(digits):
    X, y = digits
    X, y = X.reshape(len(X), -1), np.array([f"digit {label}" for label in y], dtype=object)
    y[[7, 9]] = ["only one", "only one too"]
    with pytest.warns(
        UserWarning, match="2 labels cannot be judged.*'only one', 'only one too'.*in two folds"
    ) as warned:
        suspects = suspicious_labels(KNeighborsClassifier(), X, y)
    assert len(warned) == 1
    last = suspects.tail(2)
    assert set(last["index"]) == {7, 9}
    assert last["score"].isna().all()
    assert not last["is_error"].any()
    assert not suspects["suggested"].str.startswith("only").head(198).any()
    assert suspects["score"].head(198).notna().all()


def test_a_class_of_fewer_images_than_folds_raises_no_alarm(digits):
    X, y = digits
    rows = np.r_[np.flatnonzero(y == 0)[:2], np.flatnonzero(y > 0)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        suspects = suspicious_labels(KNeighborsClassifier(1), X[rows].reshape(len(rows), -1), y[rows])
    assert suspects["score"].notna().all()


def test_folds_in_parallel_give_the_same(digits):
    X, y = digits
    suspects = suspicious_labels(KNeighborsClassifier(), X.reshape(200, -1), y)
    with parallel_config("threading"):
        assert suspects.equals(suspicious_labels(KNeighborsClassifier(), X.reshape(200, -1), y, n_jobs=2))


def test_networks_on_images_in_pipelines_and_searches(digits):
    X, y = digits
    given = flip(y, [20, 57, 111])
    clf = MLPClassifier(lr=1e-2, max_epochs=5, random_state=0)
    suspects = suspicious_labels(clf, X, given, cv=3)
    assert {20, 57, 111} <= set(suspects["index"].head(15))
    piped = make_pipeline(FunctionTransformer(), clf)
    assert suspects.equals(suspicious_labels(piped, X, pd.Series(given), cv=StratifiedKFold(3)))
    search = GridSearchCV(piped, {"mlpclassifier__lr": [1e-2]}, cv=2)
    assert suspects.equals(suspicious_labels(search, X, given, cv=list(StratifiedKFold(3).split(X, given))))


def test_paths_that_a_pipeline_decodes(tmp_path, digits):
    X, y = digits
    paths = np.array([str(tmp_path / f"{i}.png") for i in range(len(X))])
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    decode = FunctionTransformer(lambda paths: decode_images(paths, 8).reshape(len(paths), -1))
    suspects = suspicious_labels(make_pipeline(decode, KNeighborsClassifier()), paths, flip(y, [20, 57, 111]))
    assert set(suspects["index"].head(6)) >= {20, 57, 111}


@pytest.mark.parametrize(
    ("clf", "y", "options", "message"),
    [
        (KNeighborsClassifier(), np.zeros(200), {}, "one label"),
        (KNeighborsClassifier(), np.arange(200) % 2, {"method": "entropy"}, "method must be one of"),
        (KNeighborsClassifier(), np.arange(20) % 2, {}, "inconsistent"),
        (FunctionTransformer(), np.arange(200) % 2, {}, "has no predict_proba"),
        (KNeighborsClassifier(), np.arange(200) % 2, {"cv": [(np.arange(100), np.arange(50, 200))]}, "partitions"),
    ],
    ids=["one class", "method", "lengths", "no probabilities", "no partition"],
)
def test_what_cannot_be_judged_is_refused(clf, y, options, message, digits):
    with pytest.raises(ValueError, match=message):
        suspicious_labels(clf, digits[0].reshape(200, -1), y, **options)


def test_shuffled_folds_let_sorted_classes_be_judged(digits):
    X, y = digits
    order = np.argsort(y, kind="stable")
    X, y = X[order].reshape(200, -1), y[order]
    with pytest.warns(UserWarning, match="cannot be judged"):
        suspects = suspicious_labels(KNeighborsClassifier(), X, y, cv=KFold(10))
    assert suspects["score"].isna().any()
    suspects = suspicious_labels(KNeighborsClassifier(), X, y, cv=KFold(5, shuffle=True, random_state=0))
    assert suspects["score"].notna().all()


def test_flipped_labels_of_fashion_mnist_are_ranked_first(shared_data, rng):
    X, y = fetch_fashion_mnist(subset="train", data_home=shared_data, return_X_y=True)
    rows = rng.choice(len(X), 2000, replace=False)
    flipped = np.zeros(2000, dtype=bool)
    flipped[rng.choice(2000, 60, replace=False)] = True
    given = flip(y[rows], np.flatnonzero(flipped), by=rng.integers(1, 10, 60))
    suspects = suspicious_labels(MLPClassifier(random_state=0), X[rows], given)
    assert average_precision_score(flipped[suspects["index"]], suspects["score"]) > 0.7


@pytest.mark.parametrize("y", [["a", None, "b"], [0.0, np.nan, 1.0]], ids=["None", "NaN"])
def test_missing_labels_are_refused(y):
    with pytest.raises(ValueError, match=r"y has 1 missing labels, first of image 1\."):
        suspicious_labels(KNeighborsClassifier(), [[0.0], [1.0], [2.0]], np.array(y, dtype=object))

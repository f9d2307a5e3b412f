import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, RepeatedStratifiedKFold, StratifiedKFold

from skimgcls.model_selection._paired_folds import paired_folds

X = np.zeros((30, 2))
Y = np.repeat(["a", "b", "c"], 10)


def folds_of(cv, *, n_seeds=1, default_seed=0, groups=None, classifier=True):
    return paired_folds(cv, X, Y, groups=groups, n_seeds=n_seeds, default_seed=default_seed, classifier=classifier)


def rows_of(folds, seed=0):
    return [fold.test.tolist() for fold in folds if fold.seed == seed]


def test_an_integer_means_shuffled_stratified_folds_that_follow_the_seed():
    folds = folds_of(5)
    assert [np.unique(Y[fold.test], return_counts=True)[1].tolist() for fold in folds] == [[2, 2, 2]] * 5
    assert rows_of(folds) == rows_of(folds_of(5)) == rows_of(folds_of(None))
    assert rows_of(folds) != rows_of(folds_of(5, default_seed=1))
    assert rows_of(folds) != [test.tolist() for _, test in StratifiedKFold(5).split(X, Y)]


def test_what_is_no_classifier_gets_unstratified_folds():
    counts = [len(np.unique(Y[fold.test])) for fold in folds_of(10, classifier=False)]
    assert min(counts) < 3


def test_repetitions_shuffle_in_another_way():
    folds = folds_of(StratifiedKFold(3, shuffle=True, random_state=4), n_seeds=2)
    own = [test.tolist() for _, test in StratifiedKFold(3, shuffle=True, random_state=4).split(X, Y)]
    assert rows_of(folds) == own
    assert rows_of(folds, seed=1) != own
    assert [(fold.seed, fold.fold, fold.split) for fold in folds] == [
        (0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 3), (1, 1, 4), (1, 2, 5),
    ]  # fmt: skip


def test_a_splitter_without_a_seed_gets_one_and_is_left_as_it_was():
    splitter = RepeatedStratifiedKFold(n_splits=3, n_repeats=2)
    folds = folds_of(splitter, n_seeds=2)
    assert len({fold.split for fold in folds}) == 12
    assert rows_of(folds) == rows_of(folds_of(splitter))
    assert splitter.random_state is None


@pytest.mark.parametrize(
    ("cv", "groups"), [(KFold(3), None), (GroupKFold(3), np.arange(30) % 3), (PredefinedSplit(np.arange(30) % 3), None)]
)
def test_folds_that_cannot_be_shuffled_are_known_to_be_the_same(cv, groups):
    folds = folds_of(cv, groups=groups, n_seeds=2)
    assert [fold.split for fold in folds] == [0, 1, 2, 0, 1, 2]


def test_splits_may_be_given_as_rows():
    rows = [([0, 1, 2], [3, 4]), ([3, 4, 5], [0, 1])]
    folds = folds_of(rows, n_seeds=2)
    assert rows_of(folds) == rows_of(folds, seed=1) == [[3, 4], [0, 1]]


def test_one_split_is_not_enough():
    with pytest.raises(ValueError, match=r"at least two different splits.*got 1 from.*n_seeds=3"):
        folds_of([(np.arange(20), np.arange(20, 30))], n_seeds=3)

import numpy as np

from skimgcls.model_selection._within_one_se import within_one_se


def test_the_error_is_that_of_the_mean_of_the_folds():
    folds = np.array([0.7, 0.8, 0.9])
    error = folds.std(ddof=1) / np.sqrt(3)
    worth = np.array([0.8, 0.8 - 0.99 * error, 0.8 - 1.01 * error])
    assert within_one_se(worth, 0, folds.std(), 3).tolist() == [True, True, False]


def test_equal_up_to_rounding_is_within_and_no_score_is_not():
    worth = np.array([0.3, 0.1 + 0.2 - 1e-16, -np.inf, 0.2])
    assert within_one_se(worth, 0, 0.0, 5).tolist() == [True, True, False, False]

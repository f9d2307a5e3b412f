import numpy as np
import pytest
from scipy import stats

from skimgcls.model_selection import corrected_t_test


def test_it_is_the_formula_of_nadeau_and_bengio(rng):
    differences = rng.normal(0.01, 0.02, 10)
    result = corrected_t_test(differences, test_train_ratio=1 / 9)
    statistic = differences.mean() / np.sqrt((1 / 10 + 1 / 9) * differences.var(ddof=1))
    assert result.statistic == pytest.approx(statistic)
    assert result.p_value == pytest.approx(2 * stats.t.sf(abs(statistic), 9))
    assert result.df == 9


def test_without_a_share_of_test_images_it_is_the_usual_paired_test(rng):
    a, b = rng.normal(size=(2, 8))
    result = corrected_t_test(a - b, test_train_ratio=0)
    usual = stats.ttest_rel(a, b)
    assert (result.statistic, result.p_value) == pytest.approx((usual.statistic, usual.pvalue))
    low, high = usual.confidence_interval(0.9)
    assert result.half_width(alpha=0.1) == pytest.approx((high - low) / 2)


def test_columns_are_tests_of_their_own(rng):
    differences = rng.normal(size=(6, 3))
    together = corrected_t_test(differences, test_train_ratio=0.25)
    for column in range(3):
        alone = corrected_t_test(differences[:, column], test_train_ratio=0.25)
        assert together.p_value[column] == pytest.approx(alone.p_value)


def test_identical_scores_have_the_p_value_one():
    result = corrected_t_test(np.zeros(5), test_train_ratio=0.25, n_test=20)
    assert (result.statistic, result.p_value, result.half_width(0.05)) == (0, 1, 0)


def test_one_image_in_each_small_fold_is_no_certain_difference():
    one_of_20 = corrected_t_test(np.full(5, 1 / 20), test_train_ratio=0.25, n_test=20)
    assert one_of_20.p_value > 0.1
    assert one_of_20.half_width(0.05) > 1 / 20
    all_but_one_of_20 = corrected_t_test(np.full(5, 19 / 20), test_train_ratio=0.25, n_test=20)
    assert all_but_one_of_20.p_value < 0.001


def test_rounding_is_not_taken_for_variance():
    differences = np.full(5, 0.1) + [0, 1e-17, 0, -1e-17, 1e-17]
    assert corrected_t_test(differences, test_train_ratio=0.25, n_test=10).p_value > 0.1
    certain = corrected_t_test(-differences, test_train_ratio=0.25)
    assert (certain.statistic, certain.p_value) == (-np.inf, 0)


@pytest.mark.parametrize(
    ("differences", "message"), [([0.1], "at least two differences, got 1"), ([0.1, np.nan], "must be finite")]
)
def test_what_cannot_be_tested_is_refused(differences, message):
    with pytest.raises(ValueError, match=message):
        corrected_t_test(differences, test_train_ratio=0.25)

"""One class against the rest, as scikit-learn ranks it, with weights."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from skimgcls.metrics._class_rankings import class_rankings


@pytest.mark.parametrize("n_values", [2, 5, 1000], ids=lambda n: f"{n} values")
def test_both_equal_scikit_learn_with_weights_and_with_ties(n_values, rng):
    scores = rng.integers(0, n_values, size=200) / n_values
    is_class = rng.random(200) < 0.3
    weights = rng.poisson(1, size=(5, 200)).astype(np.int32)
    auc, average_precision = class_rankings(scores, is_class, weights)
    for row, counts in enumerate(weights):
        assert auc[row] == pytest.approx(roc_auc_score(is_class, scores, sample_weight=counts), abs=1e-12)
        expected = average_precision_score(is_class, scores, sample_weight=counts)
        assert average_precision[row] == pytest.approx(expected, abs=1e-12)


def test_what_has_nothing_to_rank_is_nan():
    once = np.ones((1, 3), dtype=np.int32)
    none = class_rankings(np.array([0.1, 0.2, 0.3]), np.zeros(3, dtype=bool), once)
    assert np.isnan(none).all()
    auc, average_precision = class_rankings(np.array([0.1, 0.2, 0.3]), np.ones(3, dtype=bool), once)
    assert np.isnan(auc)
    assert average_precision == 1


def test_a_sample_may_lack_the_class():
    weights = np.array([[1, 1, 1], [0, 1, 2]], dtype=np.int32)
    auc, average_precision = class_rankings(np.array([0.9, 0.5, 0.1]), np.array([True, False, False]), weights)
    np.testing.assert_array_equal(auc, [1, np.nan])
    np.testing.assert_array_equal(average_precision, [1, np.nan])

"""Intervals by drawing the images anew."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import check_random_state

from skimgcls.metrics import _bootstrap_intervals as module
from skimgcls.metrics import bootstrap_intervals, classification_scores


@pytest.fixture
def predictions(rng):
    y = rng.integers(0, 4, size=150)
    return y, rng.dirichlet(np.ones(4), size=150) * 0.6 + 0.4 * np.eye(4)[y]


def test_they_are_percentiles_of_the_scores_of_images_drawn_anew(predictions):
    y, proba = predictions
    intervals = bootstrap_intervals(y, y_proba=proba, n_bootstrap=30, random_state=3)
    drawn = check_random_state(3).randint(len(y), size=(30, len(y)))
    scores = pd.DataFrame([classification_scores(y[rows], y_proba=proba[rows], classes=range(4)) for rows in drawn])
    expected = scores.quantile([0.025, 0.975]).T
    moved = "expected_calibration_error"
    expected.loc[moved] += classification_scores(y, y_proba=proba)[moved] - scores[moved].mean()
    assert list(intervals.index) == list(scores.columns)
    assert list(intervals.columns) == ["low", "high"]
    np.testing.assert_allclose(intervals, expected, atol=1e-12)


def test_samples_in_chunks_are_the_same(monkeypatch, predictions):
    y, proba = predictions
    whole = bootstrap_intervals(y, y_proba=proba, n_bootstrap=25)
    monkeypatch.setattr(module, "CHUNK", 4 * len(y))
    pd.testing.assert_frame_equal(bootstrap_intervals(y, y_proba=proba, n_bootstrap=25), whole)


def test_a_seed_gives_the_same_intervals_and_another_seed_others(predictions):
    y, proba = predictions
    first, again, other = (bootstrap_intervals(y, y_proba=proba, n_bootstrap=20, random_state=s) for s in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_an_interval_of_a_share_is_that_of_the_binomial_distribution():
    y, y_pred = np.zeros(400, dtype=int), np.repeat([0, 1], [360, 40])
    low, high = bootstrap_intervals(y, y_pred).loc["accuracy"]
    assert low == pytest.approx(0.9 - 1.96 * np.sqrt(0.9 * 0.1 / 400), abs=0.005)
    assert high == pytest.approx(0.9 + 1.96 * np.sqrt(0.9 * 0.1 / 400), abs=0.005)


def test_the_value_of_every_score_lies_within(predictions):
    y, proba = predictions
    intervals = bootstrap_intervals(y, y_proba=proba)
    values = pd.Series(classification_scores(y, y_proba=proba))
    assert (intervals["low"] <= values).all()
    assert (intervals["high"] >= values).all()


def test_a_sample_without_a_rare_class_is_no_obstacle():
    y = np.array([0] * 20 + [1])
    proba = np.column_stack([np.linspace(0.9, 0.1, 21), np.linspace(0.1, 0.9, 21)])
    assert np.isfinite(bootstrap_intervals(y, y_proba=proba, n_bootstrap=50)).all(axis=None)
    single = bootstrap_intervals(y[:20], y_proba=proba[:20], classes=[0, 1], n_bootstrap=50)
    assert single.loc["roc_auc_ovr"].isna().all()


def test_many_images_and_classes_get_fewer_samples_of_what_goes_through_all_of_them(monkeypatch, predictions):
    y, proba = predictions
    seen = {"direct": 0, "ranking": 0}
    for name in seen:
        own = getattr(module.WeightedScores, name)

        def counted(self, weights, name=name, own=own):
            seen[name] += len(weights)
            return own(self, weights)

        monkeypatch.setattr(module.WeightedScores, name, counted)
    monkeypatch.setattr(module, "FEWEST_RANKINGS", 7)
    monkeypatch.setattr(module, "RANKING_WORK", 1)
    intervals = bootstrap_intervals(y, y_proba=proba, n_bootstrap=20)
    assert seen == {"direct": 21, "ranking": 7}  # the calibration error needs its value
    assert np.isfinite(intervals).all(axis=None)


def test_no_samples_are_refused(predictions):
    with pytest.raises(ValueError, match="n_bootstrap must be 1 or more, got 0"):
        bootstrap_intervals(predictions[0], y_proba=predictions[1], n_bootstrap=0)

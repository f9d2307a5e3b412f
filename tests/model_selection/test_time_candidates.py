import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skimgcls.model_selection import _time_candidates
from skimgcls.model_selection._planned_work import PlannedWork
from skimgcls.model_selection._time_candidates import Seconds, time_candidates

FOLD = np.arange(40), np.arange(40, 60)


class Clock:
    """Stands in for cross_validate: a fit takes 1 s, and 0.1 s for each epoch and for each step of quality."""

    def __init__(self, fails_at=()):
        self.fits, self.options, self.fails_at = [], [], fails_at

    def __call__(self, estimator, X, y, *, cv, **options):
        quality, epochs = estimator.quality, getattr(estimator, "max_epochs", 0)
        self.fits.append((quality, epochs, len(cv[0][0])))
        self.options.append(options | {"n_folds": len(cv)})
        if quality in self.fails_at:
            raise ValueError(f"quality {quality}")
        return {"fit_time": np.full(len(cv), 1 + 0.1 * epochs * quality), "score_time": np.full(len(cv), 0.25)}


@pytest.fixture
def measure(monkeypatch, guesser, blank_images):
    def measure(kinds, clock=None, work=None, search=None, estimator=None, now=None):
        clock = clock or Clock()
        monkeypatch.setattr(_time_candidates, "cross_validate", clock)
        if now:
            monkeypatch.setattr(_time_candidates, "perf_counter", now)
        search = search or GridSearchCV(estimator or guesser(), {})
        kinds = {str(quality): {"quality": quality} for quality in kinds}
        return time_candidates(search, work or PlannedWork([]), kinds, *blank_images, FOLD, {}), clock

    return measure


def test_an_epoch_is_what_longer_fits_take_longer(measure):
    seconds, clock = measure([2, 4])
    np.testing.assert_allclose(seconds["2"], Seconds(epoch=0.2, start=1.0, score=0.25))
    np.testing.assert_allclose(seconds["4"], Seconds(epoch=0.4, start=1.0, score=0.25))
    assert sorted(fit[:2] for fit in clock.fits[1:]) == [(2, 1), (2, 3), (4, 1), (4, 3)]


def test_a_fit_of_few_images_warms_up(measure, monkeypatch):
    monkeypatch.setattr(_time_candidates, "_WARM_UP_IMAGES", 10)
    _, clock = measure([2])
    assert [fit[1:] for fit in clock.fits] == [(1, 10), (1, 40), (3, 40)]


def test_as_many_fits_run_as_in_the_search_and_as_it_says(measure, guesser):
    search = GridSearchCV(guesser(), {}, scoring="f1", return_train_score=True)
    _, clock = measure([2], work=PlannedWork([], n_parallel=3), search=search)
    for options in clock.options:
        assert (options["n_jobs"], options["n_folds"], options["scoring"]) == (3, 3, "f1")
        assert options["return_train_score"]


def test_of_many_kinds_only_some_are_measured_once_they_take_long(measure):
    ticks = iter(range(0, 10_000, 20))
    seconds, _ = measure(range(1, 30), now=lambda: next(ticks))
    assert len(seconds) == 4
    assert len(measure(range(1, 30), now=lambda: 0.0)[0]) == 29


def test_what_cannot_be_fitted_is_left_out_and_nothing_fitted_is_an_error(measure):
    assert set(measure([2, 3], Clock(fails_at={2}))[0]) == {"3"}
    with pytest.raises(ValueError, match=r"quality [23]"):
        measure([2, 3], Clock(fails_at={2, 3}))


def test_without_epochs_a_fit_is_timed_as_a_whole(measure):
    from sklearn.base import BaseEstimator

    class Whole(BaseEstimator):
        def __init__(self, quality=1):
            self.quality = quality

        def fit(self, X, y):
            return self

    seconds, clock = measure([2], estimator=Whole())
    assert seconds["2"] == Seconds(epoch=1.0, start=0.0, score=0.25)
    assert len(clock.fits) == 2


def test_noise_makes_no_negative_times(measure):
    class Backwards(Clock):
        def __call__(self, *args, **options):
            results = super().__call__(*args, **options)
            return results | {"fit_time": 0.3 / results["fit_time"]}

    seconds, _ = measure([2], Backwards())
    assert seconds["2"].epoch > 0
    assert seconds["2"].start >= 0


def test_short_fits_are_repeated(measure):
    class Quick(Clock):
        def __call__(self, *args, **options):
            return {name: values / 1000 for name, values in super().__call__(*args, **options).items()}

    assert len(measure([2], Quick())[1].fits) == 1 + 2 * 5

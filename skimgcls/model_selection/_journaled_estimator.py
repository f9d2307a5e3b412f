"""An estimator that asks a journal before it fits or is scored, and the scorer that goes with it."""

import time
import uuid
import warnings
from numbers import Number

from sklearn.base import clone
from sklearn.utils import get_tags

from skimgcls.training._hash_data import hash_data
from skimgcls.utils._stable_hash import stable_hash


class JournaledEstimator:
    """Stands in for the estimator of a search: fits only what no earlier run has fitted and scored.

    Parameters, tags, metadata requests and attributes are those of the estimator. A search clones it once when its fit
    begins, and that clone once for each candidate and fold, in the order of its results: so each fit knows its place
    among them.

    Parameters
    ----------
    estimator : estimator
        That the user gave to the search.
    journal : Journal
        To look up and to write to.
    setting : str
        Hash of what is common to all fits: the scoring and the versions of the code.
    """

    def __init__(self, estimator, journal, setting):
        vars(self).update(
            _estimator=estimator,
            _journal=journal,
            _setting=setting,
            _fit_id=None,  # which fit of the search this clone is for; in the first one, the last fit
            _n_clones=None,  # counted by the clone that a fit of the search begins with
            _place=None,  # of this clone in the results of that fit
            _pending=None,  # (data, params) that it was to be fitted on, while that is not necessary
            _fit_seconds=0.0,
            _is_noted=False,
            _key=None,
            _record=None,
        )

    def fit(self, *data, **params):
        """Fit, unless an earlier run did and scored it."""
        self._key = stable_hash([self._setting, self._estimator, hash_data(*data, **params)])
        self._record = self._journal.look_up(self._key)
        self._pending = data, params
        if self._record is None:
            self.fitted()
            self._record = {"fit_seconds": self._fit_seconds, "scores": {}}
        self._fit_seconds = self._record["fit_seconds"]
        return self

    def fitted(self):
        """Return the estimator itself, fitted by now if it was not."""
        if self._pending is not None:
            (data, params), self._pending = self._pending, None
            start = time.perf_counter()
            try:
                self._estimator.fit(*data, **params)
            except Exception:
                self._fit_seconds = time.perf_counter() - start
                self._note(score_seconds=0.0)
                raise
            self._fit_seconds = time.perf_counter() - start
        return self._estimator

    def score_with(self, scorer, data, params):
        """Return what `scorer` gives, from the journal or else for the journal."""
        key = hash_data(*data, **params)
        known = self._record["scores"].get(key)
        if known is not None:
            if not self._is_noted and self._pending is not None:
                self._journal.find(self._key)  # now it is certain that no fit is needed
            self._note(known["seconds"])
            return known["score"]
        estimator = self.fitted()
        start = time.perf_counter()
        try:
            score = scorer(estimator, *data, **params)
        finally:
            seconds = time.perf_counter() - start
            self._note(seconds)
        plain = _plain(score)
        if plain is not None:
            scores = {**self._record["scores"], key: {"score": plain, "seconds": seconds}}
            self._record = {**self._record, "scores": scores}
            self._journal.add(self._key, self._record)
        return score

    def set_params(self, **params):
        """Set parameters of the estimator."""
        self._estimator.set_params(**params)
        return self

    def __sklearn_clone__(self):
        copied = JournaledEstimator(clone(self._estimator), self._journal, self._setting)
        if self._n_clones is None and self._place is None:
            self._fit_id = uuid.uuid4().hex[:12]
            copied._n_clones = 0
        elif self._place is None:
            copied._place = self._n_clones
            self._n_clones += 1
        copied._fit_id = self._fit_id
        return copied

    def __sklearn_tags__(self):
        return get_tags(self._estimator)

    def __repr__(self):
        return repr(self._estimator)

    def __getattr__(self, name):
        if name.startswith("__") or "_estimator" not in vars(self):
            raise AttributeError(name)
        needs_fit = not name.startswith(("_", "get_", "set_"))  # as far as anybody can tell
        return getattr(self.fitted() if needs_fit else self._estimator, name)

    def __setattr__(self, name, value):
        if name in vars(self):
            vars(self)[name] = value
        else:
            setattr(self._estimator, name, value)

    def __delattr__(self, name):
        delattr(self._estimator, name)

    def _note(self, score_seconds):
        """Tell the search what the cell of this clone in its results cost, once."""
        if self._place is not None and not self._is_noted:
            self._is_noted = True
            seconds = [self._fit_seconds, score_seconds]
            self._journal.note(fit_id=self._fit_id, place=self._place, seconds=seconds)


class JournaledScorer:
    """Stands in for the scorer of a search: lets a `JournaledEstimator` look its score up.

    Parameters
    ----------
    scorer : callable
        From ``check_scoring``, or the user's own.
    error_score : "raise" or float
        That the search has.
    """

    def __init__(self, scorer, error_score):
        self.scorer = scorer
        self.error_score = error_score
        self.__wrapped__ = scorer  # its signature tells whether weights are accepted

    def __call__(self, estimator, *data, **params):
        if not isinstance(estimator, JournaledEstimator):
            return self.scorer(estimator, *data, **params)
        score = estimator.score_with(self.scorer, data, params)
        return {name: self._number(each) for name, each in score.items()} if isinstance(score, dict) else score

    def __getattr__(self, name):
        if name.startswith("__") or name == "scorer":
            raise AttributeError(name)
        return getattr(self.scorer, name)

    def _number(self, score):
        """Replace the traceback of one of several metrics, as a search does with those that it scores itself."""
        if not isinstance(score, str):
            return score
        warnings.warn(
            "Scoring failed. The score on this train-test partition for these parameters will be set to "
            f"{self.error_score}. Details: \n{score}",
            stacklevel=3,
        )
        return self.error_score


def _plain(score):
    """The score as numbers that JSON holds exactly; None where it is no number, or one of several failed."""
    if isinstance(score, dict):
        numbers = {name: _plain(each) for name, each in score.items()}
        return None if None in numbers.values() else numbers
    score = score.item() if getattr(score, "size", 0) == 1 else score
    return float(score) if isinstance(score, Number) and not isinstance(score, complex) else None

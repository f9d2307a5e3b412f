"""Searches that go on where they were killed."""

import contextlib
import warnings

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection._search import BaseSearchCV

from skimgcls.model_selection._draws_candidates import draws_candidates, searched_values
from skimgcls.model_selection._journal import Journal
from skimgcls.model_selection._journaled_estimator import JournaledEstimator, JournaledScorer
from skimgcls.utils._stable_hash import code_version, stable_hash


@contextlib.contextmanager
def checkpoint(search, directory):
    """Make a search resumable: what it has fitted and scored is kept on disk, and not fitted again.

    After a crash, ``kill -9`` or a power cut, run the same cell again. Every finished (candidate, fold) is read from
    the directory, so that only those that were being fitted are lost, and ``cv_results_`` holds the scores of a search
    that was never stopped, and the times that were measured when they were fitted. The refit is always done.

    Parameters
    ----------
    search : BaseSearchCV
        ``GridSearchCV``, ``RandomizedSearchCV``, their halving variants, a search of this library, or any other
        subclass that leaves the fitting to scikit-learn's ``evaluate_candidates``. Not fitted yet, or to be fitted
        again. It is left as it was found, beside its results.
    directory : path-like
        Where the records are; made if missing. Several searches, data sets and machines may share one.

    Yields
    ------
    journal : Journal
        ``journal.n_reused`` counts the fits that were not needed, ``journal.n_records`` what was found in the
        directory.

    Raises
    ------
    TypeError
        If it is no such search, or a parameter holds something that cannot be recognised in another process, such as
        an open file.
    NotADirectoryError
        If there is a file in place of the directory.

    Warns
    -----
    UserWarning
        If a ``random_state`` is None, so that two runs differ by chance; if a line in the directory is damaged, which
        is then skipped; if a record cannot be written.

    See Also
    --------
    results_frame : Any search as a table.

    Notes
    -----
    A record is found again by a hash of the estimator's parameters, of the fold's images, labels and weights (of image
    files: path, size and time of change), of the scoring, and of the code: the versions of Python's minor release,
    this library and its sources, scikit-learn, torch, skorch and numpy. Functions and classes of your own count by
    their compiled code and that of those they call. Change any of these and fits are done again; nothing has to be
    cleared. The device and the number of threads do not count beyond what the parameters say.

    Fits that failed are not recorded and are tried again.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import checkpoint
    >>> X, y = load_digit_images(return_X_y=True)
    >>> directory = tempfile.mkdtemp()
    >>> search = GridSearchCV(MLPClassifier(max_epochs=1, random_state=0), {"lr": [1e-3, 1e-2]}, cv=3)
    >>> with checkpoint(search, directory):
    ...     scores = search.fit(X[:300], y[:300]).cv_results_["mean_test_score"]
    >>> with checkpoint(search, directory) as journal:
    ...     again = search.fit(X[:300], y[:300]).cv_results_["mean_test_score"]
    >>> bool((scores == again).all()), journal.n_reused
    (True, 6)
    """
    _check(search)
    journal = Journal(directory)
    _warn_of_chance(search)
    attach = _told if hasattr(search, "_use_journal") else _wrapped
    try:
        with attach(search, journal):
            yield journal
    finally:
        journal.close()


def _check(search):
    if not (isinstance(search, BaseSearchCV) or hasattr(search, "_use_journal")) or isinstance(search, type):
        kind = f"the class {search.__name__}" if isinstance(search, type) else type(search).__name__
        raise TypeError(
            f"checkpoint needs a search such as GridSearchCV(...), got {kind}. A study of Optuna remembers its trials "
            "by itself: give it storage= and load_if_exists=True."
        )
    if isinstance(search.estimator, JournaledEstimator):
        raise ValueError("The search is inside a checkpoint already. Leave that one first.")
    stable_hash(search.estimator)
    for name, values in searched_values(search):
        if isinstance(values, (list, tuple, np.ndarray)):
            stable_hash(list(values), name)


def _warn_of_chance(search):
    searched = {name for name, _ in searched_values(search)}
    names = [
        name
        for name, value in search.estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None and name not in searched
    ]
    if draws_candidates(search) and getattr(search, "random_state", 0) is None:
        names.append("random_state of the search")
    if getattr(search.cv, "shuffle", True) and getattr(search.cv, "random_state", 0) is None:
        names.append("random_state of cv")
    if names:
        warnings.warn(
            f"Results cannot equal those of a search that was never stopped while these are None: {', '.join(names)}. "
            "Other candidates or folds are not found again, and fits that are found count as they fell out. Set them "
            "to integers.",
            stacklevel=4,  # the with statement, past contextlib
        )


@contextlib.contextmanager
def _told(search, journal):
    """A search that looks things up by itself."""
    search._use_journal(journal)
    try:
        yield
    finally:
        search._use_journal(None)


@contextlib.contextmanager
def _wrapped(search, journal):
    """A search of scikit-learn, with an estimator and a scorer that look things up for it."""
    estimator, scoring = search.estimator, search.scoring
    wrapper = JournaledEstimator(estimator, journal, stable_hash([code_version(), scoring], "scoring"))
    old_results = vars(search).get("cv_results_")
    search.estimator = wrapper
    if not _is_refused(search):
        search.scoring = JournaledScorer(_scorer(search, estimator), search.error_score)
    try:
        yield
        if vars(search).get("cv_results_") is not old_results:
            _correct_times(search, wrapper, journal)
            if isinstance(getattr(search, "best_estimator_", None), JournaledEstimator):
                search.best_estimator_.fitted()
                search.refit_time_ = search.best_estimator_._fit_seconds
    finally:
        search.estimator, search.scoring = estimator, scoring
        if isinstance(getattr(search, "best_estimator_", None), JournaledEstimator):
            search.best_estimator_ = search.best_estimator_._estimator
        if isinstance(getattr(search, "scorer_", None), JournaledScorer):
            search.scorer_ = _scorers_by_name(scoring, estimator) or search.scorer_.scorer


def _is_refused(search):
    """Whether the search will refuse its several metrics; it says so best itself, before anything is fitted."""
    if not isinstance(search.scoring, (list, tuple, dict)):
        return False
    refit = search.refit
    return hasattr(search, "resource") or not (refit is False or callable(refit) or refit in search.scoring)


def _scorer(search, estimator):
    if callable(search.scoring):
        return search.scoring
    return check_scoring(estimator, search.scoring, raise_exc=search.error_score == "raise")


def _scorers_by_name(scoring, estimator):
    """What a search keeps in ``scorer_`` of several metrics; nothing for one."""
    if isinstance(scoring, dict):
        return {name: check_scoring(estimator, each) for name, each in scoring.items()}
    return {name: check_scoring(estimator, name) for name in scoring} if isinstance(scoring, (list, tuple)) else None


def _correct_times(search, wrapper, journal):
    """Put in the seconds that fits and scores took when they were really done."""
    notes = [note for note in journal.notes() if note["fit_id"] == wrapper._fit_id]
    seconds = {note["place"]: note["seconds"] for note in notes}
    results, n_splits = search.cv_results_, search.n_splits_
    places = range(len(results["params"]) * n_splits)
    if all(place in seconds for place in places):
        times = np.array([seconds[place] for place in places]).reshape(-1, n_splits, 2)
        for name, each in zip(("fit_time", "score_time"), np.moveaxis(times, 2, 0), strict=True):
            results[f"mean_{name}"], results[f"std_{name}"] = each.mean(axis=1), each.std(axis=1)

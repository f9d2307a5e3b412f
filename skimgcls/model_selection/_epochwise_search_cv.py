"""What searches share that train all candidates epoch by epoch."""

import contextlib
import itertools
import time
from abc import abstractmethod

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _insert_error_scores, _warn_or_raise_about_fit_failures
from sklearn.utils import indexable
from sklearn.utils.validation import _check_method_params, _num_samples

from skimgcls.model_selection._growing_model import GrowingModel, network_of
from skimgcls.model_selection._saved_networks import SavedNetworks
from skimgcls.model_selection._search_folds import search_folds


class EpochwiseSearchCV(BaseSearchCV):
    """Search whose candidates are trained by ``partial_fit``, one epoch a call, as long as they are worth it.

    A subclass says in ``_search`` what is trained, and for how long, and in ``_max_epochs_name`` which parameter of its
    own sets the epochs at most.
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "random_state": ["random_state"],
    }
    resource = "epochs"
    _journal = None

    def _use_journal(self, journal):
        """Look results up in a journal before training, and write them there; None ends that."""
        self._journal = journal

    @abstractmethod
    def _search(self, folds, scorer):
        """Train candidates on folds until the time is up, and remember what becomes of them."""

    @abstractmethod
    def _rows(self):
        """What ``cv_results_`` is made of, also after Ctrl-C: for each row parameters, a dict of columns, and the
        results of its folds."""

    def _sample(self, X, y, params):
        """Return the part of the data that is searched on."""
        return X, y, params

    def _run_search(self, evaluate_candidates):
        raise NotImplementedError("A search by epochs trains its candidates itself, see _search.")

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator is not validated yet
    def fit(self, X, y=None, **params):
        """Search, and fit the best candidate again on everything.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Images in any form that the estimator takes.
        y : array-like of shape (n,)
            Labels.
        **params : dict
            For ``fit`` of the estimator, the scorer and the splitter, as in scikit-learn's searches.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        TypeError
            If the estimator cannot be trained epoch by epoch.
        ValueError
            If every fit failed, or a parameter is out of its range.
        KeyboardInterrupt
            On Ctrl-C. What was finished stands in ``cv_results_`` then, and nothing is fitted again.
        """
        network_of(self.estimator)
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        self.max_epochs_ = self._most_epochs()
        scorer, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        fit_params = self._get_routed_params_for_fit(params).estimator.fit
        try:
            self._search(self._make_folds(*self._sample(X, y, params)), scorer)
        except BaseException:
            with contextlib.suppress(Exception):  # what was raised first matters more
                self._keep_results(scorer, refit_metric)
            raise
        self._keep_results(scorer, refit_metric)
        if self.refit:
            self._refit(X, y, fit_params)
        return self

    def _make_folds(self, X, y, params):
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        split_params = routed.splitter.split
        self.n_splits_ = cv.get_n_splits(X, y, **split_params)
        self.n_samples_ = _num_samples(X)
        fit_params, score_params = routed.estimator.fit, routed.scorer.score
        return search_folds(X, y, cv, split_params=split_params, fit_params=fit_params, score_params=score_params)

    def _candidate(self, params):
        """An unfitted estimator with the parameters of a candidate, which plans for as many epochs as it may get."""
        estimator = clone(self.estimator).set_params(**clone(params, safe=False))
        return estimator.set_params(**{self._epochs_name(): self.max_epochs_})

    def _most_epochs(self):
        return getattr(self, self._max_epochs_name) or self.estimator.get_params()[self._epochs_name()]

    def _epochs_name(self):
        names = self.estimator.get_params(deep=True)
        last = self.estimator.steps[-1][0] + "__" if hasattr(self.estimator, "steps") else ""
        for name in (f"{last}max_epochs", f"{last}max_iter"):
            if name in names:
                return name
        raise TypeError(
            f"{type(network_of(self.estimator)).__name__} has no parameter max_epochs or max_iter, so that nobody "
            "knows how long to train it."
        )

    def _refuse_epochs(self, names):
        """Raise if the number of epochs is among the parameters to search for."""
        name = self._epochs_name()
        if name in names:
            raise ValueError(
                f"{name!r} is what the search raises step by step, and cannot be searched for. Leave it out of "
                f"param_distributions, and set {self._max_epochs_name} of the search."
            )

    def _train_and_score(self, model, epochs, scorer):
        """Train one candidate on one fold, unless the journal knows what comes of it.

        If it goes on later, it does so from where it was saved.
        """
        if self._journal is None:
            model.train(epochs)
            return self._score(model, scorer)
        key = model.key(epochs, self.scoring, self.return_train_score)
        results = self._journal.find(key)
        if results is None:
            model.train(epochs)
            results = self._score(model, scorer)
            if model.error is None:
                if epochs < self.max_epochs_:
                    model.save()
                self._journal.add(key, results)
        return results

    def _grow(self, params, folds):
        """Begin the networks of a candidate, one for each fold."""
        saved = self._journal and SavedNetworks(self._journal.directory / "networks")
        return [GrowingModel(self._candidate(params), fold, saved) for fold in folds]

    def _score(self, model, scorer):
        """Score one candidate on one fold as the search asks for it: a dict, as ``BaseSearchCV`` collects them."""
        if model.error is None:
            return model.score(scorer, error_score=self.error_score, return_train_score=self.return_train_score)
        if self.error_score == "raise":
            raise model.error
        metrics = getattr(scorer, "_scorers", None)
        failed = dict.fromkeys(metrics, self.error_score) if metrics else self.error_score
        scores = {"test_scores": failed} | ({"train_scores": failed} if self.return_train_score else {})
        return scores | model.facts()

    def _worth(self, results):
        """Mean over the folds of the metric that decides, NaN where a fit failed."""
        scores = scores_by_metric(results, "test_scores")
        if any(isinstance(each["test_scores"], dict) for each in results):
            self._check_refit_for_multimetric(scores)
        return float(np.mean(scores.get(self.refit, next(iter(scores.values())))))

    def _keep_results(self, scorer, refit_metric):
        rows = list(self._rows())
        if not rows:
            raise ValueError(
                "No candidate has been scored on all folds: there was none, all failed, or the time was up before. "
                "Look for errors above, give more time, or set error_score to a number to go on after an error."
            )
        params, columns, results = zip(*rows, strict=True)
        results = list(itertools.chain(*results))
        _warn_or_raise_about_fit_failures(results, self.error_score)
        if callable(self.scoring):
            _insert_error_scores(results, self.error_score)
        self.multimetric_ = isinstance(results[0]["test_scores"], dict)
        columns = {name: [each[name] for each in columns] for name in columns[0]}
        self.cv_results_ = self._format_results(list(params), self.n_splits_, results, columns)
        self.scorer_ = getattr(scorer, "_scorers", scorer)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(results[0]["test_scores"])
            refit_metric = self.refit
        if self.refit or not self.multimetric_:
            self.best_index_ = int(self._select_best_index(self.refit, refit_metric, self.cv_results_))
            if not callable(self.refit):
                self.best_score_ = self.cv_results_[f"mean_test_{refit_metric}"][self.best_index_]
            self.best_params_ = self.cv_results_["params"][self.best_index_]

    def _refit(self, X, y, fit_params):
        self.best_estimator_ = self._candidate(self.best_params_)
        start = time.time()
        self.best_estimator_.fit(X, y, **fit_params)
        self.refit_time_ = time.time() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def scores_by_metric(results, name):
    """Collect the scores of the folds of a candidate.

    Parameters
    ----------
    results : list of dict
        Of the folds.
    name : {"test_scores", "train_scores"}

    Returns
    -------
    dict of str to list of float
        By metric; a single one is called ``score``. A scorer of the user's that gives several has none for a fold
        whose fit failed: there it is the error score, for each of them.
    """
    scores = [each[name] for each in results]
    metrics = next((list(each) for each in scores if isinstance(each, dict)), ["score"])
    return {metric: [each[metric] if isinstance(each, dict) else each for each in scores] for metric in metrics}

"""One candidate on one fold, trained epoch by epoch."""

import functools
import time
from traceback import format_exception

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection._validation import _score
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing
from sklearn.utils.validation import _num_samples

from skimgcls.base import BaseImageClassifier
from skimgcls.training._training_state import training_state
from skimgcls.training._warn_of_blow_up import judged_by_score
from skimgcls.utils._stable_hash import code_version, stable_hash


class GrowingModel:
    """A candidate that trains on from where it stopped, on the images of a fold.

    Parameters
    ----------
    estimator : estimator
        Unfitted, with the parameters of the candidate, and nobody else's. It, or the last step of a pipeline, trains
        for one epoch in each ``partial_fit``.
    fold : SearchFold

    saved : SavedNetworks or None
        Where networks are kept that may go on.

    Attributes
    ----------
    epochs : int
        Trained so far.
    error : Exception or None
        What stopped it.
    """

    def __init__(self, estimator, fold, saved=None):
        self.estimator = estimator
        self.fold = fold
        self.saved = saved
        self.network = network_of(estimator)
        self.epochs = 0
        self.fit_seconds = self.score_seconds = 0.0
        self.error = None
        self._head = None
        self._identity = None

    def key(self, *what):
        """What results are found again by: parameters, data, code, and whatever else counts, such as the epochs."""
        if self._identity is None:
            self._identity = stable_hash([code_version(), self.estimator, self.fold.identity])
        return stable_hash([self._identity, *what])

    def train(self, epochs):
        """Train until that many epochs are done; an error ends it for good, and is kept instead of raised."""
        if self.error is not None:
            return
        start = time.perf_counter()
        try:
            if self.epochs == 0:
                self._begin()
                self._go_on_from_saved(epochs)
            X = self._for_network(self._X_train)
            while self.epochs < epochs:
                with judged_by_score():
                    self.network.partial_fit(X, self.fold.y_train, **self._params)
                self._params.pop("classes", None)  # asked for at the first call
                self.epochs += 1
        except Exception as error:
            self.error = error
        self.fit_seconds += time.perf_counter() - start

    def score(self, scorer, *, error_score, return_train_score=False):
        """Score on the test fold, and perhaps on the training fold.

        Parameters
        ----------
        scorer : callable
            Of scikit-learn, or the user's own.
        error_score : float or "raise"
        return_train_score : bool, default=False

        Returns
        -------
        dict
            As ``BaseSearchCV`` collects them; times are those of all epochs so far, in seconds.
        """
        start = time.perf_counter()
        fold, result = self.fold, {}
        result["test_scores"] = self._score(
            scorer, fold.X_test, self._X_test, fold.y_test, fold.test_score_params, error_score
        )
        self.score_seconds = time.perf_counter() - start
        if return_train_score:
            result["train_scores"] = self._score(
                scorer, fold.X_train, self._X_train, fold.y_train, fold.train_score_params, error_score
            )
        return result | self.facts()

    def save(self):
        """Keep the network, so that a search that is killed now goes on with it."""
        if self.saved is not None and isinstance(self.network, BaseImageClassifier) and not self.network.callbacks:
            state = training_state(self.network.net_)
            if state is not None:
                self.saved.save(self._file, self.epochs, self.fit_seconds, state)

    def forget(self):
        """Remove what was kept of the network."""
        if self.saved is not None:
            self.saved.remove(self._file)

    def facts(self):
        """What there is to say of it besides scores."""
        return {
            "fit_time": self.fit_seconds,
            "score_time": self.score_seconds,
            "n_test_samples": _num_samples(self.fold.y_test),
            "fit_error": self.error and "".join(format_exception(self.error)),
        }

    @property
    def history(self):
        """Skorch's history; None where there is none."""
        return self.network.net_.history if hasattr(self.network, "net_") else None

    @functools.cached_property
    def _file(self):
        return self.key("network")

    def _begin(self):
        fold = self.fold
        self._params = dict(fold.fit_params)
        self._X_train, self._X_test = fold.X_train, fold.X_test
        if isinstance(self.estimator, Pipeline):
            head_params, self._params = _divided(self.estimator, fold.fit_params)
            if len(self.estimator.steps) > 1:
                self._head, self._X_train, self._X_test = fold.transformed(self.estimator, head_params)
        if is_classifier(self.network) and not isinstance(self.network, BaseImageClassifier):
            self._params["classes"] = np.unique(fold.y_train)

    def _go_on_from_saved(self, epochs):
        """Put the network where an earlier run of the search left it, if that is not too far."""
        found = self.saved and self.saved.load(self._file, epochs)
        if found:
            self.epochs, seconds, state = found
            self.fit_seconds += seconds
            self.network._continue_from(state, self._X_train, self.fold.y_train, **self._params)
            self._params.pop("classes", None)

    def _for_network(self, X):
        return X if isinstance(self.network, BaseImageClassifier) else X.unread()

    def _score(self, scorer, X, X_transformed, y, params, error_score):
        if is_of_sklearn(scorer):
            return _score(self.network, self._for_network(X_transformed), y, scorer, params, error_score)
        return _score(self._whole(), X.unread(), y, scorer, params, error_score)  # it may look at anything

    def _whole(self):
        if self._head is None:
            return self.estimator if isinstance(self.estimator, Pipeline) else self.network
        return Pipeline([*self._head.steps, self.estimator.steps[-1]])


def is_of_sklearn(scorer):
    """Tell whether a scorer does no more than to predict: one of scikit-learn's, and not a function of the user's."""
    parts = getattr(scorer, "_scorers", {"score": scorer}).values()
    return all(type(part).__module__.startswith("sklearn.") for part in parts)


def network_of(estimator):
    """Return the part of an estimator that trains by epochs: itself, or the last step of a pipeline.

    Raises
    ------
    TypeError
        If that has no ``partial_fit``.
    """
    network = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(network, "partial_fit"):
        raise TypeError(
            f"{type(network).__name__} cannot be trained epoch by epoch: it has no partial_fit. Use an estimator of "
            "skimgcls, alone or as the last step of a Pipeline, or a search such as GridSearchCV."
        )
    return network


def _divided(pipeline, params):
    """Divide the parameters of ``fit`` between the transformers and the network."""
    from sklearn import get_config

    last = pipeline.steps[-1][0]
    if not get_config()["enable_metadata_routing"]:
        own = {name.removeprefix(f"{last}__"): v for name, v in params.items() if name.startswith(f"{last}__")}
        return {name: v for name, v in params.items() if not name.startswith(f"{last}__")}, own
    if not params:
        return {}, {}
    head = get_routing_for_object(pipeline[:-1]).consumes("fit_transform", params.keys()) if len(pipeline) > 1 else ()
    own = process_routing(pipeline, "fit", **params)[last].fit
    return {name: params[name] for name in head}, dict(own)

"""A pipeline whose network is told after each epoch how it does on the test fold, which training never looks at."""

import functools

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from skimgcls.model_selection._known_costs import HARMLESS
from skimgcls.training._warn_of_blow_up import judged_by_score

_HARMLESS = HARMLESS - {"LRScheduler"}  # which may wait for a validation loss


class ValidatedPipeline(Pipeline):
    """Pipeline that hands its network a validation set, through the transformers before it.

    Training is the same to the bit: a network that would look at what it validates on (early stopping, a plateau
    schedule, callbacks, a share held out) is fitted without.

    Parameters
    ----------
    steps, transform_input, memory, verbose
        As in ``Pipeline``.
    X_val, y_val : array-like (n_val, ...), (n_val,), default=None
        What to validate on, as it goes into the pipeline. None validates on nothing. Let go of at the end of ``fit``,
        so that a copy of the fitted pipeline does not carry images.
    """

    def __init__(self, steps, *, transform_input=None, memory=None, verbose=False, X_val=None, y_val=None):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.X_val = X_val
        self.y_val = y_val

    @classmethod
    def around(cls, estimator):
        """Return an estimator in a pipeline of this kind, and as it is where its network cannot be reached."""
        inner = estimator
        while type(inner) is Pipeline and inner.transform_input is None:
            inner = inner[-1]
        if not hasattr(inner, "_build_module"):  # none of ours
            return estimator
        if estimator is inner:
            return cls([("network", estimator)])
        return cls(estimator.steps, memory=estimator.memory, verbose=estimator.verbose)

    @judged_by_score()
    def fit(self, X, y=None, **params):
        """Fit the transformers, then the network with the transformed validation set."""
        _warm_up(_network_in(self).device)
        known = np.isin(self.y_val, np.unique(y)) if self.X_val is not None else np.zeros(0, bool)
        if not known.any() or _looks_at_validation(_network_in(self)):
            super().fit(X, y, **params)
        else:
            rows = np.flatnonzero(known)  # a class that no training image has would be refused
            _fit(self, X, y, _safe_indexing(self.X_val, rows), _safe_indexing(self.y_val, rows))
        self.X_val = self.y_val = None
        return self


def _network_in(pipeline):
    return _network_in(pipeline[-1]) if isinstance(pipeline, Pipeline) else pipeline


@functools.cache
def _warm_up(device):
    """Fit something tiny once in each process: what its first fit loads, half a second, should count for nobody."""
    from skimgcls.estimators import MLPClassifier

    X, y = np.arange(64, dtype=np.uint8).reshape(16, 2, 2), np.arange(16) % 2
    MLPClassifier(hidden_units=2, max_epochs=1, device=device, random_state=0).fit(X, y, X_val=X, y_val=y)


def _looks_at_validation(network):
    """Whether what a network validates on may change how it is trained."""
    callbacks = [each[-1] if isinstance(each, (tuple, list)) else each for each in network.callbacks or ()]
    return (
        network.early_stopping
        or network.validation_fraction is not None
        or network.lr_schedule == "plateau"
        or any(type(each).__name__ not in _HARMLESS for each in callbacks)
    )


def _fit(estimator, X, y, X_val, y_val):
    """Do as ``Pipeline.fit`` does, and take the validation set along."""
    if not isinstance(estimator, Pipeline):
        estimator.fit(X, y, X_val=X_val, y_val=y_val)
        return
    if len(estimator.steps) > 1:
        head = Pipeline(estimator.steps[:-1], memory=estimator.memory, verbose=estimator.verbose)
        X = head.fit_transform(X, y)
        X_val = head.transform(X_val)
        estimator.steps = [*head.steps, estimator.steps[-1]]  # with a memory they are fitted copies
    _fit(estimator[-1], X, y, X_val, y_val)

"""Parameters that are objects with a life of their own: callbacks and augmentations."""

import copy
import functools
import pickle

from joblib import wrap_non_picklable_objects
from sklearn.base import BaseEstimator


class HeldObjectsMixin:
    """Clone and list the parameters of an estimator whose ``callbacks`` and ``augment`` hold objects of others.

    scikit-learn takes everything with a ``get_params`` for an estimator, but transforms of torchvision have one of
    another kind; and it copies everything else deeply, but a deep copy of an Optuna trial prunes nothing.
    """

    @classmethod
    @functools.cache
    def _get_param_names(cls):
        return super()._get_param_names()  # reads the signature, in a search several times for each fit

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, sharing what callbacks hold."""
        shell = copy.copy(self)
        shell.callbacks = shell.augment = None
        clone = BaseEstimator.__sklearn_clone__(shell)
        clone.callbacks = self.callbacks
        clone.augment = copy.deepcopy(self.augment)
        return clone

    def __copy__(self):
        shell = type(self).__new__(type(self))  # not by __getstate__, which is for pickling
        shell.__dict__.update(self.__dict__)
        return shell

    def __getstate__(self):
        """Name the callback that cannot be pickled: the error of pickle itself would not."""
        for callback in self.callbacks if isinstance(self.callbacks, (list, tuple)) else ():
            _check_picklable(callback, type(self).__name__)
        return super().__getstate__()

    def get_params(self, deep=True):
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list those of an augmentation too, as ``augment__<name>``.

        Returns
        -------
        dict
            Names and values.
        """
        params = super().get_params(deep=False)
        if deep and isinstance(self.augment, BaseEstimator):
            params |= {f"augment__{name}": value for name, value in self.augment.get_params().items()}
        return params


def _check_picklable(callback, name):
    for held in (callback, wrap_non_picklable_objects(callback)):  # the second as joblib's processes get it
        try:
            pickle.dumps(held)
            return
        except Exception as error:  # an object may raise anything there
            failure = error
    raise TypeError(
        f"callbacks of {name} holds {callback!r}, which cannot be pickled: {failure}. Pickle the model after "
        "set_params(callbacks=None), and search with n_jobs=1 or in threads: joblib.parallel_config('threading')."
    ) from failure

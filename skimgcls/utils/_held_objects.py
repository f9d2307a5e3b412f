"""Parameters that are objects with a life of their own: callbacks and augmentations."""

import copy
import functools

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

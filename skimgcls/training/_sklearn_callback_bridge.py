"""scikit-learn's own callbacks (1.9 and later), told of each epoch."""

from skorch.callbacks import Callback


class SklearnCallbackBridge(Callback):
    """Report each epoch as one task of the estimator's fit to what ``set_callbacks`` was given.

    Parameters
    ----------
    estimator : estimator
        Whose fit this is.
    context : sklearn.callback.CallbackContext
        Of the fit.
    X, y : array-like
        The user's training data, for callbacks that score on it.
    """

    def __init__(self, estimator, context, X, y):
        self.estimator = estimator
        self.context = context
        self.data = {"X": X, "y": y}

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Open the task of this epoch."""
        self.epoch_context_ = self.context.subcontext(task_name="epoch")
        self.epoch_context_.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Close it; a callback that returns True stops the fit."""
        stop = self.epoch_context_.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=dict, **self.data
        )
        if stop:
            raise KeyboardInterrupt  # skorch's way to stop

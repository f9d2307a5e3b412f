"""scikit-learn's own callbacks (1.9 and later), told of each epoch."""

import contextlib

from skorch.callbacks import Callback


@contextlib.contextmanager
def report_to_sklearn(estimator, net, n_epochs, X, y):
    """Tell the callbacks that the estimator was given by ``set_callbacks`` of its fit, and of each epoch.

    Parameters
    ----------
    estimator : estimator
        Without callbacks of its own or of a search around it nothing happens.
    net : TrainingNet
        With its callbacks initialized.
    n_epochs : int
        Epochs to come.
    X, y : array-like
        The user's training data, for callbacks that score on it.
    """
    if not (hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")):
        yield  # nobody listens
        return
    context = estimator._init_callback_context(max_subtasks=n_epochs)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    own = net.callbacks_
    bridge = ("sklearn_callbacks", SklearnCallbackBridge(estimator, context, X, y))
    net.callbacks_ = [own[0], bridge, *own[1:]]  # behind the timer
    try:
        yield
    finally:
        net.callbacks_ = own
    context.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes=dict)


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

    stop_ = False

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Open the task of this epoch, unless a callback said to stop at the end of the last one."""
        if self.stop_:
            raise KeyboardInterrupt  # skorch's way to stop; not earlier, so that all callbacks saw the last epoch
        self.epoch_context_ = self.context.subcontext(task_name="epoch")
        self.epoch_context_.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Close it; a callback that returns True stops the fit."""
        self.stop_ = self.epoch_context_.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=dict, **self.data
        )

"""The callbacks of one fit, in the order in which they must be called."""

import contextlib

from skorch.callbacks import Callback
from skorch.exceptions import SkorchException

from skimgcls.callbacks import EarlyStopping, EpochTimer, TimeLimit, isolated_copy
from skimgcls.utils._is_same import is_same

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def make_callbacks(estimator, *, stops):
    """Return the skorch callbacks of a fit: the timer, the user's own on shallow copies, and what stops it.

    Parameters
    ----------
    estimator : BaseImageClassifier
        Its ``callbacks``, ``early_stopping``, ``patience``, ``tol`` and ``time_limit`` apply.
    stops : bool
        Whether early stopping and the time limit are wanted; ``partial_fit`` wants neither.

    Returns
    -------
    list of (str, skorch.callbacks.Callback)
    """
    callbacks = [("skimgcls_epoch_timer", EpochTimer())]  # first, so that it times no other callback
    callbacks += [_copy_of(item) for item in estimator.callbacks or ()]
    if stops and estimator.early_stopping:
        callbacks.append(("skimgcls_early_stopping", EarlyStopping(patience=estimator.patience, tol=estimator.tol)))
    if stops and estimator.time_limit is not None:
        callbacks.append(("skimgcls_time_limit", TimeLimit(estimator.time_limit)))
    return callbacks


def check_callbacks(estimator, *, has_valid):
    """Refuse what is no callback, and one that waits for a validation loss that nobody computes."""
    for item in estimator.callbacks or ():
        is_named = isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)
        callback = item[1] if is_named else item
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks holds {item!r}, which is no instance of a skorch callback. Use those of "
                "skimgcls.callbacks or skorch.callbacks, such as EarlyStopping(), alone or in a pair (name, callback); "
                "scikit-learn's own go to set_callbacks()."
            )
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor.startswith("valid_") and not has_valid:
            raise ValueError(
                f"callbacks: {type(callback).__name__} monitors {monitor!r}, but nothing is held out to validate "
                "on. Set validation_fraction=0.1, pass X_val and y_val to fit, or monitor "
                f"{monitor.replace('valid', 'train')!r}."
            )


def renew_callbacks(estimator, net, *, partial):
    """Give a net the callbacks of a call of ``fit``, or leave it those of the last like call of ``partial_fit``."""
    purpose = (partial, estimator.verbose, tuple(estimator.callbacks or ()))
    if not (partial and is_same(net.callbacks_for_, purpose)):
        net.callbacks = make_callbacks(estimator, stops=not partial)
        net.initialize_callbacks()
        net.callbacks_for_ = purpose


@contextlib.contextmanager
def naming_missing_columns(net):
    """Name the callback that looks for a column which the history has not: skorch's error names the column alone."""
    try:
        yield
    except (KeyError, SkorchException) as error:
        watching = [each for _, each in net.callbacks_ if f"'{getattr(each, 'monitor', None)}'" in str(error)]
        if not watching:
            raise
        name = type(watching[0]).__name__
        raise ValueError(
            f"callbacks holds {name}, which monitors {watching[0].monitor!r}, but the history has: "
            f"{', '.join(sorted(net.history[-1].keys() - {'batches'}))}. Choose one of these, or put the callback that "
            f"records it before {name}."
        ) from error


def hooks_into_batches(callback):
    """Tell whether a callback does anything between the beginning and the end of an epoch."""
    return any(getattr(type(callback), hook, None) is not getattr(Callback, hook) for hook in _BATCH_HOOKS)


def _copy_of(item):
    # a shallow copy: what the callback holds (a trial, a file handle, a list) is shared with the caller on purpose
    if isinstance(item, (tuple, list)):
        name, callback = item
        return name, isolated_copy(callback)
    return isolated_copy(item)

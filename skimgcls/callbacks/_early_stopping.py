"""Early stopping that needs no validation split and keeps the best weights in memory."""

from copy import deepcopy
from math import isfinite
from numbers import Integral, Real

import torch
from skorch.callbacks import Callback

LOWER_IS_BETTER = ("loss", "error", "brier")
HIGHER_IS_BETTER = ("acc", "score", "auc", "f1", "precision", "recall")

_REMEMBERED = (
    "monitor_", "stopped_epoch_", "best_epoch_", "best_score_", "_reference_", "_misses_", "_net_has_best_",
)  # fmt: skip


class EarlyStopping(Callback):
    """Stop training when a monitored value no longer improves, and go back to the best weights.

    Works with and without validation data, in one ``fit`` as well as over many ``partial_fit`` calls, and keeps
    the best weights in memory: no file is written.

    Parameters
    ----------
    monitor : str, default="auto"
        Column of the history to watch. "auto" takes ``valid_loss`` where the epoch has one and ``train_loss``
        otherwise.
    patience : int, default=5
        Number of epochs in a row without an improvement after which training stops.
    tol : float, default=1e-4
        Smallest improvement that counts, absolute, in the units of the monitored value (nats for a loss). The count
        of `patience` starts again only when the value is better by more than `tol` than when it last started again,
        so a slow but steady descent goes on.
    lower_is_better : bool or "auto", default="auto"
        "auto" reads it off the name: lower for names with "loss", "error" or "brier", higher for names with "acc",
        "score", "auc", "f1", "precision" or "recall"; a part "neg" turns it round (``neg_log_loss``). A name that says
        neither, or both, is refused.
    restore_best : bool, default=True
        Whether the net ends with the weights of its best epoch instead of its last. Covers the parameters and
        buffers of all its modules, a criterion's included; the optimizer keeps its last state. Costs the memory of
        one copy of the weights, on their device.

    Attributes
    ----------
    best_epoch_ : int or None
        Epoch of the best value, counted from 1 as in the history. Ties go to the earlier epoch, and `tol` plays no
        part here. None while no epoch gave a finite value.
    best_score_ : float or None
        The value at `best_epoch_`.
    stopped_epoch_ : int or None
        Epoch at which this callback stopped training; None if it did not.
    monitor_ : str or None
        Column that was watched last. If "auto" has to change it between two calls, the search for the best epoch starts
        again, as a training and a validation loss cannot be compared.

    Raises
    ------
    ValueError
        At the beginning of training if a parameter is out of its range; at the end of the first epoch if the history
        has no column `monitor`, or its name does not tell whether lower is better.

    Notes
    -----
    A value that is infinite or not a number never counts as an improvement.

    Between ``partial_fit`` calls the net predicts with its best weights, and the next call goes on from the
    latest ones, so that ten calls train the same path as one of ten epochs. Where the weights were changed in between,
    they are left as they are and the search for the best epoch starts again. A call after a stop goes on from the
    restored weights with a fresh count of `patience`. The copy is not pickled: an unpickled net goes on from the
    weights it was saved with.

    Callbacks that stand after this one in the list do not see the end of the epoch that it stops at, which is how
    skorch stops training. So put it last.

    References
    ----------
    .. [1] L. Prechelt, "Early Stopping - But When?", Neural Networks: Tricks of the Trade, LNCS 1524, 1998,
       pages 55-69.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from skimgcls.callbacks import EarlyStopping
    >>> X, y = np.eye(4, dtype="float32").repeat(8, axis=0), np.arange(4).repeat(8)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Softmax(dim=1))
    >>> stopping = EarlyStopping(patience=2, tol=1.0)
    >>> net = NeuralNetClassifier(module, train_split=None, verbose=0, callbacks=[stopping]).fit(X, y)
    >>> len(net.history), stopping.stopped_epoch_, stopping.best_epoch_, stopping.monitor_
    (3, 3, 3, 'train_loss')
    """

    def __init__(self, *, monitor="auto", patience=5, tol=1e-4, lower_is_better="auto", restore_best=True):
        self.monitor = monitor
        self.patience = patience
        self.tol = tol
        self.lower_is_better = lower_is_better
        self.restore_best = restore_best

    def initialize(self):
        self._check_parameters()  # here already: before a fit takes the place of an earlier one
        self.monitor_ = None
        self.stopped_epoch_ = None
        self._forget_best()
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self._check_parameters()
        if self.stopped_epoch_ is not None:
            self.stopped_epoch_, self._misses_ = None, 0
        if self.best_epoch_ is None or not self.restore_best:
            return
        if self._weights_ is None:
            # Just unpickled, or restore_best was switched on: the best weights are known only if the net has them now.
            self._keep_weights(net) if self._net_has_best_ else self._forget_best()
        elif self._swapped_ is not None:
            self._swap_weights(net) if self._swapped_ == _fingerprint(net) else self._forget_best()
            self._swapped_ = None

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self._net_has_best_ = False

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        row = net.history[-1]
        monitor = self._find_monitor(row)
        if monitor != self.monitor_:
            self._forget_best()
            self.monitor_ = monitor
        sign = 1.0 if self._is_lower_better(monitor) else -1.0
        score, epoch = float(row[monitor]), row.get("epoch", len(net.history))

        if isfinite(score) and (self.best_epoch_ is None or sign * score < sign * self.best_score_):
            self.best_epoch_, self.best_score_ = epoch, score
            self._net_has_best_ = True
            if self.restore_best:
                self._keep_weights(net)
        if isfinite(score) and (self._reference_ is None or sign * score < sign * self._reference_ - self.tol):
            self._reference_, self._misses_ = score, 0
        else:
            self._misses_ += 1
        if self._misses_ >= self.patience:
            self.stopped_epoch_ = epoch
            raise KeyboardInterrupt

    def on_train_end(self, net, X=None, y=None, **kwargs):
        if not self.restore_best or self._weights_ is None or self._net_has_best_:
            return
        if self.stopped_epoch_ is None:
            self._swap_weights(net)  # the copy now holds the latest weights, for a call that goes on
            self._swapped_ = _fingerprint(net)
        else:
            for name, module in _torch_modules(net):
                module.load_state_dict(self._weights_[name])
        self._net_has_best_ = True

    def state_dict(self):
        """Return what it remembers, the way torch's optimizers do: numbers, names and copies of weights.

        Returns
        -------
        state : dict
            For `load_state_dict`. Without the best weights where the net has them itself.
        """
        state = {name: getattr(self, name) for name in _REMEMBERED}
        kept = {} if self._net_has_best_ else self._weights_ or {}
        return state | {f"{name}:{key}": value for name, weights in kept.items() for key, value in weights.items()}

    def load_state_dict(self, state):
        """Go on from what another one remembered.

        Parameters
        ----------
        state : dict
            From `state_dict`.
        """
        vars(self).update({name: state[name] for name in _REMEMBERED})
        weights = {}
        for name, _, key in (name.partition(":") for name in state.keys() - {*_REMEMBERED}):
            weights.setdefault(name, {})[key] = state[f"{name}:{key}"]
        self._weights_ = weights or None

    def __getstate__(self):
        state = self.__dict__.copy()
        if "_weights_" in state:
            # The net has these weights already, and a copy on a GPU could not be unpickled without one.
            state.update(_weights_=None, _swapped_=None)
        return state

    def _check_parameters(self):
        if isinstance(self.patience, bool) or not isinstance(self.patience, Integral) or self.patience < 1:
            raise ValueError(f"patience must be an integer of at least 1 (epochs), got {self.patience!r}.")
        if isinstance(self.tol, bool) or not isinstance(self.tol, Real) or not self.tol >= 0:
            raise ValueError(f"tol must be a number of at least 0 (an absolute improvement), got {self.tol!r}.")
        if not isinstance(self.monitor, str):
            raise ValueError(f'monitor must be "auto" or the name of a history column, got {self.monitor!r}.')
        if self.lower_is_better not in (True, False, "auto"):
            raise ValueError(f'lower_is_better must be True, False or "auto", got {self.lower_is_better!r}.')

    def _forget_best(self):
        self.best_epoch_ = None
        self.best_score_ = None
        self._reference_ = None  # the score that the next one must beat by tol
        self._misses_ = 0
        self._weights_ = None  # {module name: copy of its state dict}
        self._swapped_ = None  # fingerprint of the net if the copy holds its latest weights instead of its best
        self._net_has_best_ = False

    def _find_monitor(self, row):
        candidates = ("valid_loss", "train_loss") if self.monitor == "auto" else (self.monitor,)
        for name in candidates:
            if name in row:
                return name
        there = ", ".join(sorted(key for key in row if key != "batches"))
        wanted = " or ".join(repr(name) for name in candidates)
        hint = " Columns of validation data exist only when there is some." if "valid" in wanted else ""
        raise ValueError(
            f"EarlyStopping(monitor={self.monitor!r}) needs the history column {wanted}, but the history has: {there}. "
            f"Choose one of these, or add a callback that records it and put it before EarlyStopping.{hint}"
        )

    def _is_lower_better(self, monitor):
        if self.lower_is_better != "auto":
            return self.lower_is_better
        name = monitor.lower()
        lower = any(word in name for word in LOWER_IS_BETTER)
        higher = any(word in name for word in HIGHER_IS_BETTER)
        if lower == higher:
            raise ValueError(
                f"The name of monitor={monitor!r} does not tell whether lower is better. "
                "Set lower_is_better to True or False."
            )
        return lower != ("neg" in name.split("_"))

    def _keep_weights(self, net):
        """Copy the net's weights, into the copy that is there already where it fits."""
        self._weights_ = {
            name: _copy_state(module.state_dict(), into=(self._weights_ or {}).get(name))
            for name, module in _torch_modules(net)
        }

    def _swap_weights(self, net):
        for name, module in _torch_modules(net):
            latest = _copy_state(module.state_dict())
            module.load_state_dict(self._weights_[name])
            self._weights_[name] = latest


def _torch_modules(net):
    """Yield (name, module) for the modules and criteria of a skorch net."""
    for name in net._modules + net._criteria:
        module = getattr(net, name + "_", None)
        if isinstance(module, torch.nn.Module):
            yield name, module


def _copy_state(state, into=None):
    reusable = into is not None and into.keys() == state.keys()
    copied = {}
    for key, value in state.items():
        if not isinstance(value, torch.Tensor):
            copied[key] = deepcopy(value)  # a module's "extra state" may be anything
        elif reusable and _are_alike(into[key], value):
            copied[key] = into[key].copy_(value)
        else:
            copied[key] = value.detach().clone()
    return copied


def _are_alike(first, second):
    return (
        isinstance(first, torch.Tensor)
        and first.shape == second.shape
        and first.dtype == second.dtype
        and first.device == second.device
    )


def _fingerprint(net):
    """Identity and version of each weight: changes when anyone writes to one or replaces it."""
    return [
        (name, key, value.data_ptr(), value._version)
        for name, module in _torch_modules(net)
        for key, value in module.state_dict().items()
        if isinstance(value, torch.Tensor)
    ]

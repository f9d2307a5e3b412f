"""A learning rate that grows from batch to batch, and the loss at each."""

import numpy as np
from skorch.callbacks import Callback

_TOO_HIGH = 4  # times the lowest; fastai's learning-rate finder stops there too
_N_RECENT = 5  # batches, whose mean is compared: a single one may be hard by chance


class LrRamp(Callback):
    """Give each training batch the next of some learning rates, record its loss, and stop when that explodes.

    Parameters
    ----------
    lrs : sequence of float
        Learning rates, one for each batch; training stops after the last.
    losses : list
        Gets the loss (nats) of each batch, as it was before the step with its learning rate. A list of the caller's:
        what a callback holds is shared between its copies.

    Notes
    -----
    Training stops early at a loss that is not finite, and where the mean of five is more than four times the lowest
    such mean.
    """

    def __init__(self, lrs, losses):
        self.lrs = lrs
        self.losses = losses

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        """Set the learning rate of all parameter groups, which keep their ratios."""
        if training:
            net._set_lr(float(self.lrs[len(self.losses)]))

    def on_batch_end(self, net, batch=None, training=None, loss=None, **kwargs):
        """Record, and stop by the exception that skorch's own callbacks stop by."""
        if not training:
            return
        self.losses.append(loss.item())
        if len(self.losses) == len(self.lrs) or _explodes(self.losses):
            raise KeyboardInterrupt


def _explodes(losses):
    if not np.isfinite(losses[-1]):
        return True
    if len(losses) < _N_RECENT:
        return False
    means = np.convolve(losses, np.full(_N_RECENT, 1 / _N_RECENT), mode="valid")
    return means[-1] > _TOO_HIGH * means.min()

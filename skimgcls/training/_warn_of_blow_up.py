"""A warning of training that stayed finite and still blew up."""

import contextlib
import warnings
from contextvars import ContextVar

import torch
from sklearn.exceptions import ConvergenceWarning

from skimgcls.callbacks import EarlyStopping

# Times the loss of predicting all classes alike. Of 672 trainings at usual learning rates (MLPs, 4 epochs on digits and
# Fashion-MNIST; dropout to 0.9, labels wrong, mixed or smoothed, 30 images, rare classes) none came above 3.1 in any
# epoch. Of 750 at rates up to a thousand times as high, 380 came above 5: 80 of these recovered within the 4 epochs.
_BLOWN_UP = 5
_LIKE_GUESSING = 0.95  # what a network is left at whose units all died

_is_judged = ContextVar("_is_judged", default=False)


@contextlib.contextmanager
def judged_by_score():
    """Say nothing of blow-ups in the body: a search tries rates that blow up on purpose, and its scores tell."""
    token = _is_judged.set(True)
    try:
        yield
    finally:
        _is_judged.reset(token)


def warn_of_blow_up(net, *, once=False):
    """Warn where the training loss rose far above that of predicting all classes alike, and did not come back below.

    Read off the history alone. It takes two epochs: the mean of the first holds the losses of the first steps, from
    which many a training recovers.

    Parameters
    ----------
    net : TrainingNet
        After its training. With early stopping the best epoch counts, whose weights it has.
    once : bool
        Whether to say nothing where an earlier epoch was reason enough, for calls that train one epoch each.

    Warns
    -----
    ConvergenceWarning
    """
    losses = [row["train_loss"] for row in net.history.to_list()][: _epoch_of_weights(net)]
    if len(losses) < 2 or _is_judged.get():
        return
    alike = _loss_of_all_alike(net)
    if not _has_blown_up(losses, alike) or (once and any(_has_blown_up(losses[:n], alike) for n in range(len(losses)))):
        return
    highest, end = max(losses), losses[-1]
    clip = "" if net.gradient_clip else ", or set gradient_clip=1.0"
    warnings.warn(
        f"Training blew up: with lr={net.lr:g} the training loss was {highest:.3g} in epoch "
        f"{losses.index(highest) + 1} and is {end:.3g} after epoch {len(losses)}, where predicting all classes alike "
        f"costs {alike:.3g}. Lower lr (try {net.lr / 10:g}){clip}.",
        ConvergenceWarning,
        stacklevel=5,  # who called fit
    )


def _epoch_of_weights(net):
    for _, callback in net.callbacks_:
        if isinstance(callback, EarlyStopping) and callback.restore_best and callback.best_epoch_:
            return callback.best_epoch_
    return len(net.history)


@torch.no_grad()
def _loss_of_all_alike(net):
    codes = torch.arange(len(net.classes), device=net.device)
    logits = torch.zeros(len(codes), len(codes), device=net.device, dtype=next(net.module_.parameters()).dtype)
    return float(net.get_loss(logits, codes))


def _has_blown_up(losses, alike):
    if len(losses) < 2 or alike <= 0:
        return False
    return max(losses) > _BLOWN_UP * alike and losses[-1] > _LIKE_GUESSING * alike

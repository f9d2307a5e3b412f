"""Numbers that a curve of training is judged by."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class CurveFacts:
    """Curves of one training as arrays over epochs, and what follows from them.

    Parameters
    ----------
    epochs, train_loss, train_accuracy : ndarray (n,)
        Epochs from 1; losses in nats.
    valid_loss, valid_accuracy : ndarray (n,) or None
        None without validation.
    class_counts : dict
        Weight in training, in images, of each class that has any.
    chance : float
        Loss (nats) of guessing all classes alike; infinite where it is not known.
    n_valid : int
        Images that were validated on.
    """

    epochs: np.ndarray
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    valid_loss: np.ndarray | None
    valid_accuracy: np.ndarray | None
    class_counts: dict
    chance: float
    n_valid: int

    @classmethod
    def from_history(cls, history, class_counts, n_valid, is_in_nats=True):
        """Read a history frame; epochs without validation are left out where the last one has it."""
        is_validated = len(history) > 0 and "valid_loss" in history and math.isfinite(history["valid_loss"].iloc[-1])
        history = history[np.isfinite(history["valid_loss" if is_validated else "train_loss"].to_numpy(dtype=float))]
        names = ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
        curves = [history[name].to_numpy(dtype=float) if name in history else None for name in names]
        if not is_validated:
            curves[3:] = None, None
        present = {label: count for label, count in class_counts.items() if count > 0}
        chance = math.log(max(len(class_counts), 2)) if class_counts and is_in_nats else math.inf
        return cls(*curves, present, chance, n_valid)

    def __len__(self):
        return len(self.epochs)

    @property
    def monitored(self):
        """Validation loss, without validation training loss."""
        return self.train_loss if self.valid_loss is None else self.valid_loss

    @property
    def n_late(self):
        """Epochs in the last quarter, at least one."""
        return max(1, len(self) // 4)

    def late(self, curve):
        """Return the last quarter of a curve."""
        return curve[-self.n_late :]

    @property
    def late_fall(self):
        """Share by which the monitored loss fell over the last quarter."""
        before = self.monitored[-1 - self.n_late]
        return (before - self.monitored[-1]) / max(before, 1e-12)

    @property
    def linearity(self):
        """Pace of the training loss in the last quarter over its mean pace: 1 for a straight line, 0 for a flat end."""
        total = self.train_loss[0] - self.train_loss[-1]
        late = self.train_loss[-1 - self.n_late] - self.train_loss[-1]
        return late / self.n_late * (len(self) - 1) / total if total > 0 else 0.0

    def up_and_down(self, first=0):
        """Nats by which the training loss rose and fell in all, from one epoch of the curve on."""
        steps = np.diff(self.train_loss[first:])
        return steps[steps > 0].sum(), -steps[steps < 0].sum()

    def step_size(self, first):
        """Mean step of the training loss, as a share of the loss, from one epoch of the curve on."""
        losses = self.train_loss[first:]
        return np.abs(np.diff(losses)).mean() / max(losses.mean(), 1e-12)

    @property
    def best(self):
        """Position of the lowest monitored loss."""
        return int(np.argmin(self.monitored))

    @property
    def skill(self):
        """How far the better accuracy of the end stands between naming the largest class (0) and no error (1).

        A class of more than half of the images counts as half: from 98 % on there is little way to go.
        """
        counts = self.class_counts.values()
        largest = min(max(counts) / sum(counts), 0.5) if counts else 0.0
        curves = [self.train_accuracy] if self.valid_accuracy is None else [self.train_accuracy, self.valid_accuracy]
        accuracy = max(self.late(curve).mean() for curve in curves)
        return (accuracy - largest) / max(1 - largest, 1e-12)

    def gap(self, end=None):
        """Accuracies in training and validation in the quarter before an epoch: (train, valid, smallest likely gap).

        The last is two standard errors of the validation accuracy below their difference.
        """
        end = len(self) if end is None else end
        rows = slice(max(0, end - max(1, end // 4)), end)
        train, valid = self.train_accuracy[rows].mean(), self.valid_accuracy[rows].mean()
        error = math.sqrt(max(valid * (1 - valid), 0.0) / max(self.n_valid, 1))
        return train, valid, train - valid - 2 * error

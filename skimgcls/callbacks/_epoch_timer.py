"""Wall time and throughput of each epoch."""

from time import perf_counter

import torch
from skorch.callbacks import Callback


class EpochTimer(Callback):
    """Record how long each epoch takes, and how many images per second it trains on.

    Writes two columns into the history at the end of each epoch:

    - ``seconds``: wall time of the epoch, training and validation together;
    - ``images_per_second``: training images divided by the seconds of training alone, or of the whole epoch where the
      net does not report its validation batches; NaN where the number of images is unknown.

    Attributes
    ----------
    total_seconds_ : float
        Sum of ``seconds`` over all epochs since the net was initialized.

    Notes
    -----
    Only epochs are timed. What happens once, before the first (moving data to the device, loading the device's
    libraries, constructing the first optimizer of a process, which alone takes seconds), is outside as long as it
    is done before the epoch begins; the estimators of this package warm up before it.

    Time that other callbacks spend at the end of an epoch (scoring, saving, drawing) is left out if this callback is
    the first in the list; what they do at the beginning of an epoch and per batch is part of it. On an accelerator
    the clock is read after its queued work is done.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from skimgcls.callbacks import EpochTimer
    >>> X, y = np.eye(4, dtype="float32").repeat(8, axis=0), np.arange(4).repeat(8)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Softmax(dim=1))
    >>> net = NeuralNetClassifier(module, max_epochs=2, verbose=0, callbacks=[EpochTimer()]).fit(X, y)
    >>> [seconds > 0 for seconds in net.history[:, "seconds"]]
    [True, True]
    """

    every_batch = False  # the first batch of each phase is enough: a net may spare the other calls

    def initialize(self):
        self.total_seconds_ = 0.0
        return self

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self._training_end_ = None
        self._begin_ = _now(net)

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training is False and self._training_end_ is None:
            self._training_end_ = _now(net)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        end = _now(net)
        seconds = end - self._begin_
        training_end = end if self._training_end_ is None else self._training_end_
        training_seconds = training_end - self._begin_
        n_images = getattr(net, "images_per_epoch_", None) or _count_training_images(net.history[-1], dataset_train)
        net.history.record("seconds", seconds)
        net.history.record("images_per_second", n_images / training_seconds if training_seconds > 0 else float("nan"))
        self.total_seconds_ += seconds

    def state_dict(self):
        """Return the seconds of all epochs.

        Returns
        -------
        state : dict
            For `load_state_dict`.
        """
        return {"total_seconds": self.total_seconds_}

    def load_state_dict(self, state):
        """Count on from the seconds of another one.

        Parameters
        ----------
        state : dict
            From `state_dict`.
        """
        self.total_seconds_ = state["total_seconds"]


def _now(net):
    """Read the clock (seconds) once the device has finished what it was given."""
    device_type = torch.device(net.device or "cpu").type
    if device_type == "cuda":
        torch.cuda.synchronize(net.device)
    elif device_type == "mps":
        torch.mps.synchronize()
    return perf_counter()


def _count_training_images(row, dataset_train):
    """Images that really went through training: a sampler or `drop_last` may pass fewer than the data set has."""
    sizes = [batch["train_batch_size"] for batch in row.get("batches", ()) if "train_batch_size" in batch]
    if sizes:
        return sum(sizes)
    try:
        return len(dataset_train)
    except TypeError:  # None, or a stream of unknown length
        return float("nan")

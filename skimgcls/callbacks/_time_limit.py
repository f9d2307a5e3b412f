"""A budget of wall time for one fit."""

from numbers import Real
from time import perf_counter

from skorch.callbacks import Callback


class TimeLimit(Callback):
    """Stop training when the next epoch would not fit into a time limit.

    After each epoch, training stops if the time used so far plus one more epoch of average length would pass
    `seconds`. At least one epoch always runs, however long it takes.

    Parameters
    ----------
    seconds : float
        Limit of one ``fit`` (or ``partial_fit``) call in seconds of wall time, counted from the beginning of training.

    Attributes
    ----------
    timed_out_ : bool
        Whether the limit ended the latest call before its last epoch (the net's ``max_epochs``).

    Raises
    ------
    ValueError
        At the beginning of training, if `seconds` is not a number above 0.

    Notes
    -----
    The average is taken over the epochs of this call and includes whatever other callbacks do between them. As
    skorch stops training by an exception, callbacks that stand later in the list do not see the end of the last epoch.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from skimgcls.callbacks import TimeLimit
    >>> X, y = np.eye(4, dtype="float32").repeat(8, axis=0), np.arange(4).repeat(8)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Softmax(dim=1))
    >>> limit = TimeLimit(1e-6)
    >>> net = NeuralNetClassifier(module, max_epochs=100, verbose=0, callbacks=[limit]).fit(X, y)
    >>> len(net.history), limit.timed_out_
    (1, True)
    """

    def __init__(self, seconds):
        self.seconds = seconds

    def initialize(self):
        self._check_seconds()  # here already: before a fit takes the place of an earlier one
        self.timed_out_ = False
        self._used_before_ = 0.0
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self._check_seconds()
        self.timed_out_ = False
        self._n_epochs_ = 0
        self._first_epoch_begin_ = None
        self._train_begin_ = perf_counter() - self._used_before_
        self._used_before_ = 0.0

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        if self._first_epoch_begin_ is None:
            self._first_epoch_begin_ = perf_counter()

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self._n_epochs_ += 1
        if self._n_epochs_ >= getattr(net, "planned_epochs_", net.max_epochs):
            return  # training ends here anyway
        now = perf_counter()
        average = (now - self._first_epoch_begin_) / self._n_epochs_
        if now - self._train_begin_ + average > self.seconds:
            self.timed_out_ = True
            raise KeyboardInterrupt

    def state_dict(self):
        """Return the seconds that the call used so far.

        Returns
        -------
        state : dict
            For `load_state_dict`.
        """
        return {"seconds_used": perf_counter() - self._train_begin_, "timed_out": self.timed_out_}

    def load_state_dict(self, state):
        """Count the seconds that another process used as those of the next call.

        Parameters
        ----------
        state : dict
            From `state_dict`.
        """
        self._used_before_, self.timed_out_ = state["seconds_used"], state["timed_out"]

    def _check_seconds(self):
        if isinstance(self.seconds, bool) or not isinstance(self.seconds, Real) or not self.seconds > 0:
            raise ValueError(f"seconds must be a number above 0, got {self.seconds!r}.")

"""One progress bar per fit, counting epochs."""

import warnings
from weakref import WeakKeyDictionary

from skorch.callbacks import Callback

# The history's names, in the order in which they are shown, and the short words that the bar has room for.
SHORT_NAMES = {
    "train_loss": "loss",
    "valid_loss": "val_loss",
    "train_accuracy": "acc",
    "train_acc": "acc",
    "valid_accuracy": "val_acc",
    "valid_acc": "val_acc",
}

# Without tqdm's rate: the time left says the same, and the metrics have to fit into 80 columns.
BAR_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


class EpochProgressBar(Callback):
    """Show one progress bar over the epochs of a fit, with the latest loss and accuracy.

    A widget in a notebook and a text bar in a terminal, or where ipywidgets is not installed. When training ends
    before its last epoch, the bar says "stopped" and keeps the number of epochs that were really run.

    Parameters
    ----------
    total : int, default=None
        Number of epochs that a full bar stands for. None takes what the net is about to run: its
        ``planned_epochs_`` if it has them, else its ``max_epochs``.
    leave : bool, default=True
        Whether the bar stays on the screen after training.
    desc : str, default="epochs"
        Words in front of the bar.
    metrics : sequence of str, default=None
        History columns to show behind the bar. None shows the losses (nats) and the accuracy, on validation data if
        there is any.
    file : file object, default=None
        Where a text bar is written. None means the standard error stream, or a widget in a notebook.
    disable : bool or None, default=False
        Whether to show nothing. None shows nothing where the output is not a terminal.

    Notes
    -----
    The state of a bar belongs to its net, so that one instance may serve several nets, in several threads too. An
    open bar is never pickled or copied.

    Examples
    --------
    >>> import io, numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from skimgcls.callbacks import EpochProgressBar
    >>> X, y = np.eye(4, dtype="float32").repeat(8, axis=0), np.arange(4).repeat(8)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Softmax(dim=1))
    >>> screen = io.StringIO()
    >>> bar = EpochProgressBar(file=screen)
    >>> net = NeuralNetClassifier(module, max_epochs=3, verbose=0, callbacks=[bar]).fit(X, y)
    >>> "3/3" in screen.getvalue()
    True
    """

    def __init__(self, *, total=None, leave=True, desc="epochs", metrics=None, file=None, disable=False):
        self.total = total
        self.leave = leave
        self.desc = desc
        self.metrics = metrics
        self.file = file
        self.disable = disable
        self._bars_ = WeakKeyDictionary()  # net -> (bar, number of history rows at its start)

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self._close(net)  # a fit that ended in an error left its bar open
        bar = _tqdm_class(self.file)(
            total=getattr(net, "planned_epochs_", net.max_epochs) if self.total is None else self.total,
            desc=self.desc,
            unit="epoch",
            leave=self.leave,
            file=self.file,
            disable=self.disable,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT,
        )
        self._bars_[net] = bar, len(net.history)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        bar, _ = self._bars_[net]
        bar.set_postfix_str(_format_metrics(net.history[-1], self.metrics), refresh=False)
        bar.update()

    def on_train_end(self, net, X=None, y=None, **kwargs):
        if net not in self._bars_:
            return
        bar, n_rows = self._bars_[net]
        # A callback that stood before this one may have stopped training at the end of an epoch, unseen by the bar.
        finished = [row for row in net.history[n_rows:] if "train_loss" in row]
        if len(finished) > bar.n:
            bar.set_postfix_str(_format_metrics(finished[-1], self.metrics), refresh=False)
            bar.update(len(finished) - bar.n)
        if bar.total and bar.n < bar.total:
            _mark_as_stopped(bar)
        self._close(net)

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["_bars_"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state, _bars_=WeakKeyDictionary())

    def _close(self, net):
        bar, _ = self._bars_.pop(net, (None, None))
        if bar is not None:
            bar.close()


def _tqdm_class(file):
    if file is not None:
        from tqdm import tqdm

        return tqdm
    with warnings.catch_warnings():
        # In a notebook without ipywidgets tqdm falls back to text, as it should, but not without a warning.
        warnings.filterwarnings("ignore", message="IProgress not found")
        from tqdm.auto import tqdm
    return tqdm


def _format_metrics(row, names):
    there = [name for name in names or SHORT_NAMES if not _is_missing(row.get(name))]
    if names is None and any(name.startswith("valid_acc") for name in there):
        there = [name for name in there if not name.startswith("train_acc")]  # there is room for one accuracy
    return ", ".join(f"{SHORT_NAMES.get(name, name)}={_format_number(name, row[name])}" for name in there)


def _is_missing(value):
    return value is None or value != value  # NaN where there was no validation data


def _format_number(name, value):
    return f"{value:.3f}" if "acc" in name else f"{value:.3g}"


def _mark_as_stopped(bar):
    bar.bar_format = f"{{desc}}: stopped|{{bar}}| {bar.n}/{bar.total} [{{elapsed}}{{postfix}}]"
    if hasattr(bar, "container"):
        bar.total = bar.n  # a widget below its total is closed in red, but an early stop is no failure

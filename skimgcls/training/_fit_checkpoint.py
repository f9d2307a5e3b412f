"""A fit on disk, one epoch after the other, so that the same call goes on after a crash."""

import contextlib
import copy
import os
import time
import warnings
from pathlib import Path

from skorch.callbacks import Callback

from skimgcls.training._hash_data import hash_data
from skimgcls.training._prepared_images import PreparedImages
from skimgcls.training._state_bytes import pack_state, unpack_state
from skimgcls.training._training_state import restore_training, training_state
from skimgcls.utils._stable_hash import stable_hash
from skimgcls.utils._write_atomically import write_atomically

_FORMAT = 1
_WITHOUT_EFFECT = ("cache", "checkpoint_dir", "device", "n_jobs", "tta", "verbose", "warm_start")  # on what is learnt
# callbacks of skorch that remember nothing, or read it off the history
_HARMLESS = {
    "BatchScoring",
    "EpochScoring",
    "EpochTimer",
    "GradientNormClipping",
    "PassthroughScoring",
    "PrintLog",
    "ProgressBar",
}


@contextlib.contextmanager
def open_checkpoint(estimator, X, y, *others):
    """Find the file of a fit, which no other process uses meanwhile.

    The name of the file is a hash of the class, of the parameters that count, of the images and labels, and of the
    weights that a warm start begins with: folds, candidates and seeds have files of their own.

    Parameters
    ----------
    estimator : BaseImageClassifier
        With a ``checkpoint_dir``.
    X, y, *others
        All that ``fit`` was given.

    Yields
    ------
    FitCheckpoint or None
        None, with a warning, where another process or thread is at the very same fit.
    """
    from filelock import FileLock, Timeout

    if not os.fspath(estimator.checkpoint_dir):
        raise ValueError(
            "checkpoint_dir='' names no folder. Use None for no checkpoints, or '.' for the current folder."
        )
    folder = Path(estimator.checkpoint_dir).expanduser()
    identity = _identity(estimator, X, y, *others)
    path = folder / f"{type(estimator).__name__}-{identity}.safetensors"
    lock = FileLock(path.with_suffix(".lock"), thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        warnings.warn(
            f"Another process or thread is at the same fit, of {path.name} in checkpoint_dir={str(folder)!r}. This one "
            "trains without a checkpoint.",
            stacklevel=7,
        )
        yield None
        return
    except OSError as error:
        raise OSError(
            error.errno,
            f"Nothing can be written to checkpoint_dir={str(folder)!r} ({error.strerror}). Choose another folder",
        ) from error
    for left in folder.glob(f".{path.name}.*.tmp"):  # of a process that was killed while it wrote
        left.unlink(missing_ok=True)
    checkpoint = FitCheckpoint(path, identity)
    try:
        yield checkpoint
    finally:
        checkpoint.is_open = False  # the net keeps its callbacks
        lock.release()


class FitCheckpoint(Callback):
    """Writes a file at the end of each epoch: tensors and JSON, replaced as a whole.

    Parameters
    ----------
    path : pathlib.Path
    identity : str
        Of the fit; a file of another one is not used.

    Attributes
    ----------
    seed : int or None
        Of the fit that the file is of; None where there is no whole file.
    """

    def __init__(self, path, identity):
        self.path = path
        self.identity = identity
        self.is_open = True
        self._state, self._notes = None, {}
        try:
            state, notes = unpack_state(path.read_bytes())
            if not isinstance(notes, dict) or (notes.get("format"), notes.get("identity")) != (_FORMAT, identity):
                raise ValueError("It is of another fit, or another version of skimgcls wrote it.")
            self._state, self._notes = state, notes
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self._tell_of(error, stacklevel=8)

    @property
    def seed(self):
        seed = self._notes.get("seed")
        return seed if isinstance(seed, int) else None

    def begin(self, net, epochs):
        """Put a net where the file says that it was, and say how many epochs are left.

        Parameters
        ----------
        net : TrainingNet
            Initialized, with its callbacks.
        epochs : int
            To be trained for where there is no file.

        Returns
        -------
        epochs : int or None
            None if the fit had come to its end.
        seconds : float
            That it took before.
        """
        self._start, self._seconds, self._until = time.perf_counter(), 0.0, len(net.history) + epochs
        if self._state is None:
            return epochs, 0.0
        try:
            seconds, is_finished, remembered = self._read_notes()
            restore_training(net, self._state)
        except ValueError as error:
            self._tell_of(error, stacklevel=7)
            return epochs, 0.0
        finally:
            state, self._state = self._state, None  # no memory for it while training
        _restore_callbacks(net, state[0], remembered)
        self._seconds = seconds
        if is_finished:
            return None, seconds
        _warn_of_forgetful(net)
        return self._until - len(net.history), seconds

    def _read_notes(self):
        kinds = {"seconds": float, "is_finished": bool, "callbacks": dict}
        for name, kind in kinds.items():
            if not isinstance(self._notes.get(name), kind):
                raise ValueError(f"It does not say {name}.")
        if self._notes.get("until") != self._until:
            raise ValueError(f"It is of a fit that ends with epoch {self._notes.get('until')!r:.20}.")
        return (self._notes[name] for name in kinds)

    def _tell_of(self, error, stacklevel):
        text = f"The checkpoint {self.path} cannot be used: {error} The fit begins anew."
        warnings.warn(text, stacklevel=stacklevel + 1)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        if self.is_open:
            self._save(net, is_finished=False)

    def finish(self, net):
        """Write the last file, with which the same call returns at once."""
        self._save(net, is_finished=True)

    def _save(self, net, *, is_finished):
        state = training_state(net)
        if state is None:
            raise TypeError(
                "checkpoint_dir cannot keep this fit: its history, optimizer or module holds objects that are neither "
                "tensors nor plain numbers and text. Leave checkpoint_dir=None, or the callback that records them out."
            )
        tensors, facts = state
        remembered = {}
        for name, callback in _with_state(net):
            for key, value in callback.state_dict().items():
                if hasattr(value, "detach"):
                    tensors[f"callbacks.{name}.{key}"] = value.detach().contiguous().cpu()
                else:
                    remembered.setdefault(name, {})[key] = value
        notes = {
            "format": _FORMAT,
            "identity": self.identity,
            "seed": net.seed,
            "until": self._until,
            "is_finished": is_finished,
            "seconds": self._seconds + time.perf_counter() - self._start,
            "callbacks": remembered,
        }
        try:
            write_atomically(self.path, pack_state((tensors, facts), **notes))
        except OSError as error:
            raise OSError(
                error.errno,
                f"The checkpoint of epoch {len(net.history)} could not be written to checkpoint_dir="
                f"{str(self.path.parent)!r} ({error.strerror}). The estimator keeps what it has learnt"
                f"{', and the checkpoint before is whole' if self.path.exists() else ''}. Make room there, or choose "
                "another folder",
            ) from error


def _restore_callbacks(net, tensors, remembered):
    for name, callback in _with_state(net):
        prefix = f"callbacks.{name}."
        of_tensors = {key.removeprefix(prefix): each for key, each in tensors.items() if key.startswith(prefix)}
        callback.load_state_dict(remembered.get(name, {}) | of_tensors)


def _warn_of_forgetful(net):
    forgetful = [
        type(each).__name__ for _, each in net.callbacks_ if not hasattr(each, "state_dict") and _is_foreign(each)
    ]
    if forgetful:
        warnings.warn(
            f"The fit goes on after epoch {len(net.history)}, but {', '.join(forgetful)} in callbacks can only know "
            "of the epochs before what the history tells, so that the result may differ from that of a fit that was "
            "not stopped. Callbacks with state_dict and load_state_dict go on as they were.",
            stacklevel=7,
        )


def _identity(estimator, X, y, sample_weight, X_val, y_val):
    what = copy.copy(estimator)
    vars(what).update(dict.fromkeys(_WITHOUT_EFFECT))
    X, X_val = (images.unread() if isinstance(images, PreparedImages) else images for images in (X, X_val))
    data = hash_data(X, y, sample_weight=sample_weight, X_val=X_val, y_val=y_val)
    warm = training_state(estimator.net_) if estimator.warm_start and hasattr(estimator, "net_") else None
    return stable_hash([what, data, warm])


def _with_state(net):
    return [(name, each) for name, each in net.callbacks_ if hasattr(each, "state_dict")]


def _is_foreign(callback):
    home, name = type(callback).__module__, type(callback).__name__
    return not home.startswith("skimgcls.") and not (home.startswith("skorch.") and name in _HARMLESS)

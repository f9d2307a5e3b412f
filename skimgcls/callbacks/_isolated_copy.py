"""Copies of callbacks, with checkpoints that keep the files of parallel fits apart."""

import os
import shutil
import uuid
import warnings
from copy import copy
from functools import cache
from weakref import finalize

from skorch.callbacks import Checkpoint, LoadInitState, TrainEndCheckpoint


def isolated_copy(callback):
    """Copy a skorch callback for one fit, so that fits running at the same time do not disturb each other.

    The copy is shallow: an Optuna trial, an open file or a list that the callback holds is shared with the original
    on purpose, as it is how results come out of it. Files are the exception. skorch's ``Checkpoint`` and
    ``TrainEndCheckpoint`` write under fixed names, so the folds of a parallel cross-validation would load each
    other's weights. Their copies write into a hidden folder of their own beside the final place
    (``<dirname>/.fit-<unique>``), load from there, and move their files to the final place when training ends.

    Parameters
    ----------
    callback : skorch.callbacks.Callback
        Any callback. It is not changed.

    Returns
    -------
    copied : skorch.callbacks.Callback
        An instance of the same class; for checkpoints, of a subclass with the same name. A checkpoint that has an
        open file among its targets is copied as it is: that file is what the user wants to read.

    Notes
    -----
    Of several fits that end in the same folder, the files of the one that ended last remain. Files are moved by
    ``os.replace``, so nobody ever sees half of one. ``load_best=True`` loads nothing where no checkpoint was triggered.

    A training that goes on by ``partial_fit`` takes its best checkpoint up again from the final place. If another fit
    has replaced it meanwhile, it warns and goes on without.

    Examples
    --------
    >>> from skorch.callbacks import Checkpoint
    >>> from skimgcls.callbacks import isolated_copy
    >>> checkpoint = Checkpoint(dirname="models", load_best=True)
    >>> copied = isolated_copy(checkpoint)
    >>> isinstance(copied, Checkpoint), copied is checkpoint, copied.dirname
    (True, False, 'models')
    """
    copied = copy(callback)
    if isinstance(callback, (Checkpoint, TrainEndCheckpoint)) and not _writes_to_open_file(callback):
        copied.__class__ = _isolated_class(type(callback))
    elif isinstance(callback, LoadInitState):
        # It loads through a checkpoint that the net would have to initialize, but the net gets a copy of that too.
        copied.checkpoint = isolated_copy(callback.checkpoint).initialize()
    return copied


class _IsolatedCheckpoint:
    """Mixin before `Checkpoint`: every path leads into a private folder from the beginning to the end of training."""

    _folder_ = None  # name of the private folders while training runs
    _targets_ = None  # {private path: final path} of this call
    _cleanups_ = None  # {private folder: what removes it, even if training never reaches its end}
    _published_ = None  # {final path: identity of the file} of the checkpoint that load_best loaded last

    def initialize(self):
        self._published_ = None
        return super().initialize()

    def on_train_begin(self, net, **kwargs):
        self._remove_folders()  # of a training that ended in an error
        self._folder_ = f".fit-{uuid.uuid4().hex[:12]}"
        self._targets_ = {}
        self._take_up_published()
        super().on_train_begin(net, **kwargs)

    def on_train_end(self, net, **kwargs):
        best_files = ()
        if any(os.path.exists(private) for private in self._targets_ or ()):
            best_files = set(self.get_formatted_files(net).values()) if self.load_best else ()
            super().on_train_end(net, **kwargs)
        elif self._published_:
            warnings.warn(
                f"{type(self).__name__} cannot load the best checkpoint of this training any more: another fit has "
                f"replaced {sorted(self._published_)}. Give each fit its own dirname.",
                stacklevel=2,
            )
        self._publish(best_files)

    @property
    def f_history_(self):
        final = super().f_history_
        return final if final is None else self._redirect(final)

    def _format_target(self, net, f, idx):
        try:
            final = super()._format_target(net, f, idx)
        except (KeyError, IndexError):
            if "last_batch" in f:
                raise
            # skorch looks the last batch up even for names without it, and a net may drop batches after the epoch.
            final = os.path.join(self.dirname, self.fn_prefix + f.format(net=net, last_epoch=net.history[idx]))
        return final if final is None else self._redirect(os.fspath(final))

    def _redirect(self, final):
        if self._folder_ is None:
            return final
        parent, name = os.path.split(final)
        folder = os.path.join(parent, self._folder_)
        if folder not in self._cleanups_:
            os.makedirs(folder)
            self._cleanups_[folder] = finalize(self, shutil.rmtree, folder, ignore_errors=True)
        private = os.path.join(folder, name)
        self._targets_[private] = final
        return private

    def _publish(self, best_files):
        self._published_ = {}
        for private, final in (self._targets_ or {}).items():
            if os.path.exists(private):
                os.replace(private, final)
                if private in best_files:
                    self._published_[final] = _identify(final)
        self._remove_folders()

    def _take_up_published(self):
        published = self._published_ or {}
        if all(_identify(final) == identity for final, identity in published.items()):
            for final in published:
                shutil.copyfile(final, self._redirect(final))

    def _remove_folders(self):
        for remove in (self._cleanups_ or {}).values():
            remove()
        self._folder_, self._targets_, self._cleanups_ = None, None, {}

    def __getstate__(self):
        hidden = ("_folder_", "_targets_", "_cleanups_", "_published_")
        return {key: value for key, value in super().__getstate__().items() if key not in hidden}

    def __reduce_ex__(self, protocol):
        return _new_isolated, (self._original_class_,), self.__getstate__()


class _IsolatedTrainEndCheckpoint:
    """Mixin before `TrainEndCheckpoint`, which leaves the writing to a `Checkpoint` that it holds."""

    def initialize(self):
        super().initialize()
        self.checkpoint_ = isolated_copy(self.checkpoint_)
        return self

    def on_train_end(self, net, **kwargs):
        self.checkpoint_.on_train_begin(net)
        super().on_train_end(net, **kwargs)
        self.checkpoint_.on_train_end(net)

    def __reduce_ex__(self, protocol):
        return _new_isolated, (self._original_class_,), self.__getstate__()


def _writes_to_open_file(checkpoint):
    targets = (value for key, value in vars(checkpoint).items() if key.startswith("f_"))
    return any(hasattr(target, "write") for target in targets)


@cache
def _isolated_class(cls):
    """Derive a class from the user's that keeps its name, so that it looks the same in a net and in a printout."""
    if hasattr(cls, "_original_class_"):
        return cls
    mixin = _IsolatedCheckpoint if issubclass(cls, Checkpoint) else _IsolatedTrainEndCheckpoint
    namespace = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return type(cls.__name__, (mixin, cls), {**namespace, "_original_class_": cls})


def _new_isolated(cls):
    """Make an empty copy for `pickle` and `copy`, which could not find the derived class by its name."""
    isolated = _isolated_class(cls)
    return isolated.__new__(isolated)


def _identify(path):
    """What a file cannot share with another one that took its place: inode, time of change (ns) and size (bytes)."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size

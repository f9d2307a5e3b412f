"""The skorch net inside every estimator: skorch's callbacks, history and files, a leaner epoch."""

import functools

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import PrintLog
from skorch.helper import predefined_split

from skimgcls.training._batch_iterator import BatchIterator
from skimgcls.training._epoch_tally import EpochTally
from skimgcls.training._fast_matmul import fast_matmul
from skimgcls.training._fit_callbacks import hooks_into_batches, naming_missing_columns
from skimgcls.training._fused_step import FusedStep
from skimgcls.training._image_dataset import ImageDataset, without_subsets
from skimgcls.training._mixed_precision import autocast, make_grad_scaler
from skimgcls.training._move_to_device import move_to_device
from skimgcls.training._out_of_memory import explain_training_memory
from skimgcls.training._packed_cache import PackedCache
from skimgcls.training._portable_state import portable_state, settle_on_device
from skimgcls.training._predict_logits import predict_logits
from skimgcls.training._raise_if_diverged import raise_if_diverged, tensors_of
from skimgcls.training._regularize_gradients import regularize_gradients
from skimgcls.training._schedules import changes_within_epoch, lr_factor
from skimgcls.training._seeded_randomness import seeded_randomness
from skimgcls.utils._interrupt import Interrupt
from skimgcls.utils._is_same import is_same
from skimgcls.utils._keep_memory import keep_memory
from skimgcls.utils._random import make_generator


class TrainingNet(NeuralNetClassifier):
    """A ``skorch.NeuralNetClassifier`` over an `ImageDataset`.

    It differs from its parent in four things. Every random draw is indexed by seed and epoch. Loss and accuracy are
    summed on the device and read once per epoch. When no callback wants batches or gradients, an epoch runs without
    closures and notifications; otherwise skorch's own steps run, with the same result. History rows drop their
    batches when the epoch is over.

    Parameters
    ----------
    module : torch.nn.Module
        Network that takes images (n, c, h, w) and gives logits (n, k).
    seed : int
        Everything random derives from it.
    lr_schedule, sampling : str or None
        Names that `lr_factor` and `BalancedSampling` know.
    l1 : float
        Factor of the sum of absolute weights (matrices and kernels, not biases or norms) in what is minimized.
    gradient_clip : float or None
        Largest norm of the gradient of one step.
    precision : {"float32", "bf16", "fp16"}
        Number format of autocast.
    augmentation : Augmentation or None
        Applied to training batches.
    n_classes : int or None
        Number of logits, for an augmentation that mixes labels.
    foreign_randomness : bool
        Whether the module may draw from torch's global generators, which are then seeded for each epoch.
    **params
        Everything else that skorch takes.
    """

    def __init__(
        self,
        module,
        *,
        seed=0,
        lr_schedule=None,
        sampling=None,
        l1=0.0,
        gradient_clip=None,
        precision="float32",
        augmentation=None,
        n_classes=None,
        foreign_randomness=False,
        **params,
    ):
        self.seed = seed
        self.lr_schedule = lr_schedule
        self.l1 = l1
        self.gradient_clip = gradient_clip
        self.precision = precision
        self.augmentation = augmentation
        self.n_classes = n_classes
        self.sampling = sampling
        self.foreign_randomness = foreign_randomness
        self.packed_cache_ = PackedCache()
        self.callbacks_for_ = None  # what the callbacks were made for
        super().__init__(module, **params)

    @classmethod
    def from_settings(cls, module, settings, **params):
        """Make and initialize a net whose ``settings`` may change later."""
        net = cls(module, **params, **settings)
        net.settings_ = settings
        device, net.device = net.device, None if net.device == "cpu" else net.device  # with None nothing is moved
        try:
            return net.initialize()
        except (TypeError, ValueError) as error:
            raise ValueError(f"net_params or optimizer and criterion do not fit skorch's net: {error}") from error
        finally:
            net.device = device

    @property
    def _default_callbacks(self):
        return [("print_log", PrintLog())] if self.verbose else []

    def get_dataset(self, X, y=None):
        """Take an `ImageDataset` as it is; anything else goes skorch's way."""
        return X if isinstance(X, ImageDataset) else super().get_dataset(X, y)

    def get_iterator(self, dataset, training=False):
        """Give batches by lookup for an `ImageDataset` or a subset of one, else skorch's ``DataLoader``."""
        dataset = without_subsets(dataset)
        if not isinstance(dataset, ImageDataset):
            return super().get_iterator(dataset, training=training)
        settings = training, self.augmentation if training else None, self.n_classes, self.sampling
        return BatchIterator(dataset, self.batch_size, self.device, *settings)

    # ------------------------------------------------------------ training

    interrupt_ = Interrupt()  # of a fit that nobody watches

    def train(self, dataset_train, dataset_valid, epochs):
        """Train on one `ImageDataset` and validate on another, or none, after each epoch; keep neither."""
        if dataset_valid is not None:
            self.train_split = predefined_split(dataset_valid.to(self.device))
        try:
            with (
                explain_training_memory(self, len(dataset_train)),
                keep_memory(),
                fast_matmul(self.module_, min(self.batch_size, len(dataset_train)), self.device),
            ):
                self.partial_fit(dataset_train.to(self.device), epochs=epochs)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ValueError(
                f"norm='batch' needs at least two images in a batch, but batch_size={self.batch_size} of "
                f"{len(dataset_train)} training images left one. Raise batch_size or use norm='group'."
            ) from error
        finally:
            self.train_split = None

    def partial_fit(self, X, y=None, classes=None, epochs=None, **fit_params):
        """Train for ``epochs``, from where the net is; see `skorch.NeuralNet.partial_fit`."""
        self.planned_epochs_ = self.max_epochs if epochs is None else epochs  # for callbacks that look ahead
        return super().partial_fit(X, y, classes, epochs=epochs, **fit_params)

    def fit_loop(self, X, y=None, epochs=None, **_):
        """Train for a number of epochs; see `skorch.NeuralNet.fit_loop`."""
        self.check_training_readiness()
        dataset_train, dataset_valid = self.get_split_datasets(X, y)
        iterator_train = self.get_iterator(dataset_train, training=True)
        iterator_valid = None if dataset_valid is None else self.get_iterator(dataset_valid, training=False)
        datasets = {"dataset_train": dataset_train, "dataset_valid": dataset_valid}
        self.batch_hooks_ = self._has_batch_hooks()
        n_finished = len(self.history)
        try:
            for _ in range(self.max_epochs if epochs is None else epochs):
                epoch_start = None  # there are never two of them
                epoch_start = [tensor.detach().clone() for tensor in tensors_of(self.module_)]
                self.notify("on_epoch_begin", **datasets)
                self._run_epoch(iterator_train, iterator_valid)
                raise_if_diverged(self, epoch_start)
                n_finished += 1
                with naming_missing_columns(self):
                    self.notify("on_epoch_end", **datasets)
                _drop_batches(self.history[-1])
        finally:
            self.tally_ = None
            del self.history_[n_finished:]  # an interrupted epoch is no row
            if self.history:
                _drop_batches(self.history[-1])
        return self

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run over all batches once and record mean loss (nats) and accuracy as ``<prefix>_loss`` and ``_accuracy``."""
        if iterator is None:
            return
        self.tally_ = EpochTally()
        if self.batch_hooks_:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        else:
            self._set_training(training)
            for _, callback in self.callbacks_:
                if hooks_into_batches(callback):  # one that is content with the first batch
                    callback.on_batch_begin(self, batch=None, training=training)
            (self._train_lean if training else self._validate_lean)(iterator)
            self.history.record(prefix + "_batch_count", len(iterator))
        loss, accuracy = self.tally_.read()
        self._record_with_best(prefix + "_loss", loss)
        self.history.record(prefix + "_accuracy", accuracy)

    def train_step(self, batch, **fit_params):
        """Take one step of skorch's own kind, with closure and notifications."""
        self._schedule_lr()
        with self.interrupt_:
            step = super().train_step(batch, **fit_params)
        self.tally_.add(step, batch)
        return step

    def train_step_single(self, batch, **fit_params):
        """Forward, loss, backward, and what is done to gradients."""
        if self.batch_hooks_:
            self._set_training(True)  # a callback may have predicted in between
        logits, loss = self._loss_of(batch)
        loss_to_step = loss if self.grad_scaler_ is None else self.grad_scaler_.scale(loss)
        loss_to_step.backward()
        self._regularize_gradients()
        return {"loss": loss, "y_pred": logits}

    def validation_step(self, batch, **fit_params):
        """Forward and loss without gradients."""
        if self.batch_hooks_:
            self._set_training(False)
        with torch.no_grad():
            logits, loss = self._loss_of(batch)
        step = {"loss": loss, "y_pred": logits}
        self.tally_.add(step, batch)
        return step

    def _get_predict_nonlinearity(self):
        if self.predict_nonlinearity == "auto":
            return functools.partial(torch.softmax, dim=-1)  # skorch knows torch's own criteria only
        return super()._get_predict_nonlinearity()

    def infer(self, x, **fit_params):
        """Logits (b, k) of images (b, c, h, w), in the precision asked for."""
        with autocast(self.precision, self.device):
            return super().infer(x, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False, weights=None):
        """Mean over the batch of weight times loss, in nats."""
        return self.criterion_(y_pred, y_true, weights)

    def change_settings(self, **settings):
        """Take new settings between two calls of ``partial_fit``; a new optimizer class starts afresh."""
        before, self.settings_ = self.settings_, settings
        changed = {
            name
            for name in settings.keys() | before.keys()
            if not (name in settings and name in before and is_same(settings[name], before[name]))
        }
        for name in before.keys() - settings.keys():
            del vars(self)[name]
        vars(self).update(settings)
        if any(name.startswith("criterion") for name in changed):
            with self._current_init_context("criterion"):
                self.initialize_criterion()
            self.criterion_.to(self.device)
        dropped = {name for name in changed - settings.keys() if name.startswith("optimizer__")}
        if dropped or changed & {"optimizer", "optimizer__param_groups"}:
            with self._current_init_context("optimizer"):
                self.initialize_optimizer()
            return
        prefix = "optimizer__"
        values = {name.removeprefix(prefix): settings[name] for name in changed if name.startswith(prefix)}
        for group in self.optimizer_.param_groups:
            group.update(values)
        if changed & {"lr", "lr_schedule"}:
            self._set_lr(self.lr)
        if "precision" in changed:
            self.grad_scaler_ = make_grad_scaler(self.precision, self.device)

    def move_to(self, device):
        """Move everything that training changes to another device."""
        move_to_device(self.module_, self.criterion_, self.optimizer_, device)
        self.device = str(device)

    def predict_logits(self, dataset, n_views=1):
        """Logits (n, k) of an `ImageDataset`, on the CPU in the module's dtype; see `predict_logits`."""
        return predict_logits(
            self.module_,
            dataset,
            device=self.device,
            autocast=functools.partial(autocast, self.precision, self.device),
            augmentation=self.augmentation,
            n_views=n_views,
            pack=self.packed_cache_ if self.device == "cpu" and self.precision == "float32" else None,
        )

    def _run_epoch(self, iterator_train, iterator_valid):
        epoch = len(self.history) - 1
        iterator_train.generator = make_generator(self.seed, "shuffle", epoch)
        if self.augmentation is not None:
            iterator_train.augment_generator = make_generator(self.seed, "augment", epoch, self.device)
        self.batches_per_epoch_, self.batches_done_ = len(iterator_train), 0
        self.images_per_epoch_ = getattr(iterator_train, "n_images", None)  # of skorch's iterators nobody knows
        with seeded_randomness(self.module_, self.seed, epoch, self.device, foreign=self.foreign_randomness):
            self.run_single_epoch(iterator_train, training=True, prefix="train", step_fn=self.train_step)
        self.run_single_epoch(iterator_valid, training=False, prefix="valid", step_fn=self.validation_step)
        self.history.record("lr", float(self.optimizer_.param_groups[0]["lr"]))

    def _train_lean(self, iterator):
        step = FusedStep(self.optimizer_)
        for batch in iterator:
            self._schedule_lr()
            with self.interrupt_:
                step.zero_grad()
                self.tally_.add(self.train_step_single(batch), batch)
                step() if self.grad_scaler_ is None else self._step_optimizer(None)

    def _validate_lean(self, iterator):
        for batch in iterator:
            self.validation_step(batch)

    def _loss_of(self, batch):
        images, codes = batch
        with autocast(self.precision, self.device):
            logits = self.module_(images.to(self.device))  # (b, c, h, w) -> (b, k)
        if self.precision != "float32":
            logits = logits.float()
        targets = getattr(batch, "targets", None)
        targets = codes.to(logits.device) if targets is None else targets.to(logits.dtype)
        loss = self.get_loss(logits, targets, weights=getattr(batch, "weights", None))
        return logits, loss

    def _regularize_gradients(self):
        if self.grad_scaler_ is not None and (self.l1 or self.gradient_clip):
            self.grad_scaler_.unscale_(self.optimizer_)
        regularize_gradients(self.module_, l1=self.l1, max_norm=self.gradient_clip)

    def _has_batch_hooks(self):
        """Whether skorch's own steps are needed: a callback hooks into batches, or the optimizer wants a closure."""
        hooked = any(
            hooks_into_batches(callback) and getattr(callback, "every_batch", True) for _, callback in self.callbacks_
        )
        # an optimizer of the user's may want a closure and not say so
        known = type(self.optimizer_).__module__.startswith(("torch.optim", "skimgcls."))
        return hooked or not known or isinstance(self.optimizer_, torch.optim.LBFGS)

    # ------------------------------------------------ precision and devices

    grad_scaler_ = None

    def initialize_optimizer(self, triggered_directly=None):
        """Make the optimizer, and for fp16 the scaler that keeps small gradients from vanishing."""
        super().initialize_optimizer()
        for group in self.optimizer_.param_groups:
            group["lr_ratio"] = group["lr"] / self.lr  # groups of net_params keep their distance when lr moves
        self.grad_scaler_ = make_grad_scaler(self.precision, self.device)
        return self

    def _step_optimizer(self, step_fn):
        if self.grad_scaler_ is None:
            super()._step_optimizer(step_fn)
            return
        if step_fn is not None:
            step_fn()
        self.grad_scaler_.step(self.optimizer_)
        self.grad_scaler_.update()

    def _schedule_lr(self):
        if self.lr_schedule is None:
            return
        position, self.batches_done_ = self.batches_done_, self.batches_done_ + 1
        if position and not changes_within_epoch(self.lr_schedule):
            return
        progress = (len(self.history) - 1 + position / self.batches_per_epoch_) / self.max_epochs
        self._set_lr(self.lr * lr_factor(self.lr_schedule, progress, self._monitored_losses()))

    def _set_lr(self, lr):
        for group in self.optimizer_.param_groups:
            group["lr"] = lr * group.setdefault("lr_ratio", group["lr"] / self.lr)

    def _monitored_losses(self):
        if self.lr_schedule != "plateau":
            return ()
        name = "valid_loss" if "valid_loss" in self.history.to_list()[0] else "train_loss"
        return [row[name] for row in self.history.to_list()[:-1] if name in row]

    # ------------------------------------------------------------ history

    def _record_with_best(self, name, value):
        earlier = [row[name] for row in self.history.to_list()[:-1] if name in row]
        self.history.record(name, value)
        self.history.record(name + "_best", all(value < other for other in earlier))

    # ---------------------------------------------------------------- pickling

    def __getstate__(self):
        """Leave data and callbacks out, and pickle from the CPU."""
        left_out = {"callbacks": None, "callbacks_": [], "callbacks_for_": None, "train_split": None, "tally_": None}
        state = portable_state(self) | left_out
        state.pop("interrupt_", None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        settle_on_device(self)


def _drop_batches(row):
    # skorch keeps every batch of every epoch, also in pickles; one empty batch stays for those who look at the last
    row["batches"][:] = [{}]

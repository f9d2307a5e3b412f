"""The base of every image classifier: what scikit-learn sees, around a skorch net."""

import contextlib
import time
from abc import ABC, abstractmethod
from functools import partial as partial_call
from numbers import Integral, Real
from os import PathLike

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from skimgcls.architectures import ACTIVATIONS
from skimgcls.training import (
    OPTIMIZERS,
    SCHEDULES,
    TrainingNet,
    best_epoch,
    build_scaled_network,
    check_callbacks,
    check_unchanged,
    net_settings,
    prepare_training_data,
    read_dataset,
    report_to_sklearn,
    try_augmentation,
    warm_up,
    with_column_names,
)
from skimgcls.training._balanced_sampling import SAMPLINGS
from skimgcls.training._class_counts import class_counts
from skimgcls.training._file_settings import READING_CONSTRAINTS, SHAPING_PARAMS
from skimgcls.training._fit_callbacks import renew_callbacks
from skimgcls.training._fit_checkpoint import open_checkpoint
from skimgcls.training._fitted_summary import FittedSummaryMixin
from skimgcls.training._portable_state import PortableMixin
from skimgcls.training._training_state import restore_training
from skimgcls.training._warn_of_blow_up import warn_of_blow_up
from skimgcls.utils._device import resolve_device
from skimgcls.utils._held_objects import HeldObjectsMixin
from skimgcls.utils._interrupt import watch_interrupt
from skimgcls.utils._random import draw_seed
from skimgcls.utils._sklearn_compat import CallbackSupportMixin
from skimgcls.utils._torch_scope import torch_scope

_FEW_IMAGES = 64  # are predicted within milliseconds


class BaseImageClassifier(
    CallbackSupportMixin, FittedSummaryMixin, PortableMixin, ClassifierMixin, HeldObjectsMixin, BaseEstimator, ABC
):
    """Image classifier that holds a skorch net in ``net_``.

    A subclass documents its parameters, assigns them in ``__init__``, names the ones that shape its network in
    ``_architecture_params``, and builds that network in ``_build_module``.
    """

    _parameter_constraints = {
        "hidden_units": ["array-like", Integral],
        "norm": [StrOptions({"batch", "group"}), None],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "lr_schedule": [StrOptions(set(SCHEDULES)), None],
        "criterion": [StrOptions({"cross_entropy", "nll", "focal"}), callable],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "sampling": [StrOptions(set(SAMPLINGS)), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "augment": [str, callable, list, tuple, None],
        "tta": [Interval(Integral, 1, None, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "checkpoint_dir": [str, PathLike, None],
        **READING_CONSTRAINTS,
        "n_jobs": [Interval(Integral, 1, None, closed="left"), Interval(Integral, None, -1, closed="right"), None],
        "callbacks": [list, tuple, None],
        "net_params": [dict, None],
        "device": [str, torch.device],
        "precision": [StrOptions({"auto", "float32", "bf16", "fp16"})],
        "dtype": [StrOptions({"float32", "float64"})],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _net_class = TrainingNet
    _architecture_params = ("hidden_units", "norm", "activation", "dropout", "dtype", *SHAPING_PARAMS)

    @abstractmethod
    def _build_module(self, image_shape, n_classes):
        """Return a torch module that maps images (n, c, h, w) to logits (n, n_classes)."""

    # ------------------------------------------------------------------ fit

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on images.

        Parameters
        ----------
        X : array-like
            Images (n, h, w), (n, h, w, c) or (n, c, h, w), or flat rows (n, h * w * c); any real dtype, arrays or
            tensors. Or paths of image files (n,), a list, array or column, which ``image_size`` tells how to decode.
        y : array-like of shape (n,)
            Labels: strings, integers or booleans.
        sample_weight : array-like of shape (n,), default=None
            Weight of each image. Images of weight zero are left out; their labels stay in ``classes_``.
        X_val : array-like, default=None
            Images to validate on after each epoch, in any form that ``X`` may have. None holds out
            ``validation_fraction`` of ``X``.
        y_val : array-like of shape (n_val,), default=None
            Labels of ``X_val``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the input cannot be images and their labels, or a parameter is out of its range.
        DivergedError
            If the loss or the weights stop being finite; the weights of the epoch's start are kept.
        torch.OutOfMemoryError
            If the device has too little memory, with a smaller ``batch_size`` to try.
        KeyboardInterrupt
            On Ctrl-C, with the model trained so far kept.

        Warns
        -----
        ConvergenceWarning
            If the loss stayed finite, but ended far above that of telling nothing.
        """
        fresh = not (self.warm_start and hasattr(self, "net_"))
        return self._fit(X, y, sample_weight, X_val, y_val, fresh=fresh, epochs=self.max_epochs)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_val=None, y_val=None):
        """Train for exactly one epoch, from where the last call stopped.

        Five calls on the same data equal ``fit`` with ``max_epochs=5`` to the bit. Between calls ``lr``, ``batch_size``
        and the like may change, parameters that shape the network may not. ``early_stopping`` holds out its share,
        so that the numbers agree with those of ``fit``, but never stops here; ``time_limit`` does not apply.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that later calls may bring; read at the first call. None takes those of this ``y``.
        sample_weight : array-like of shape (n,), default=None
            Weight of each image.
        X_val : array-like, default=None
            Images to validate on.
        y_val : array-like of shape (n_val,), default=None
            Labels of ``X_val``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        fresh = not hasattr(self, "net_")
        if not fresh:
            self._validate_params()  # scikit-learn skips this once fitted, but parameters may have changed
        return self._fit(X, y, sample_weight, X_val, y_val, fresh=fresh, epochs=1, classes=classes, partial=True)

    # -------------------------------------------------------------- predict

    def predict(self, X):
        """Predict the label of each image.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n,)
            Labels out of ``classes_``.
        """
        codes = self._logits(X).argmax(1).numpy()
        return self.classes_[codes]

    def predict_proba(self, X):
        """Predict the probability of each class: the softmax of the logits.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1; columns in the order of ``classes_``.
        """
        return self._logits(X).softmax(1).numpy()

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class, in nats.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Finite also where the probability rounds to zero.
        """
        return self._logits(X).log_softmax(1).numpy()

    def decision_function(self, X):
        """Return the logits.

        Parameters
        ----------
        X : array-like
            Images, as for ``fit``.

        Returns
        -------
        ndarray of shape (n, n_classes), or (n,) for two classes
            For two classes the logit of ``classes_[1]`` minus that of ``classes_[0]``.
        """
        logits = self._logits(X).numpy()
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    # ------------------------------------------------------ scikit-learn's own

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    # ------------------------------------------------------------ steps of fit

    def _fit(self, X, y, sample_weight, X_val, y_val, *, fresh, epochs, classes=None, partial=False):
        seed = draw_seed(self.random_state) if fresh else self.net_.seed
        layout = maximum = None
        if not fresh:
            check_unchanged(self, classes)
            _check_feature_names(self, with_column_names(X), reset=False)
            classes, layout, maximum = self.classes_, self._layout, self._maximum
        given = X, y, sample_weight, X_val, y_val
        prepare = partial_call(prepare_training_data, self, *given, classes=classes, layout=layout, maximum=maximum)
        data = prepare(seed=seed)
        check_callbacks(self, has_valid=data.valid is not None)
        with contextlib.ExitStack() as stack:
            checkpoint = None
            if self.checkpoint_dir is not None and not partial:
                checkpoint = stack.enter_context(open_checkpoint(self, *given))
            if checkpoint and checkpoint.seed not in (None, seed):  # one that was drawn
                seed = checkpoint.seed
                data = prepare(seed=seed)
            stack.enter_context(torch_scope(self.n_jobs))
            stack.enter_context(torch.enable_grad())
            interrupt = stack.enter_context(watch_interrupt(terminates=checkpoint is not None))
            warm_up()
            start = time.perf_counter()
            if fresh:
                net = self._build_net(data, seed)  # may refuse parameters: a model fitted before is still whole then
                renew_callbacks(self, net, partial=partial)  # and so may they
                self._begin_anew(net, data, X)
            self.net_.interrupt_ = interrupt
            try:
                self._train(data, epochs, X, y, partial=partial, fresh=fresh, checkpoint=checkpoint)
            finally:
                self.n_epochs_ = len(self.net_.history)
                self.best_epoch_ = best_epoch(self.net_.history, self.net_.callbacks_)
                self.fit_time_ += time.perf_counter() - start
        warn_of_blow_up(self.net_, once=partial)
        return self

    def _continue_from(self, state, X, y, **params):
        """Begin on some data with the network that another one's `training_state` tells of; train nothing yet."""
        self._fit(X, y, *map(params.get, ("sample_weight", "X_val", "y_val")), fresh=True, epochs=0, partial=True)
        restore_training(self.net_, state)

    def _begin_anew(self, net, data, X):
        _check_feature_names(self, with_column_names(X), reset=True)  # refuses names that are partly numbers
        self.net_ = net
        self.fit_time_ = 0.0
        self.classes_ = data.classes
        self._layout = data.layout
        self._maximum = data.maximum
        self.image_shape_ = data.layout.image_shape
        self.n_features_in_ = data.layout.n_features
        _check_feature_names(self, with_column_names(X), reset=True)
        self._fitted_architecture = {name: getattr(self, name) for name in self._architecture_params}

    def _build_net(self, data, seed):
        device = resolve_device(self.device)
        settings = self._net_settings(data, device, seed)  # before the network: a contradiction should cost nothing
        module = self._build_network(data, seed, device)
        return self._net_around(module, settings, seed=seed, n_classes=len(data.classes), device=device)

    def _build_network(self, data, seed, device):
        n_classes = len(data.classes)
        return build_scaled_network(
            lambda: self._build_module(data.layout.image_shape, n_classes),
            data.train,
            n_classes=n_classes,
            seed=seed,
            dtype=getattr(torch, self.dtype),
            device=device,
            foreign=self._is_foreign,
        )

    def _net_around(self, module, settings, *, seed, n_classes, device):
        """Return an initialized net around a `ScaledNetwork`."""
        return self._net_class.from_settings(
            module,
            settings,
            seed=seed,
            foreign_randomness=self._is_foreign,
            classes=list(range(n_classes)),
            n_classes=n_classes,
            train_split=None,
            callbacks="disable",  # until training makes its own
            device=str(device),
        )

    @property
    def _is_foreign(self):
        """Whether the network is the user's own."""
        return callable(getattr(self, "architecture", None))

    def _net_settings(self, data, device, seed):
        settings = net_settings(self, device)
        if data is not None:  # a model that is loaded trains nothing yet
            sizes = {"batch_size": self.batch_size, "n_classes": len(data.classes)}
            try_augmentation(settings["augmentation"], data.train, seed=seed, **sizes)
        return settings

    def _train(self, data, epochs, X, y, *, partial, fresh, checkpoint):
        net = self.net_
        self._class_counts = class_counts(data, None if fresh else getattr(self, "_class_counts", None), self.sampling)
        if not fresh:
            device = resolve_device(self.device)
            net.change_settings(**self._net_settings(data, device, net.seed))
            if device != torch.device(net.device):
                net.move_to(device)
            renew_callbacks(self, net, partial=partial)
        if checkpoint:
            epochs, seconds = checkpoint.begin(net, epochs)
            self.fit_time_ += seconds
            if epochs is None:
                return
            net.callbacks_.append(("skimgcls_checkpoint", checkpoint))
        with report_to_sklearn(self, net, epochs, X, y):
            net.train(data.train, data.valid, epochs)
        if checkpoint and not net.interrupt_.arrived:
            checkpoint.finish(net)

    # -------------------------------------------------------- steps of predict

    def _logits(self, X):
        if not hasattr(self, "net_"):
            check_is_fitted(self)  # raises, and takes its time
        if type(X) is not np.ndarray or hasattr(self, "feature_names_in_"):
            _check_feature_names(self, with_column_names(X), reset=False)
        reading = {"fitted_layout": self._layout, "fitted_maximum": self._maximum, "dtype": self.dtype}
        images = read_dataset(X, self, **reading)
        with torch_scope(self.n_jobs, brief=len(images) <= _FEW_IMAGES):
            logits = self.net_.predict_logits(images, self.tta)
        if not logits.isfinite().all():
            n_bad = int((~logits.isfinite()).any(1).sum())
            raise ValueError(
                f"{type(self).__name__} predicted values that are not finite for {n_bad} of {len(logits)} images. Look "
                "for extreme values in X, or train with a lower lr."
            )
        return logits

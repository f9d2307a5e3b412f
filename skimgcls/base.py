"""The base of every image classifier: what scikit-learn sees, around a skorch net."""

import copy
import time
from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names, check_is_fitted
from skorch.helper import predefined_split

from skimgcls.architectures import ACTIVATIONS, count_parameters
from skimgcls.callbacks import EarlyStopping
from skimgcls.images import read_images
from skimgcls.training import (
    OPTIMIZERS,
    SCHEDULES,
    ImageDataset,
    TrainingNet,
    build_scaled_network,
    check_callbacks,
    check_logits,
    make_callbacks,
    net_settings,
    prepare_training_data,
    report_to_sklearn,
    warm_up,
)
from skimgcls.utils._device import resolve_device
from skimgcls.utils._interrupt import watch_interrupt
from skimgcls.utils._random import draw_seed
from skimgcls.utils._sklearn_compat import CallbackSupportMixin
from skimgcls.utils._torch_scope import torch_scope

_HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "lr",
    "seconds",
    "images_per_second",
)


class BaseImageClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator, ABC):
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
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "image_shape": ["array-like", None],
        "channels": [StrOptions({"auto", "first", "last"})],
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
    _architecture_params = ("hidden_units", "norm", "activation", "dropout", "dtype", "image_shape", "channels")

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
            tensors.
        y : array-like of shape (n,)
            Labels: strings, integers or booleans.
        sample_weight : array-like of shape (n,), default=None
            Weight of each image. Rows of weight zero are left out.
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
        KeyboardInterrupt
            On Ctrl-C, with the model trained so far kept.
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

    def plot_history(self, ax=None):
        """Plot loss and accuracy over epochs.

        Parameters
        ----------
        ax : matplotlib Axes or array of two Axes, default=None
            Where to draw; None makes a figure of two panels.

        Returns
        -------
        TrainingCurveDisplay
        """
        from skimgcls.metrics import TrainingCurveDisplay

        check_is_fitted(self)
        return TrainingCurveDisplay.from_estimator(self, ax=ax)

    # ----------------------------------------------------- fitted attributes

    @property
    def history_(self):
        """DataFrame with one row per epoch."""
        import pandas as pd

        check_is_fitted(self)
        rows = self.net_.history.to_list()
        extra = [name for name in (rows[0] if rows else ()) if not name.endswith(("_best", "_batch_count", "batches"))]
        columns = list(dict.fromkeys([*_HISTORY_COLUMNS, *extra]))
        return pd.DataFrame([{name: row.get(name, np.nan) for name in columns} for row in rows], columns=columns)

    @property
    def device_(self):
        """Device that the network is on, as a string."""
        check_is_fitted(self)
        return str(self.net_.device)

    @property
    def n_parameters_(self):
        """Number of weights that training adjusts."""
        check_is_fitted(self)
        return count_parameters(self.net_.module_)

    # ------------------------------------------------------ scikit-learn's own

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, but share what callbacks hold: a deep copy of an Optuna trial prunes nothing."""
        shell = copy.copy(self)
        shell.callbacks = None
        clone = BaseEstimator.__sklearn_clone__(shell)
        clone.callbacks = self.callbacks
        return clone

    # ------------------------------------------------------------ steps of fit

    def _fit(self, X, y, sample_weight, X_val, y_val, *, fresh, epochs, classes=None, partial=False):
        seed = draw_seed(self.random_state) if fresh else self.net_.seed
        if not fresh:
            self._check_architecture_unchanged()
            classes = self.classes_
        _check_feature_names(self, X, reset=fresh)
        layout = None if fresh else self._layout
        data = prepare_training_data(self, X, y, sample_weight, X_val, y_val, classes=classes, layout=layout, seed=seed)
        check_callbacks(self, has_valid=data.valid is not None)
        with torch_scope(self.n_jobs), watch_interrupt():
            warm_up()
            start = time.perf_counter()
            if fresh:
                self._set_fitted_shape(data)
                self.net_ = self._build_net(data.train, seed)
                self.fit_time_ = 0.0
            try:
                self._train(data, epochs, X, y, partial=partial, fresh=fresh)
            finally:
                self.n_epochs_ = len(self.net_.history)
                self.best_epoch_ = self._find_best_epoch()
                self.fit_time_ += time.perf_counter() - start
        return self

    def _set_fitted_shape(self, data):
        self.classes_ = data.classes
        self._layout = data.layout
        self.image_shape_ = data.layout.image_shape
        self.n_features_in_ = data.layout.n_features
        self._fitted_architecture = {name: getattr(self, name) for name in self._architecture_params}

    def _check_architecture_unchanged(self):
        for name, fitted in self._fitted_architecture.items():
            if getattr(self, name) is not fitted and getattr(self, name) != fitted:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} cannot replace {name}={fitted!r} while training goes on: it "
                    f"shapes the network. Set it back, or train a new {type(self).__name__} with fit."
                )

    def _build_net(self, dataset, seed):
        device = resolve_device(self.device)
        settings = net_settings(self, device)  # before the network: a contradiction should cost nothing
        n_classes = len(self.classes_)
        foreign = callable(getattr(self, "architecture", None))
        module = build_scaled_network(
            lambda: self._build_module(self.image_shape_, n_classes),
            dataset,
            seed=seed,
            dtype=getattr(torch, self.dtype),
            device=device,
            foreign=foreign,
        )
        if foreign:
            check_logits(module, dataset, n_classes, device)
        net = TrainingNet(
            module,
            seed=seed,
            foreign_randomness=foreign,
            classes=list(range(n_classes)),
            train_split=None,
            device=str(device),
            **settings,
        )
        return net.initialize()

    def _train(self, data, epochs, X, y, *, partial, fresh):
        net = self.net_
        if not fresh:
            net.change_settings(**net_settings(self, torch.device(net.device)))
        mode = "partial_fit" if partial else "fit"
        if not partial or net.callbacks_for_ != mode:
            net.callbacks = make_callbacks(self, stops=not partial)
            net.initialize_callbacks()
            net.callbacks_for_ = mode
        if data.valid is not None:
            net.train_split = predefined_split(data.valid.to(net.device))
        try:
            with report_to_sklearn(self, net, epochs, X, y):
                net.partial_fit(data.train.to(net.device), None, epochs=epochs)
        finally:
            net.train_split = None

    def _find_best_epoch(self):
        for _, callback in self.net_.callbacks_:
            if isinstance(callback, EarlyStopping) and callback.best_epoch_:
                return callback.best_epoch_
        history = self.net_.history.to_list()
        name = "valid_loss" if history and "valid_loss" in history[0] else "train_loss"
        return min(history, key=lambda row: row[name])["epoch"] if history else 0

    # -------------------------------------------------------- steps of predict

    def _logits(self, X):
        check_is_fitted(self)
        _check_feature_names(self, X, reset=False)
        rows, layout = read_images(X, estimator=self, fitted_layout=self._layout, dtype=self.dtype)
        with torch_scope(self.n_jobs):
            logits = self.net_.predict_logits(ImageDataset.from_arrays(rows, layout))
        n_bad = int((~logits.isfinite()).any(1).sum())
        if n_bad:
            raise ValueError(
                f"{type(self).__name__} predicted values that are not finite for {n_bad} of {len(logits)} images. Look "
                "for extreme values in X."
            )
        return logits

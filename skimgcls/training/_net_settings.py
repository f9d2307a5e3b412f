"""From the parameters of an estimator to those of its skorch net."""

import torch

from skimgcls.preprocessing import make_augmentation
from skimgcls.training._augment_batch import check_views
from skimgcls.training._losses import check_takes_mixtures, make_criterion
from skimgcls.training._optimizers import OPTIMIZERS, make_optimizer

# what an estimator sets itself and ``net_params`` therefore may not, with the parameter to use instead
_OWN_PARAMS = {
    "module": "architecture",
    "criterion": "criterion",
    "optimizer": "optimizer",
    "lr": "lr",
    "max_epochs": "max_epochs",
    "batch_size": "batch_size",
    "device": "device",
    "callbacks": "callbacks",
    "verbose": "verbose",
    "warm_start": "warm_start",
    "train_split": "validation_fraction, or fit(X_val=..., y_val=...)",
    "iterator_train": "batch_size",
    "iterator_valid": "batch_size",
    "dataset": "X",
    "classes": "y",
    "seed": "random_state",
    "precision": "precision",
    "augmentation": "augment",
    "n_classes": "y",
    "l1": "l1",
    "gradient_clip": "gradient_clip",
    "lr_schedule": "lr_schedule",
    "sampling": "sampling",
}


def net_settings(estimator, device):
    """Collect what a net is made with and what may change between two calls of ``partial_fit``.

    Parameters
    ----------
    estimator : BaseImageClassifier
    device : torch.device

    Returns
    -------
    dict
        Keyword arguments of `TrainingNet`.

    Raises
    ------
    ValueError
        If parameters contradict each other.
    """
    net_params = _check_net_params(estimator)
    _check_balanced_once(estimator)
    criterion, criterion_params = make_criterion(estimator.criterion, estimator.label_smoothing)
    optimizer, optimizer_params = make_optimizer(
        estimator.optimizer, momentum=estimator.momentum, weight_decay=estimator.weight_decay, device=device
    )
    if any(f"optimizer__{name}" in net_params for name in ("fused", "foreach", "differentiable")):
        optimizer_params.pop("fused", None)  # torch takes one of the three
    same_name = ("batch_size", "max_epochs", "lr_schedule", "l1", "gradient_clip", "sampling")
    settings = {
        **{name: getattr(estimator, name) for name in same_name},
        "lr": float(estimator.lr),  # numpy's own floats would go into the history, which has to be JSON
        "augmentation": _make_augmentation(estimator, criterion_params),
        "precision": _resolve_precision(estimator, device),
        "verbose": int(estimator.verbose),
        "criterion": criterion,
        **{f"criterion__{name}": value for name, value in criterion_params.items()},
        "optimizer": optimizer,
        **{f"optimizer__{name}": value for name, value in optimizer_params.items()},
        **net_params,
    }
    if optimizer not in OPTIMIZERS.values() or any(name.startswith("optimizer__") for name in net_params):
        _try_optimizer(settings)  # of the others all parameters have been checked
    return settings


def _check_balanced_once(estimator):
    if estimator.sampling is not None and estimator.class_weight == "balanced":
        raise ValueError(
            f"sampling={estimator.sampling!r} and class_weight='balanced' would both make up for rare classes, which "
            "would then count too much. Choose one of the two."
        )


def _make_augmentation(estimator, criterion_params):
    augmentation = make_augmentation(estimator.augment)
    check_views(augmentation, estimator.tta)
    if augmentation is not None and augmentation.mixes_targets:
        check_takes_mixtures(criterion_params.get("criterion"))
    return augmentation


def _resolve_precision(estimator, device):
    precision = estimator.precision
    if precision == "auto":
        return "bf16" if device.type == "cuda" and estimator.dtype == "float32" else "float32"
    if precision != "float32" and estimator.dtype == "float64":
        raise ValueError(
            f"precision={precision!r} halves float32, but dtype='float64' was asked for. Choose one of the two."
        )
    if precision == "fp16" and device.type != "cuda":
        raise ValueError(
            f"precision='fp16' needs a CUDA device, but this fit runs on {device}. Use 'auto', 'float32' or 'bf16'."
        )
    return precision


def _check_net_params(estimator):
    params = estimator.net_params or {}
    for name in params:
        if not isinstance(name, str):
            raise ValueError(f"net_params holds the key {name!r}, where names were expected. Use parameters of skorch.")
        component = name.partition("__")[0]
        own = "lr" if name == "optimizer__lr" else name if name in _OWN_PARAMS else component
        if own in _OWN_PARAMS and (own == name or own == "lr" or own not in ("criterion", "optimizer")):
            raise ValueError(
                f"net_params holds {name!r}, which {type(estimator).__name__} sets itself. Use {_OWN_PARAMS[own]}."
            )
    return params


def _try_optimizer(settings):
    """Make the optimizer once on a parameter of no use, so that what it does not take costs nothing."""
    prefix = "optimizer__"
    params = {name.removeprefix(prefix): value for name, value in settings.items() if name.startswith(prefix)}
    params.pop("param_groups", None)  # skorch's own
    try:
        settings["optimizer"]([torch.nn.Parameter(torch.zeros(1))], lr=settings["lr"], **params)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{settings['optimizer'].__name__} does not take lr={settings['lr']:g} and {params}: {error}. Correct "
            "net_params, lr, momentum or weight_decay."
        ) from error

"""Losses on logits, weighted by sample."""

import inspect
import warnings

import torch
from torch.nn import functional as F

FOCAL_GAMMA = 2.0  # the value found best in Lin et al., "Focal loss for dense object detection", ICCV 2017, table 1b
_TINY = 1e-12


class CrossEntropy(torch.nn.Module):
    """Cross-entropy of softmax(logits) in nats, with label smoothing.

    Targets are class codes (n,) or class probabilities (n, k).
    """

    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits, target, weights=None):  # (b, k), (b,) or (b, k), (b,) -> scalar
        if weights is None:
            return F.cross_entropy(logits, target, label_smoothing=self.label_smoothing)
        losses = F.cross_entropy(logits, target, label_smoothing=self.label_smoothing, reduction="none")
        return (losses * weights).mean()


class FocalLoss(torch.nn.Module):
    """Focal loss in nats: sum over classes of -q (1 - p)^gamma log p, for target probabilities q.

    References
    ----------
    .. [1] T.-Y. Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 4.
    """

    def __init__(self, label_smoothing=0.0, gamma=FOCAL_GAMMA):
        super().__init__()
        self.label_smoothing = label_smoothing
        self.gamma = gamma

    def forward(self, logits, target, weights=None):
        log_p = F.log_softmax(logits, dim=1)
        miss = (-torch.expm1(log_p)).clamp_min(_TINY)  # 1 - p, kept from 0 where a power below 1 has no gradient
        modulated = miss.pow(self.gamma) * log_p  # (b, k)
        if target.is_floating_point():
            on_target = (target * modulated).sum(1)
        else:
            on_target = modulated.gather(1, target[:, None])[:, 0]
        losses = -(1 - self.label_smoothing) * on_target - self.label_smoothing * modulated.mean(1)
        return losses.mean() if weights is None else (losses * weights).mean()


class ForeignCriterion(torch.nn.Module):
    """A torch criterion of the user's, given logits (log-probabilities in the case of ``NLLLoss``) and class codes.

    Of targets that are probabilities (n, k) it gets each class in turn, and its losses are averaged by them.
    """

    def __init__(self, criterion, **params):
        super().__init__()
        self.takes_log_probabilities = issubclass(criterion, torch.nn.NLLLoss)
        self.mean = criterion(**params)
        self.each = None
        if _has_reduction(criterion):
            self.each = criterion(**{**params, "reduction": "none"})

    def forward(self, logits, target, weights=None):
        if self.takes_log_probabilities:
            logits = F.log_softmax(logits, dim=1)
        if weights is None and not target.is_floating_point():
            return self.mean(logits, target)
        if self.each is None:
            raise ValueError(
                f"{type(self.mean).__name__} has no 'reduction' argument, so sample weights, class weights and mixed "
                "labels cannot be applied to it. Leave them out, or use criterion='cross_entropy'."
            )
        losses = self._expected(logits, target) if target.is_floating_point() else self.each(logits, target)
        return losses.mean() if weights is None else (losses * weights).mean()

    def _expected(self, logits, target):
        codes = torch.arange(target.shape[1], device=target.device).expand(target.shape)
        losses = torch.stack([self.each(logits, codes[:, k]) for k in range(target.shape[1])], dim=1)  # (b, k)
        return (target * losses).sum(1)


def check_takes_mixtures(criterion):
    """Refuse a class of the user's that cannot give the loss of each image, which mixed labels need."""
    if criterion is not None and not _has_reduction(criterion):
        raise ValueError(
            f"augment mixes labels, but criterion={criterion.__name__} has no 'reduction' argument to give the loss of "
            "each image by. Use criterion='cross_entropy', or an augmentation that does not mix."
        )


def _has_reduction(criterion):
    return "reduction" in inspect.signature(criterion).parameters


def make_criterion(criterion, label_smoothing):
    """Return the loss class and its parameters for the estimators' ``criterion``.

    "nll" is the negative log-likelihood of log-softmax outputs, which is the cross-entropy by construction.
    """
    if criterion in ("cross_entropy", "nll"):
        return CrossEntropy, {"label_smoothing": label_smoothing}
    if criterion == "focal":
        return FocalLoss, {"label_smoothing": label_smoothing}
    if not (isinstance(criterion, type) and issubclass(criterion, torch.nn.Module)):
        raise ValueError(
            f"criterion must be 'cross_entropy', 'nll', 'focal' or a torch loss class, got {criterion!r}. Pass the "
            "class itself, such as torch.nn.MultiMarginLoss, and its arguments through "
            "net_params={'criterion__<name>': ...}."
        )
    _check_takes_codes(criterion)
    params = {"criterion": criterion}
    if label_smoothing:
        if "label_smoothing" not in inspect.signature(criterion).parameters:
            raise ValueError(
                f"label_smoothing={label_smoothing} was given, but {criterion.__name__} does not know it. "
                "Use criterion='cross_entropy' or label_smoothing=0."
            )
        params["label_smoothing"] = label_smoothing
    return ForeignCriterion, params


def _check_takes_codes(criterion):
    """Try a class of the user's on two rows of logits, so that its error names the parameter."""
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            criterion()(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))
    except TypeError:
        return  # it needs arguments, which net_params may hold
    except (RuntimeError, ValueError, IndexError) as error:
        raise ValueError(
            f"criterion={criterion.__name__} does not take logits (n, n_classes) and class codes (n,): {error} Choose "
            "a loss for single-label classification, such as torch.nn.CrossEntropyLoss or torch.nn.MultiMarginLoss."
        ) from error

"""The net of a pretrained backbone: freezing by epoch, two learning rates, features computed once."""

import copy
import functools

import torch

from skimgcls.training._extract_features import cached_features
from skimgcls.training._image_dataset import ImageDataset
from skimgcls.training._mixed_precision import autocast
from skimgcls.training._training_net import TrainingNet


class TransferNet(TrainingNet):
    """A `TrainingNet` over a `ScaledNetwork` of a `TransferNetwork`.

    What is frozen depends on the number of the epoch and on nothing else. In an epoch that trains the head alone, and
    changes no image, the head is trained on features that the backbone computed once.

    Parameters
    ----------
    module : torch.nn.Module
    freeze : "backbone", int or None
        What `TransferNetwork.freeze` keeps from training; None freezes nothing.
    unfreeze_after : int or None
        Epochs after which nothing is frozen any more; None stays with ``freeze``.
    backbone_lr : float or None
        Learning rate of the backbone, that of the head being ``lr``; None is the same.
    feature_cache : int
        Bytes of features that the process keeps for further nets.
    **params
        As for `TrainingNet`.
    """

    def __init__(self, module, *, freeze=None, unfreeze_after=None, backbone_lr=None, feature_cache=0, **params):
        self.freeze = freeze
        self.unfreeze_after = unfreeze_after
        self.backbone_lr = backbone_lr
        self.feature_cache = feature_cache
        self._sources, self._features = {}, {}  # of the calls of `train` that run
        super().__init__(module, **params)

    @property
    def network(self):
        """The `TransferNetwork`."""
        return getattr(self.module_, "_orig_mod", self.module_).network

    # ------------------------------------------------------------- training

    def train(self, dataset_train, dataset_valid, epochs):
        """Train on one `ImageDataset` and validate on another, or none, after each epoch; keep neither."""
        self._sources = {"train": dataset_train, "valid": dataset_valid}
        try:
            super().train(dataset_train, dataset_valid, epochs)
        except ValueError as error:
            if "norm='batch'" not in str(error):
                raise
            raise ValueError(
                f"The normalizations of the backbone need at least two images in a batch, but batch_size="
                f"{self.batch_size} of {len(dataset_train)} training images left one. Raise batch_size or set "
                "freeze='backbone'."
            ) from error
        finally:
            self._sources, self._features = {}, {}

    def _run_epoch(self, iterator_train, iterator_valid):
        self._freeze_for(len(self.history) - 1)
        if not self._can_train_on_features():
            self._features = {}  # of before it was unfrozen
            super()._run_epoch(iterator_train, iterator_valid)
            return
        iterators = [self._over_features("train", iterator_train), self._over_features("valid", iterator_valid)]
        module = self.module_
        self.module_ = self.network.head
        try:
            super()._run_epoch(*iterators)
        finally:
            self.module_ = module

    def _freeze_for(self, epoch):
        is_over = self.unfreeze_after is not None and epoch >= self.unfreeze_after
        self.network.freeze(0 if self.freeze is None or is_over else self.freeze)

    def _can_train_on_features(self):
        comes_from_us = self._sources.get("train") is not None  # and not from somebody who calls skorch's methods
        return comes_from_us and self.network.is_backbone_frozen and self.augmentation is None and not self.batch_hooks_

    def _over_features(self, name, iterator):
        if iterator is None:
            return None
        if name not in self._features:
            source = self._sources[name]
            labels = (None if t is None else t.to(self.device) for t in (source.codes, source.weights))
            self._features[name] = ImageDataset(self._features_of(source), _FeatureLayout(), *labels)
        iterator = copy.copy(iterator)  # with all else that it was told: how large batches are, what is drawn
        iterator.dataset = self._features[name]
        return iterator

    def _features_of(self, dataset):
        return cached_features(
            self.module_,
            dataset,
            device=self.device,
            precision=self.precision,
            autocast=functools.partial(autocast, self.precision, self.device),
            limit=self.feature_cache,
        )

    # ------------------------------------------------------------ predicting

    def predict_logits(self, dataset, n_views=1):
        """Logits (n, k) of an `ImageDataset`, on the CPU; of a frozen backbone from cached features, if they are."""
        if not (self.feature_cache and n_views == 1 and self.network.is_backbone_frozen):
            return super().predict_logits(dataset, n_views)
        features = self._features_of(dataset)
        self.network.head.eval()
        with torch.inference_mode(), autocast(self.precision, self.device):
            logits = self.network.head(features)
        return (logits if logits.element_size() > 2 else logits.float()).cpu()

    # --------------------------------------------------------- learning rates

    def initialize_optimizer(self, triggered_directly=None):
        """Make the optimizer, in which the backbone has groups of its own."""
        super().initialize_optimizer()
        self._set_lr(self.lr)
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Collect what the optimizer is made with, each group divided into head and backbone."""
        (groups, *others), params = super().get_params_for_optimizer(prefix, named_parameters)
        if prefix != "optimizer":
            return (groups, *others), params
        of_backbone = {id(weight) for weight in self.network.backbone.parameters()}
        divided = []
        for is_backbone in (False, True):  # the history tells the learning rate of the first group
            for group in groups:
                weights = [weight for weight in group["params"] if (id(weight) in of_backbone) == is_backbone]
                divided += [{**group, "params": weights, "is_backbone": is_backbone}] if weights else []
        return (divided, *others), params

    def change_settings(self, **settings):
        """Take new settings between two calls of ``partial_fit``."""
        super().change_settings(**settings)
        self._set_lr(self.lr)

    def _set_lr(self, lr):
        super()._set_lr(lr)
        for group in self.optimizer_.param_groups:
            if group["is_backbone"] and self.backbone_lr is not None:
                group["lr"] *= self.backbone_lr / self.lr

    def __getstate__(self):
        return super().__getstate__() | {"_sources": {}, "_features": {}}


class _FeatureLayout:
    """Rows that are no images."""

    def as_images(self, rows):
        return rows

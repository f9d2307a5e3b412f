"""A pretrained backbone with a new linear head, which can be frozen part by part."""

import torch
from torch import nn

from skimgcls.architectures._layers import Dropout

_FEWEST_STAGES = 4  # a network of fewer parts is looked into: torchvision wraps all but the head in one `features`


class TransferNetwork(nn.Module):
    """Backbone and linear head.

    Images are resized (bilinear with antialiasing), greyscale is repeated to three channels, and each channel is
    normalized with the constants that the backbone was trained with.

    Parameters
    ----------
    backbone : torch.nn.Module
        Takes normalized images (n, 3, h, w) and gives features (n, n_features).
    n_features : int
        Features of an image.
    n_classes : int or None, default=None
        Outputs of the head; None makes a network without a head, whose outputs are the features.
    image_size : tuple of int or None, default=None
        (height, width) in pixels that images are brought to; None leaves them as they come.
    mean, std : sequence of 3 float
        Constants of the normalization, for values from 0 to 1. The defaults are those of ImageNet.
    dropout : float in [0, 1), default=0.0
        Share of features set to zero before the head.

    Attributes
    ----------
    backbone, head : torch.nn.Module
    stages : list of (str, torch.nn.Module)
        Parts of the backbone that have weights, in order, with their names.
    n_frozen : int
        Stages that `freeze` keeps from training.

    Examples
    --------
    >>> import torch
    >>> backbone = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> network = TransferNetwork(backbone, 8, n_classes=5, image_size=(16, 16))
    >>> network(torch.rand(2, 1, 28, 28)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        backbone,
        n_features,
        n_classes=None,
        *,
        image_size=None,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        dropout=0.0,
    ):
        super().__init__()
        self.image_size = image_size
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).view(-1, 1, 1))
        self.backbone = backbone
        self.head = nn.Identity()
        if n_classes is not None:
            self.head = nn.Sequential()
            self.head.add_module("dropout", Dropout(dropout))
            self.head.add_module("linear", nn.Linear(n_features, n_classes))
        self.n_frozen = 0

    def forward(self, x):
        """Map images (n, 1 or 3, h, w) with values from 0 to 1 to logits (n, n_classes)."""
        return self.head(self.features(x))

    def features(self, x):
        """Compute what the head is given.

        Parameters
        ----------
        x : tensor of shape (n, 1, h, w) or (n, 3, h, w)
            Images with values from 0 to 1.

        Returns
        -------
        features : tensor of shape (n, n_features)
            One row for each image.
        """
        if self.image_size is not None and x.shape[2:] != self.image_size:
            x = nn.functional.interpolate(x, self.image_size, mode="bilinear", antialias=True)
        x = (x - self.mean) / self.std  # (n, 1 or 3, h, w) -> (n, 3, h, w)
        return self.backbone(x.contiguous(memory_format=torch.channels_last)).flatten(1)

    @property
    def stages(self):
        """Names and modules of the parts of the backbone, in order."""
        stages = _parts(self.backbone)
        while len(stages) < _FEWEST_STAGES:
            inside = [(f"{name}.{n}", p) for name, part in stages for n, p in _parts(part) or [("", part)]]
            inside = [(name.rstrip("."), part) for name, part in inside]
            if len(inside) == len(stages):
                break
            stages = inside
        return stages

    def freeze(self, n_stages):
        """Keep the first parts of the backbone from training, and let the others train.

        Parameters
        ----------
        n_stages : int or "backbone"
            How many of `stages`; "backbone" freezes all of it. The normalizations of a frozen part stay in evaluation
            mode, so that what they have learnt does not move.

        Raises
        ------
        ValueError
            If there are fewer stages.
        """
        stages = self.stages
        n_stages = len(stages) if n_stages == "backbone" else n_stages
        if n_stages > len(stages):
            raise ValueError(
                f"freeze={n_stages} was asked for, but the backbone has {len(stages)} parts: "
                f"{', '.join(name for name, _ in stages)}. Give at most {len(stages)}, or freeze='backbone'."
            )
        # weights in no stage, such as the position embedding of a transformer, stand before them all
        trained = {id(weight) for _, stage in stages[n_stages:] for weight in stage.parameters()}
        trained |= {id(weight) for weight in self.backbone.parameters()} if n_stages == 0 else set()
        for weight in self.backbone.parameters():
            weight.requires_grad_(id(weight) in trained)
            if not weight.requires_grad:
                weight.grad = None
        self.n_frozen = n_stages
        self.train(self.training)

    @property
    def is_backbone_frozen(self):
        """Whether only the head is trained."""
        return not any(weight.requires_grad for weight in self.backbone.parameters())

    def train(self, mode=True):
        """Set training mode, except for what is frozen."""
        super().train(mode)
        if self.n_frozen and self.is_backbone_frozen:
            self.backbone.eval()
        elif self.n_frozen:
            for _, stage in self.stages[: self.n_frozen]:
                stage.eval()
        return self


def _parts(module):
    return [(name, child) for name, child in module.named_children() if next(child.parameters(), None) is not None]

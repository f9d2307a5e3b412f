"""Networks of dense layers: a multilayer perceptron over pixels, or an MLP-Mixer over patches."""

from collections import OrderedDict
from math import ceil, prod

from torch import nn

from skimgcls.architectures._layers import Dropout, make_activation, make_dense_layers, make_norm


class MLP(nn.Module):
    """Network of dense layers, with a visible stem, backbone and classifier.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image, (c, h, w), each at least 1.
    n_classes : int
        Number of logits.
    hidden_units : sequence of int, default=(256, 128)
        Without `patch_size` the width of each hidden layer, in order; empty for none, which is a linear model. With
        `patch_size` first the width of a patch's embedding, then the hidden width of each mixer block: at least two.
    patch_size : int, default=None
        Height and width of a patch in pixels. None flattens the image.
    norm : {"batch", "group"} or None, default=None
        Normalisation of each hidden layer (its linear layer has no bias then), or of the channels before each mixing
        and before the mean over patches.
    activation : {"relu", "gelu", "silu", "leaky_relu", "elu", "tanh", "sigmoid"}, default="relu"
        Activation of each hidden layer.
    dropout : float, default=0.0
        Probability in [0, 1) to drop a value of a hidden layer.

    Attributes
    ----------
    stem : torch.nn.Sequential
        Images (n, c, h, w) to pixels (n, c * h * w), or to embedded patches (n, hidden_units[0], n_patches).
    backbone : torch.nn.Sequential
        What the stem gives to features (n, hidden_units[-1]), or (n, hidden_units[0]) with patches.
    classifier : torch.nn.Linear
        Features to logits (n, n_classes).

    Raises
    ------
    ValueError
        If `hidden_units` has fewer than two entries where `patch_size` is given, or `norm`, `activation` or `dropout`
        is not allowed.

    Notes
    -----
    Without `patch_size`, each hidden layer is linear, normalisation, activation, dropout.

    With it, the network is an MLP-Mixer [1]_:

    - The stem cuts the image into patches that do not overlap, padding it with zeros at the right and the bottom where
      the patch size does not divide it. One linear map, a convolution whose stride is its kernel, brings each patch to
      ``hidden_units[0]`` channels.
    - The backbone has a block for each further entry of `hidden_units`, of two residual steps ``x + mix(norm(x))``. The
      first mixes over patches, the same for each channel, the second over channels, the same for each patch. Both are
      linear, activation, dropout, linear, with that entry as hidden width. A last normalisation and the mean over
      patches follow.
    - Group normalisation takes its statistics over the channels of a group and all patches, as it does over all pixels
      in a convolutional network; [1]_ has layer normalisation of each patch.

    References
    ----------
    .. [1] Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", NeurIPS 2021.

    Examples
    --------
    >>> import torch
    >>> images = torch.zeros(2, 1, 28, 28)
    >>> MLP((1, 28, 28), n_classes=10)(images).shape
    torch.Size([2, 10])
    >>> mixer = MLP((1, 28, 28), n_classes=10, hidden_units=(64, 128, 128), patch_size=4)
    >>> mixer.stem(images).shape
    torch.Size([2, 64, 49])
    """

    def __init__(
        self,
        in_shape,
        n_classes,
        *,
        hidden_units=(256, 128),
        patch_size=None,
        norm=None,
        activation="relu",
        dropout=0.0,
    ):
        super().__init__()
        layer_params = {"norm": norm, "activation": activation, "dropout": dropout}
        if patch_size is None:
            self.stem = nn.Sequential(OrderedDict(flatten=nn.Flatten()))
            self.backbone = nn.Sequential(OrderedDict(make_dense_layers(prod(in_shape), hidden_units, **layer_params)))
            n_features = hidden_units[-1] if hidden_units else prod(in_shape)
        else:
            _check_mixer_units(hidden_units)
            n_features = hidden_units[0]
            self.stem, n_patches = _make_patch_stem(in_shape, patch_size, n_features)
            self.backbone = _make_mixer(n_patches, n_features, hidden_units[1:], **layer_params)
        self.classifier = nn.Linear(n_features, n_classes)

    def forward(self, x):
        """Map images (n, c, h, w) to logits (n, n_classes)."""
        x = self.stem(x)  # (n, c, h, w) -> (n, c * h * w) or (n, hidden_units[0], n_patches)
        x = self.backbone(x)  # -> (n, n_features)
        return self.classifier(x)  # -> (n, n_classes)


class MixerBlock(nn.Module):
    """One block of an MLP-Mixer: mixing over patches, then over channels.

    Parameters
    ----------
    n_patches : int
        Patches of an image.
    n_channels : int
        Channels of an embedded patch.
    hidden_width : int
        Hidden width of both mixings.
    norm : {"batch", "group"} or None
        See `make_norm`.
    activation : str
        See `make_activation`.
    dropout : float
        See `Dropout`.
    """

    def __init__(self, n_patches, n_channels, hidden_width, *, norm, activation, dropout):
        super().__init__()
        self.norm1 = make_norm(norm, n_channels, dims=1)
        self.patch_mixing = nn.Sequential(
            nn.Linear(n_patches, hidden_width),
            make_activation(activation),
            Dropout(dropout),
            nn.Linear(hidden_width, n_patches),
        )
        self.norm2 = make_norm(norm, n_channels, dims=1)
        self.channel_mixing = nn.Sequential(
            nn.Conv1d(
                n_channels, hidden_width, 1
            ),  # of kernel 1: a linear map of the channels, without a transposition
            make_activation(activation),
            Dropout(dropout),
            nn.Conv1d(hidden_width, n_channels, 1),
        )

    def forward(self, x):
        """Map embedded patches (n, n_channels, n_patches) to the same shape."""
        x = x + self.patch_mixing(self.norm1(x))
        return x + self.channel_mixing(self.norm2(x))

    def unnormalized_branch_ends(self):
        """Return the layers that end a residual branch whose scale nothing normalises, for their first weights.

        Returns
        -------
        layers : list of torch.nn.Module
            The last layer of each mixing, or nothing.
        """
        return [self.patch_mixing[-1], self.channel_mixing[-1]] if isinstance(self.norm1, nn.Identity) else []


class MeanOverPatches(nn.Module):
    """Mean over the last axis: (n, n_channels, n_patches) to (n, n_channels)."""

    def forward(self, x):
        """Return the mean of x over its last axis."""
        return x.mean(-1)


def _check_mixer_units(hidden_units):
    if len(hidden_units) < 2:
        raise ValueError(
            "With patch_size, hidden_units must hold the width of the embedding and the hidden width of at least one "
            f"mixer block, got {tuple(hidden_units)!r}. Use for example hidden_units=(128, 256), or patch_size=None."
        )


def _make_patch_stem(in_shape, patch_size, n_channels):
    """Return the layers from images (n, c, h, w) to patches (n, n_channels, n_patches), and n_patches."""
    in_channels, height, width = in_shape
    rows, columns = ceil(height / patch_size), ceil(width / patch_size)
    missing_right, missing_bottom = columns * patch_size - width, rows * patch_size - height
    layers = {"pad": nn.ZeroPad2d((0, missing_right, 0, missing_bottom))} if missing_right or missing_bottom else {}
    layers["embedding"] = nn.Conv2d(in_channels, n_channels, patch_size, stride=patch_size)
    layers["flatten"] = nn.Flatten(2)
    return nn.Sequential(OrderedDict(layers)), rows * columns


def _make_mixer(n_patches, n_channels, hidden_widths, *, norm, activation, dropout):
    layers = {
        f"block{i}": MixerBlock(n_patches, n_channels, width, norm=norm, activation=activation, dropout=dropout)
        for i, width in enumerate(hidden_widths, start=1)
    }
    return nn.Sequential(
        OrderedDict(**layers, norm=make_norm(norm, n_channels, dims=1), mean=MeanOverPatches()),
    )

"""The small layers that all networks share: activation, normalisation, dropout, a stack of dense layers."""

import torch
from torch import nn

# None works in place: that gained nothing (152.1 against 152.2 ms a training step) and breaks hooks on module outputs.
ACTIVATIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

# max(f(a), f(b)) = f(max(a, b)) for these, so that a max pool may stand before the activation: a quarter of the work
MONOTONE_ACTIVATIONS = frozenset(ACTIVATIONS) - {"gelu", "silu"}

NORMS = {
    "batch": {1: nn.BatchNorm1d, 2: nn.BatchNorm2d},
    "group": {1: nn.GroupNorm, 2: nn.GroupNorm},
}

MAX_GROUPS = 32
MIN_CHANNELS_PER_GROUP = 8


def make_activation(name):
    """Make an activation layer from its name.

    Parameters
    ----------
    name : {"relu", "gelu", "silu", "leaky_relu", "elu", "tanh", "sigmoid"}
        Which activation, with PyTorch's default constants.

    Returns
    -------
    activation : torch.nn.Module
        A layer without parameters, not in place.

    Raises
    ------
    ValueError
        If `name` is none of the above.

    Examples
    --------
    >>> make_activation("silu")
    SiLU()
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)}, got {name!r}.")
    return ACTIVATIONS[name]()


def make_norm(name, n_channels, dims):
    """Make a normalisation layer over the channels of a feature map or of a row of features.

    Parameters
    ----------
    name : {"batch", "group"} or None
        Batch normalisation [1]_, group normalisation [2]_, or none.
    n_channels : int
        Channels of the input, its axis 1.
    dims : {1, 2}
        1 for inputs (n, n_channels) and (n, n_channels, length), 2 for feature maps (n, n_channels, h, w).

    Returns
    -------
    norm : torch.nn.Module
        `torch.nn.Identity` for None.

    Raises
    ------
    ValueError
        If `name` is none of the above.

    Notes
    -----
    The number of groups is the largest divisor of `n_channels` that is at most 32 and leaves at least 8 channels in a
    group, 1 where there is none. 32 is the default of [2]_, and its table 3 finds the error flat from 64 down to 8
    channels per group and rising below, by 4 points at one channel per group. On a 1x1 map such a group would hold a
    single value, which is normalised to 0 whatever the image.

    References
    ----------
    .. [1] Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
       Shift", ICML 2015.
    .. [2] Wu, He, "Group Normalization", ECCV 2018.

    Examples
    --------
    >>> make_norm("group", 64, dims=2).num_groups
    8
    >>> make_norm(None, 64, dims=2)
    Identity()
    """
    if name is None:
        return nn.Identity()
    if name not in NORMS:
        raise ValueError(f"norm must be one of {sorted(NORMS)} or None, got {name!r}.")
    layer = NORMS[name][dims]
    return layer(_n_groups(n_channels), n_channels) if name == "group" else layer(n_channels)


def _n_groups(n_channels):
    most = min(MAX_GROUPS, n_channels // MIN_CHANNELS_PER_GROUP)
    return next((n for n in range(most, 0, -1) if n_channels % n == 0), 1)


class Dropout(nn.Dropout):
    """Dropout that draws from a generator of its own.

    `torch.nn.functional.dropout` draws from torch's process-wide generator, which the threads of a search share: the
    masks of one fit then depend on what runs beside it. This layer draws from `generator` instead. It is a
    `torch.nn.Dropout`, so that tools which look for those (Monte Carlo dropout, exporters) find it.

    Parameters
    ----------
    p : float, default=0.5
        Probability in [0, 1) that a value is set to 0; the others are multiplied by 1 / (1 - p) [1]_.

    Attributes
    ----------
    generator : torch.Generator or None
        Source of the masks in training mode, on the device of the input. None means torch's global generator; so it
        is after unpickling or copying, which no generator takes part in.

    Raises
    ------
    ValueError
        If `p` is outside [0, 1).

    Notes
    -----
    In evaluation mode, or with ``p=0``, the input itself is returned. A seed gives the same mask in every
    floating-point dtype, and another one in another memory format or on another kind of device.

    References
    ----------
    .. [1] Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.

    Examples
    --------
    >>> import torch
    >>> dropout = Dropout(p=0.5)
    >>> dropout.generator = torch.Generator().manual_seed(0)
    >>> dropout(torch.ones(6))
    tensor([2., 0., 2., 2., 2., 0.])
    """

    def __init__(self, p=0.5):
        if not 0 <= p < 1:
            raise ValueError(f"The probability of dropout must be in the range [0, 1), got {p!r}.")
        super().__init__(p)
        self.generator = None

    def forward(self, x):
        """Drop values of x at random in training mode, return x otherwise."""
        if not self.training or self.p == 0:
            return x
        if self.generator is None:
            return nn.functional.dropout(x, self.p)
        keep = 1 - self.p
        # uniform_ and a comparison take a third of the time of bernoulli_ on a CPU. Drawn in float32 because the
        # uniform numbers of bfloat16 have 8 bits, too few for the comparison to be right.
        mask = torch.empty_like(x, dtype=torch.float32).uniform_(generator=self.generator)
        return x * mask.lt_(keep).mul_(1 / keep).to(x.dtype)

    def __getstate__(self):
        return {**self.__dict__, "generator": None}


def make_dense_layers(n_features, hidden_units, *, norm=None, activation="relu", dropout=0.0):
    """Make the dense hidden layers of a network: linear, normalisation, activation, dropout.

    Parameters
    ----------
    n_features : int
        Features of the input.
    hidden_units : sequence of int
        Width of each layer, in order; empty for none.
    norm : {"batch", "group"} or None, default=None
        See `make_norm`. With a norm the linear layer has no bias: the norm brings its own.
    activation : str, default="relu"
        See `make_activation`.
    dropout : float, default=0.0
        See `Dropout`.

    Returns
    -------
    layers : dict of str to torch.nn.Module
        `linear1`, `norm1`, `activation1`, `dropout1`, `linear2`, ... in order, for `torch.nn.Sequential`.

    Examples
    --------
    >>> list(make_dense_layers(64, (16,)))
    ['linear1', 'norm1', 'activation1', 'dropout1']
    """
    layers = {}
    for i, width in enumerate(hidden_units, start=1):
        layers[f"linear{i}"] = nn.Linear(n_features, width, bias=norm is None)
        layers[f"norm{i}"] = make_norm(norm, width, dims=1)
        layers[f"activation{i}"] = make_activation(activation)
        layers[f"dropout{i}"] = Dropout(dropout)
        n_features = width
    return layers

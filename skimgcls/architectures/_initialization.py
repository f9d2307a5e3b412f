"""First weights, drawn from a generator of the caller's and never from torch's global one."""

from functools import partial

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from skimgcls.architectures._mlp import MixerBlock
from skimgcls.architectures._res_net import ResidualBlock

WEIGHT_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
NORM_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm)

# what the constructors of these layers call
_ALLOCATE = frozenset({torch.empty, torch.zeros, torch.ones, torch.tensor})
_DRAW = frozenset({nn.init.uniform_, nn.init.kaiming_uniform_})


def build_seeded(factory, *, generator, dtype=torch.float32, device="cpu"):
    """Build a network whose first weights depend on a generator alone.

    The constructors of torch's layers draw from its process-wide generator, which the threads of a search share. Here
    they leave their weights blank, and `initialize_parameters` draws.

    Parameters
    ----------
    factory : callable
        Takes nothing and returns a torch module of the layers that `initialize_parameters` knows.
    generator : torch.Generator
        On the CPU.
    dtype : torch.dtype, default=torch.float32
        Floating-point type of the parameters and buffers.
    device : str or torch.device, default="cpu"
        Where the network is put.

    Returns
    -------
    network : torch.nn.Module
        In training mode, its convolutions in ``torch.channels_last`` memory format. A seed gives the same weights on
        each device, and the same up to rounding in each dtype.

    Raises
    ------
    TypeError
        If the network has a layer that `initialize_parameters` does not know.

    Examples
    --------
    >>> import torch
    >>> from skimgcls.architectures import MLP
    >>> network = build_seeded(lambda: MLP((1, 8, 8), 10), generator=torch.Generator().manual_seed(0))
    >>> network.classifier
    Linear(in_features=128, out_features=10, bias=True)
    """
    with _BlankWeights(dtype, device):
        network = factory()
    _draw_weights(_list_known_layers(network), generator)
    return network


class _BlankWeights(TorchFunctionMode):
    """Lets the layers that this thread makes take memory for their weights where they are wanted, and not fill it."""

    def __init__(self, dtype, device):
        super().__init__()
        self.wanted = {"dtype": dtype, "device": device}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in _DRAW:
            return kwargs["tensor"]
        if function in _ALLOCATE:
            kwargs = kwargs | {name: kwargs.get(name) or value for name, value in self.wanted.items()}
            if isinstance(args[0], tuple) and len(args[0]) == 4:
                kwargs["memory_format"] = torch.channels_last  # two thirds of the time of a training step on a CPU
        return function(*args, **kwargs)


@torch.no_grad()
def initialize_parameters(module, generator):
    """Draw the weights of a network anew, and reset everything else that training changes.

    Parameters
    ----------
    module : torch.nn.Module
        Of linear, convolutional and normalisation layers; changed in place. The last layer with weights is taken for
        the output layer.
    generator : torch.Generator
        On the CPU. The numbers are drawn there in float32 and then cast, so that they do not depend on the
        device or dtype of the module.

    Raises
    ------
    TypeError
        If a layer of another type has parameters or buffers; nothing is changed then.

    Notes
    -----
    - Weights are normal with mean 0 and variance 2 / fan_in [1]_; in a network with tanh or sigmoid activations uniform
      with variance gain^2 * 2 / (fan_in + fan_out) [2]_, gain 5/3 for tanh and 1 for sigmoid. Biases are 0.
    - The weights of the output layer are uniform within 1 / sqrt(fan_in), torch's own default and a sixth of the
      variance above, so that the first loss is near that of equal probabilities, log(n_classes).
    - Normalisation layers start at weight 1, bias 0 and with fresh running statistics.
    - In a network of residual branches without normalisation the weights of the last layer of each branch are
      multiplied by 1 / sqrt(number of branches), or the features would grow exponentially with depth [3]_.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet
       Classification", ICCV 2015, equation 10.
    .. [2] Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
       equation 16.
    .. [3] Zhang, Dauphin, Ma, "Fixup Initialization: Residual Learning Without Normalization", ICLR 2019.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(4, 2)
    >>> initialize_parameters(layer, torch.Generator().manual_seed(0))
    >>> layer.bias.tolist()
    [0.0, 0.0]
    """
    layers = _list_known_layers(module)
    _draw_weights(layers, generator)
    for layer in layers:
        if isinstance(layer, NORM_LAYERS):
            layer.reset_parameters()


def _list_known_layers(module):
    layers = dict(module.named_modules())
    for name, layer in layers.items():
        if (layer._parameters or layer._buffers) and not isinstance(layer, WEIGHT_LAYERS + NORM_LAYERS):
            known = ", ".join(known.__name__ for known in WEIGHT_LAYERS + NORM_LAYERS)
            raise TypeError(
                f"Layer {name!r} has parameters or buffers and is a {type(layer).__name__}; only {known} can be "
                "initialized. Build networks with other layers by calling them and let those initialize themselves."
            )
    return list(layers.values())


@torch.no_grad()
def _draw_weights(layers, generator):
    draw_hidden = _choose_hidden(layers)
    branch_ends = _unnormalized_branch_ends(layers)
    layers = [layer for layer in layers if isinstance(layer, WEIGHT_LAYERS)]
    for layer in layers:
        weight = layer.weight
        if weight.dtype != torch.float32 or weight.device.type != "cpu" or not weight.is_contiguous():
            weight = torch.empty(weight.shape, dtype=torch.float32, device="cpu")
        if layer is layers[-1]:
            nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)
        else:
            draw_hidden(weight, generator=generator)
        if layer in branch_ends:
            weight *= len(branch_ends) ** -0.5
        if weight is not layer.weight:
            layer.weight.copy_(weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _choose_hidden(layers):
    """Return what draws the weights of all layers but the last."""
    for layer in layers:
        if isinstance(layer, (nn.Tanh, nn.Sigmoid)):
            return partial(nn.init.xavier_uniform_, gain=nn.init.calculate_gain(type(layer).__name__.lower()))
    return partial(nn.init.kaiming_normal_, nonlinearity="relu")


def _unnormalized_branch_ends(layers):
    blocks = [layer for layer in layers if isinstance(layer, (ResidualBlock, MixerBlock))]
    return {layer for block in blocks for layer in block.unnormalized_branch_ends()}

"""First weights, drawn from a generator of the caller's and never from torch's global one."""

import torch
from torch import nn

from skimgcls.architectures._mlp import MixerBlock
from skimgcls.architectures._res_net import ResidualBlock

WEIGHT_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
NORM_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm)


def build_seeded(factory, *, generator, dtype=torch.float32, device="cpu"):
    """Build a network whose first weights depend on a generator alone.

    The constructors of torch's layers draw from its process-wide generator, which the threads of a search share. Here
    they run on torch's "meta" device, where nothing is allocated or drawn, and `initialize_parameters` draws.

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
    with torch.device("meta"):
        network = factory()

    def allocate(tensor):
        # not Module.to_empty: from the meta device it imports torch's symbolic shapes, for more than a second
        of_dtype = dtype if tensor.is_floating_point() else tensor.dtype
        # channels last: two thirds of the time of a training step on a CPU
        order = torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
        return torch.empty(tensor.shape, dtype=of_dtype, device=device, memory_format=order)

    network._apply(allocate)
    initialize_parameters(network, generator)
    return network


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
    _check_layers_known(module)
    every = list(module.modules())
    layers = [layer for layer in every if isinstance(layer, WEIGHT_LAYERS)]
    branch_ends = _unnormalized_branch_ends(every)
    for layer in layers:
        weight = torch.empty(layer.weight.shape, dtype=torch.float32, device="cpu")
        if layer is layers[-1]:
            nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)
        else:
            _draw_hidden_weight(weight, every, generator)
        if layer in branch_ends:
            weight *= len(branch_ends) ** -0.5
        layer.weight.copy_(weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for layer in every:
        if isinstance(layer, NORM_LAYERS):
            layer.reset_parameters()


def _check_layers_known(module):
    for name, layer in module.named_modules():
        if (layer._parameters or layer._buffers) and not isinstance(layer, WEIGHT_LAYERS + NORM_LAYERS):
            known = ", ".join(known.__name__ for known in WEIGHT_LAYERS + NORM_LAYERS)
            raise TypeError(
                f"Layer {name!r} has parameters or buffers and is a {type(layer).__name__}; only {known} can be "
                "initialized. Build networks with other layers by calling them and let those initialize themselves."
            )


def _unnormalized_branch_ends(layers):
    blocks = [layer for layer in layers if isinstance(layer, (ResidualBlock, MixerBlock))]
    return {layer for block in blocks for layer in block.unnormalized_branch_ends()}


def _draw_hidden_weight(weight, layers, generator):
    for layer in layers:
        if isinstance(layer, (nn.Tanh, nn.Sigmoid)):
            gain = nn.init.calculate_gain(type(layer).__name__.lower())
            nn.init.xavier_uniform_(weight, gain, generator=generator)
            return
    nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)

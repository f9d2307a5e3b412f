"""Networks of other libraries, whose constructors draw their weights from a generator of ours or not at all."""

import inspect

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_FILL = frozenset(
    function
    for function in vars(nn.init).values()
    if inspect.isfunction(function) and "generator" in inspect.signature(function).parameters
) | {torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.bernoulli_, torch.Tensor.exponential_}
_MAKE = frozenset({torch.rand, torch.randn, torch.normal, torch.bernoulli, torch.randint, torch.randperm})


class SeededDraws(TorchFunctionMode):
    """Context in which this thread's random weights come from a generator.

    The constructors of torchvision and timm draw from torch's process-wide generator, which the threads of a search
    share.

    Parameters
    ----------
    generator : torch.Generator or None
        On the CPU. None leaves weights unfilled, which saves the seconds that large networks take to draw what a file
        is about to replace.

    Examples
    --------
    >>> import torch
    >>> def first_weights():
    ...     with SeededDraws(torch.Generator().manual_seed(0)):
    ...         return torch.nn.Linear(2, 2).weight
    >>> torch.equal(first_weights(), first_weights())
    True
    """

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in _FILL and self.generator is None:
            return args[0] if args else kwargs["tensor"]
        if (function in _FILL or function in _MAKE) and kwargs.get("generator") is None and self.generator is not None:
            kwargs = {**kwargs, "generator": self.generator}
        return function(*args, **kwargs)

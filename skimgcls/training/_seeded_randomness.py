"""Everything that a network draws while it trains, seeded for one epoch."""

import contextlib

from skimgcls.architectures import Dropout
from skimgcls.utils._random import make_generator, seeded_global_rng, stream_seed


@contextlib.contextmanager
def seeded_randomness(module, seed, epoch, device, *, foreign):
    """Give each of our dropout layers a generator for this epoch, and take it back.

    Parameters
    ----------
    module : torch.nn.Module
    seed : int
        Of the fit.
    epoch : int
        From 0.
    device : str or torch.device
        That the module is on.
    foreign : bool
        Whether the module may draw from torch's global generators, which are then seeded too and put back.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, Dropout)]
    generator = make_generator(seed, "dropout", epoch, device) if layers else None
    for layer in layers:
        layer.generator = generator
    try:
        with seeded_global_rng(stream_seed(seed, "foreign", epoch)) if foreign else contextlib.nullcontext():
            yield
    finally:
        for layer in layers:
            layer.generator = None

"""The packed network of a net, kept between predictions of single images."""

from skimgcls.architectures import PackedNetwork


class PackedCache:
    """Give the packed form of a network for as long as its weights stay, and of one without convolutions itself."""

    def __init__(self):
        self._packed = None  # False where packing brings nothing

    def __call__(self, module):
        """Return what predicts the same as a module in evaluation mode, sooner."""
        if self._packed is False:
            return module
        packed = self._packed
        if packed is None or not packed.is_current(module):
            packed = PackedNetwork(module)
            self._packed = packed if packed.n_packed else False
        return packed if packed.n_packed else module

    def __getstate__(self):
        return {"_packed": None}  # oneDNN's order of weights is no other machine's

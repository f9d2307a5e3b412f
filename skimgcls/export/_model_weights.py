"""The weights in a model file: a safetensors file whose header is read before anything is allocated."""

import math

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from skimgcls.exceptions import ModelFileError
from skimgcls.export._strict_json import MAX_BYTES, parse_json, take

_DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip
_ITEM_BYTES = {name: dtype.itemsize for dtype, name in _DTYPES.items()}
_MAX_SHOWN = 3


def pack_weights(tensors):
    """Put tensors into the bytes of a safetensors file.

    Parameters
    ----------
    tensors : dict of str to tensor

    Returns
    -------
    bytes
        The same for the same tensors.

    Raises
    ------
    ModelFileError
        If one of them is not finite, or of a type that files do not hold.
    """
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor) or tensor.dtype not in _DTYPES:
            raise ModelFileError(
                f"The state of the network holds {name}={tensor!r:.80}, which is no tensor of numbers."
            )
        if _has_nan(tensor):
            raise ModelFileError(
                f"The weights {name} hold NaN, so that nothing can be predicted with them. Fit the model again."
            )
    # each on its own: safetensors refuses two that share memory
    return save({name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()})


class ModelWeights:
    """Named tensors that a file claims to hold; they are made only when they are taken.

    Parameters
    ----------
    data : bytes
        Of a safetensors file of anybody's.

    Attributes
    ----------
    claimed : dict of str to (str, tuple of int)
        Type and shape of each tensor that nobody has taken yet.

    Raises
    ------
    ModelFileError
        If the header cannot be read, or claims other bytes than there are.
    """

    def __init__(self, data):
        n_header = int.from_bytes(data[:8], "little")
        if len(data) < 8 or n_header > min(len(data) - 8, MAX_BYTES):
            raise ModelFileError(
                f"the header of its weights claims {n_header} bytes, but {len(data)} are all there is."
            )
        header = parse_json(data[8 : 8 + n_header], "the header of its weights")
        if not isinstance(header, dict):
            raise ModelFileError("the header of its weights is no JSON object.")
        entries = {name: _read_entry(name, entry) for name, entry in header.items()}
        _check_places(entries.values(), len(data) - 8 - n_header)
        self.claimed = {name: claim for name, (claim, _) in entries.items()}
        self._data, self._tensors = data, None

    def check(self, expected, prefix, hint=""):
        """Compare what the file claims with what a network needs.

        Parameters
        ----------
        expected : dict of str to tensor
            A state dict, on the meta device too.
        prefix : str
            Of its names in the file.
        hint : str
            What to do if they differ.

        Raises
        ------
        ModelFileError
            That names the first tensors that differ.
        """
        wanted = {f"{prefix}{name}": (_DTYPES.get(each.dtype), tuple(each.shape)) for name, each in expected.items()}
        found = {name: claim for name, claim in self.claimed.items() if name.startswith(prefix)}
        names = [name for name in [*wanted, *(found.keys() - wanted.keys())] if wanted.get(name) != found.get(name)]
        if names:
            shown = [
                f"{each} is {_text(found.get(each))}, wanted {_text(wanted.get(each))}" for each in names[:_MAX_SHOWN]
            ]
            raise ModelFileError(f"its weights do not fit the network, {len(names)} differ: {'; '.join(shown)}.{hint}")

    def take(self, prefix):
        """Return the tensors of a prefix, by their names without it.

        Parameters
        ----------
        prefix : str

        Returns
        -------
        dict of str to tensor

        Raises
        ------
        ModelFileError
            If they are not where the header says, or hold NaN.
        """
        if self._tensors is None:
            try:
                self._tensors = load(self._data)
            except (SafetensorError, ValueError, TypeError, RuntimeError) as error:
                raise ModelFileError(f"its weights cannot be read: {error}.") from error
            self._data = None
        names = [name for name in self.claimed if name.startswith(prefix)]
        for name in names:
            del self.claimed[name]
        taken = {name.removeprefix(prefix): self._tensors.pop(name) for name in names}
        for name, tensor in taken.items():
            if _has_nan(tensor):
                raise ModelFileError(f"its weights {prefix}{name} hold NaN.")
        return taken


def _read_entry(name, entry):
    dtype, shape, place = take(entry, f"the entry {name!r} of its weights", dtype=str, shape=list, data_offsets=list)
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ModelFileError(f"the entry {name!r} of its weights has the shape {str(shape)[:80]}.")
    if len(place) != 2 or any(type(each) is not int for each in place) or dtype not in _ITEM_BYTES:
        raise ModelFileError(f"its weights cannot be read: {name!a:.80} has no place or no known type.")
    return (dtype, tuple(shape)), tuple(place)


def _check_places(entries, n_bytes):
    """Refuse tensors that overlap, leave gaps, or have other bytes than their shapes need."""
    position = 0
    for (dtype, shape), (start, end) in sorted(entries, key=lambda entry: entry[1]):
        if start != position or end - start != math.prod(shape) * _ITEM_BYTES[dtype]:
            raise ModelFileError(
                f"its weights cannot be read: {_text((dtype, shape)):.80} does not lie at {start}-{end}."
            )
        position = end
    if position != n_bytes:
        raise ModelFileError(f"its weights cannot be read: they claim {position} bytes, where {n_bytes} are.")


def _text(claim):
    return "none" if claim is None else f"{claim[0]} {list(claim[1])}"


def _has_nan(tensor):
    return tensor.is_floating_point() and bool(tensor.isnan().any())  # infinite may be a mask of attention

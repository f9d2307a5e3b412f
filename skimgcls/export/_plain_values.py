"""Values of parameters as plain JSON, with their types, and back."""

import contextlib
import math
import os
import re
from contextvars import ContextVar
from functools import partial
from pathlib import Path

import numpy as np
import torch

from skimgcls import preprocessing
from skimgcls.exceptions import ModelFileError

_MAX_DEPTH = 16
_MAX_ARRAY_BYTES = 2**26  # of all arrays of a file: a short text may claim long strings
_left = ContextVar("bytes of arrays that a file may still ask for")
_DTYPE = re.compile(r"[<>|=](?:b1|[iu][1248]|f[248]|U\d{1,6})|\|O")
_ELEMENTS = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": str}
_AUGMENTATIONS = (
    "ColorJitter", "Compose", "CutMix", "Cutout", "GaussianNoise", "Mixup", "RandomAffine", "RandomCrop", "RandomFlip",
)  # fmt: skip


def to_plain(value, where):
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value : object
        None, bool, int, float, str, tuple, list or dict of these, numpy scalar, array or dtype, torch tensor, dtype or
        device, path, class of ``torch.optim``, loss class of ``torch.nn``, augmentation of `skimgcls.preprocessing`.
    where : str
        What the value is called in errors.

    Returns
    -------
    object
        None, bool, int, finite float, str, list of these; everything else as a dict with the name of its kind.

    Raises
    ------
    ModelFileError
        If the value is of another kind.
    """
    return _encode(value, where)


def from_plain(plain, where):
    """Turn what `to_plain` wrote into the value again.

    Parameters
    ----------
    plain : object
        From JSON of anybody's.
    where : str
        What the value is called in errors.

    Returns
    -------
    object

    Raises
    ------
    ModelFileError
        If it is not what `to_plain` writes. Nothing is imported or called by a name that stands in it.
    """
    return _decode(plain, where)


# ------------------------------------------------------------------ writing


def _encode(value, where, depth=0):
    if depth > _MAX_DEPTH:
        raise ModelFileError(f"{where} is nested more than {_MAX_DEPTH} levels deep, which no model file holds.")
    nested = partial(_encode, where=where, depth=depth + 1)
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if kind in (list, tuple):
        items = list(map(nested, value))
        return items if kind is list else {"tuple": items}
    if kind is dict:
        return {"dict": [[nested(key), nested(each)] for key, each in value.items()]}
    for name, (encode, _) in _KINDS.items():
        content = encode(value, nested)
        if content is not None:
            return {name: content}
    raise unsavable(where, value)


def unsavable(where, value, remedy=""):
    """Return the error that a value cannot be stored."""
    text = repr(value)
    text = text if len(text) <= 120 else f"{text[:120]}..."
    name = where.rpartition(".")[2]
    reset = f"Set it to a plain value with set_params({name}=...) before saving; what was learnt stays as it is."
    return ModelFileError(
        f"{where}={text} cannot be stored in a model file, which holds numbers, text and names, but no functions or "
        f"objects. {remedy or _REMEDIES.get(name, reset)}"
    )


_REMEDIES = {
    "optimizer": "Choose one by its name or a class of torch.optim: set_params(optimizer='adam').",
    "criterion": "Choose one by its name or a loss class of torch.nn: set_params(criterion='cross_entropy').",
    "augment": "Use augmentations of skimgcls.preprocessing, or set_params(augment=None, tta=1) before saving.",
}


def _encode_array(value, nested):
    if not isinstance(value, np.ndarray) or not _DTYPE.fullmatch(value.dtype.str):
        return None
    values = value.ravel().tolist()
    if any(type(item) is not _ELEMENTS[value.dtype.kind] for item in values):
        return None
    return {"dtype": value.dtype.str, "shape": list(value.shape), "values": list(map(nested, values))}


def _encode_tensor(value, nested):
    if not isinstance(value, torch.Tensor) or value.dtype is torch.bfloat16:  # which numpy does not have
        return None
    return _encode_array(value.detach().cpu().numpy(), nested)


def _encode_class(value, find):
    return value.__name__ if isinstance(value, type) and find(value.__name__) is value else None


def _encode_augmentation(value, nested):
    name = type(value).__name__
    if _find_augmentation(name) is not type(value):
        return None
    return [name, {key: nested(each) for key, each in value.get_params(deep=False).items()}]


# ------------------------------------------------------------------ reading


def _decode(plain, where, depth=0):
    if depth > _MAX_DEPTH:
        raise _misread(where, plain)
    nested = partial(_decode, where=where, depth=depth + 1)
    if plain is None or isinstance(plain, (bool, int, float, str)):
        return plain
    if isinstance(plain, list):
        return list(map(nested, plain))
    (name, content), *others = plain.items() or [("", None)]
    if others or name not in _DECODERS:
        raise _misread(where, plain)
    try:
        value = _DECODERS[name](content, nested)
    except ModelFileError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, RuntimeError, MemoryError) as error:
        raise _misread(where, plain) from error
    if value is None:
        raise _misread(where, plain)
    return value


def _misread(where, plain):
    return ModelFileError(f"{where} is {str(plain)[:120]}, which stands for no value.")


def _decode_float(content, nested):
    return float(content) if content in ("nan", "inf", "-inf") else None


def _decode_array(content, nested):
    dtype, shape = _decode_dtype(content["dtype"], nested), content["shape"]
    if len(content) != 3 or not isinstance(content["values"], list) or any(type(size) is not int for size in shape):
        return None
    values = list(map(nested, content["values"]))
    _take_from_budget(len(values) * dtype.itemsize)
    if any(type(each) is not _ELEMENTS[dtype.kind] for each in values):
        return None
    if dtype.kind in "iu" and any(not np.iinfo(dtype).min <= each <= np.iinfo(dtype).max for each in values):
        return None
    with np.errstate(all="ignore"):
        array = np.array(values, dtype=dtype)
    is_exact = dtype.kind == "f" or array.tolist() == values  # and not a string that was cut
    return array.reshape(shape) if is_exact and min(shape, default=0) >= 0 else None


@contextlib.contextmanager
def limited_arrays():
    """Bound the memory that all arrays together take which `from_plain` makes in the body."""
    token = _left.set([_MAX_ARRAY_BYTES])
    try:
        yield
    finally:
        _left.reset(token)


def _take_from_budget(n_bytes):
    left = _left.get([_MAX_ARRAY_BYTES])
    left[0] -= n_bytes
    if left[0] < 0:
        raise ModelFileError(f"its arrays ask for more than the {_MAX_ARRAY_BYTES} bytes that they may take.")


def _decode_dtype(content, nested):
    return np.dtype(content) if _DTYPE.fullmatch(content) else None


def _decode_torch_dtype(content, nested):
    dtype = vars(torch).get(content)
    return dtype if isinstance(dtype, torch.dtype) else None


def _decode_augmentation(content, nested):
    name, params = content
    cls = _find_augmentation(name)
    if cls is None or not set(params) <= set(cls._get_param_names()):
        return None
    augmentation = cls(**{key: nested(value) for key, value in params.items()})
    augmentation._validate_params()
    return augmentation


# ------------------------------------- classes by name: only what stands in these places


def _find_optimizer(name):
    cls, base = vars(torch.optim).get(name), torch.optim.Optimizer
    return cls if isinstance(cls, type) and issubclass(cls, base) and cls is not base else None


def _find_loss(name):
    cls = vars(torch.nn).get(name)
    return cls if isinstance(cls, type) and cls.__module__ == "torch.nn.modules.loss" else None


def _find_augmentation(name):
    return getattr(preprocessing, name) if name in _AUGMENTATIONS else None


def _text_if(value, *kinds):
    return str(value) if isinstance(value, kinds) else None


# name of each kind: how to write it (None where a value is of another), and how to read it (None where it is none)
_KINDS = {
    "array": (_encode_array, _decode_array),
    "scalar": (
        lambda value, nested: _encode_array(np.asarray(value), nested) if isinstance(value, np.generic) else None,
        lambda content, nested: _decode_array(content, nested)[()],
    ),
    "tensor": (_encode_tensor, lambda content, nested: torch.from_numpy(_decode_array(content, nested))),
    "dtype": (
        lambda value, _: value.str if isinstance(value, np.dtype) and _DTYPE.fullmatch(value.str) else None,
        _decode_dtype,
    ),
    "torch_dtype": (lambda value, _: str(value)[6:] if isinstance(value, torch.dtype) else None, _decode_torch_dtype),
    "device": (lambda value, _: _text_if(value, torch.device), lambda content, _: torch.device(str(content))),
    "path": (lambda value, _: _text_if(value, os.PathLike), lambda content, _: Path(content)),
    "optimizer": (
        lambda value, _: _encode_class(value, _find_optimizer),
        lambda content, _: _find_optimizer(content),
    ),
    "loss": (lambda value, _: _encode_class(value, _find_loss), lambda content, _: _find_loss(content)),
    "augmentation": (_encode_augmentation, _decode_augmentation),
}
_DECODERS = {
    "float": _decode_float,
    "tuple": lambda content, nested: tuple(map(nested, content)) if isinstance(content, list) else None,
    "dict": lambda content, nested: {nested(key): nested(value) for key, value in content},
    **{name: decode for name, (_, decode) in _KINDS.items()},
}

"""JSON of strangers: nothing twice, nothing deep, no number that is none."""

import json
import math
import re

from skimgcls.exceptions import ModelFileError

MAX_BYTES = 16 * 2**20  # of a manifest or a header; that of a thousand epochs takes half a megabyte
MAX_DEPTH = 100
MAX_NODES = 2**21  # commas, colons and brackets: of short values, each takes far more memory than text

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)  # one without an end too, in one go
_BRACKET = re.compile(rb"[\[\]{}]")


def parse_json(data, name):
    """Read JSON that nobody vouches for.

    Parameters
    ----------
    data : bytes
    name : str
        What it is called in errors.

    Returns
    -------
    object

    Raises
    ------
    ModelFileError
        If it is no JSON, too large or too deep, or holds a key twice, NaN or a number beyond floats.
    """
    if len(data) > MAX_BYTES:
        raise ModelFileError(f"{name} has {len(data)} bytes, more than the {MAX_BYTES} that it may have.")
    _check_structure(data, name)

    def refuse_constant(text):
        raise ModelFileError(f"{name} holds {text}, which is no JSON.")

    def read_float(text):
        value = float(text)
        return value if math.isfinite(value) else refuse_constant(text[:20])

    def read_object(pairs):
        values = dict(pairs)
        if len(values) < len(pairs):
            seen = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))
            raise ModelFileError(f"{name} holds the key {twice!a:.80} twice.")
        return values

    hooks = {"parse_constant": refuse_constant, "parse_float": read_float, "object_pairs_hook": read_object}
    try:
        return json.loads(data.decode("utf-8"), **hooks)
    except ModelFileError:
        raise
    except ValueError as error:  # of Unicode too
        raise ModelFileError(f"{name} is no JSON: {error}.") from error


def _check_structure(data, name):
    # before parsing: Python's parser calls itself for each bracket
    bare = _STRING.sub(b"", data)
    n_nodes = sum(map(bare.count, (b",", b":", b"[", b"{")))
    if n_nodes > MAX_NODES:
        raise ModelFileError(f"{name} holds {n_nodes} values, more than the {MAX_NODES} that it may hold.")
    depth = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ModelFileError(f"{name} is nested more than {MAX_DEPTH} levels deep.")


def take(plain, name, **kinds):
    """Take the fields out of a JSON object that must have these and no others.

    Parameters
    ----------
    plain : object
    name : str
        What it is called in errors.
    **kinds : type or tuple of types
        Of each field; exactly, so that True is no int.

    Returns
    -------
    list
        The fields, in the order of ``kinds``.

    Raises
    ------
    ModelFileError
        If it has other fields, or one of another type.
    """
    if not isinstance(plain, dict) or plain.keys() != kinds.keys():
        found = sorted(plain) if isinstance(plain, dict) else type(plain).__name__
        raise ModelFileError(f"{name} holds {str(found)[:120]}, where {sorted(kinds)} were expected.")
    for field, kind in kinds.items():
        allowed = kind if isinstance(kind, tuple) else (kind,)
        if type(plain[field]) not in allowed:
            wanted = " or ".join("null" if each is type(None) else each.__name__ for each in allowed)
            raise ModelFileError(f"{field} of {name} is {str(plain[field])[:80]!r}, where {wanted} was expected.")
    return [plain[field] for field in kinds]

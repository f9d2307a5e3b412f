"""The state of a training as bytes of a file: tensors and JSON, with a checksum, and nothing that is unpickled."""

import json
from hashlib import blake2b

from safetensors import SafetensorError
from safetensors.numpy import save as save_arrays
from safetensors.torch import load, save

_N_CHECKSUM = blake2b.MAX_DIGEST_SIZE


def pack_state(state, **notes):
    """Put a state into bytes.

    Parameters
    ----------
    state : tuple
        From `training_state`.
    **notes : object
        What else is to be known of it, of what JSON can hold.

    Returns
    -------
    data : bytes
        A checksum, and the content of a safetensors file with the rest in its header.
    """
    tensors, facts = state
    header = {"facts": facts, "notes": json.dumps(notes)}
    try:  # a third of the time of torch's own, which searches for shared memory
        data = save_arrays({name: tensor.numpy() for name, tensor in tensors.items()}, header)
    except TypeError:  # numpy has no bfloat16
        data = save(tensors, header)
    return blake2b(data).digest() + data


def unpack_state(data):
    """Take a state out of bytes again.

    Parameters
    ----------
    data : bytes
        From `pack_state`.

    Returns
    -------
    state : tuple
        For `restore_training`.
    notes : dict
        As they were.

    Raises
    ------
    ValueError
        If the bytes are not as they were written.
    """
    checksum, data = data[:_N_CHECKSUM], data[_N_CHECKSUM:]
    if checksum != blake2b(data).digest():
        raise ValueError("The checksum does not fit: the file was cut short or changed.")
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        return (load(data), header["facts"]), json.loads(header["notes"])
    except (KeyError, TypeError, SafetensorError) as error:
        raise ValueError("It holds something else than the state of a training.") from error

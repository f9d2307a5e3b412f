import json
from hashlib import blake2b

import pytest
import torch
from safetensors.torch import save

from skimgcls.training._state_bytes import pack_state, unpack_state

STATE = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7)}, json.dumps({"seed": 3})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.bool])
def test_what_was_packed_is_unpacked(dtype):
    tensors = STATE[0] | {"c": torch.tensor([[0, 1], [1, 0]]).to(dtype)}
    (found, facts), notes = unpack_state(pack_state((tensors, STATE[1]), epochs=3, seconds=0.1))
    assert (facts, notes) == (STATE[1], {"epochs": 3, "seconds": 0.1})
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], each) and found[name].dtype == each.dtype for name, each in tensors.items())


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_damaged_bytes_are_refused(damage):
    data = pack_state(STATE)
    damaged = {"cut": data[:-1], "flipped": data[:100] + bytes([data[100] ^ 1]) + data[101:], "empty": b""}[damage]
    with pytest.raises(ValueError, match="checksum"):
        unpack_state(damaged)


def test_whole_bytes_of_something_else_are_refused():
    data = save(STATE[0])
    with pytest.raises(ValueError, match="something else"):
        unpack_state(blake2b(data).digest() + data)

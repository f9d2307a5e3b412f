import json

import pytest
import torch

from skimgcls.exceptions import ModelFileError
from skimgcls.export._model_weights import ModelWeights, pack_weights

TENSORS = {
    "a.weight": torch.arange(6.0).reshape(2, 3),
    "a.steps": torch.tensor(7),
    "b.mask": torch.tensor([True, False]),
    "b.half": torch.ones(2, dtype=torch.bfloat16),
    "b.last": torch.rand(1, 2, 3, 3).to(memory_format=torch.channels_last).double(),
}


def packed(header, body=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(header).to_bytes(8, "little") + header + body


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_tensors_come_back_by_their_prefix():
    weights = ModelWeights(pack_weights(TENSORS))
    assert weights.claimed["a.weight"] == ("F32", (2, 3))
    first, second = weights.take("a."), weights.take("b.")
    assert weights.claimed == {}
    for name, tensor in ({f"a.{n}": t for n, t in first.items()} | {f"b.{n}": t for n, t in second.items()}).items():
        assert tensor.dtype == TENSORS[name].dtype
        assert torch.equal(tensor, TENSORS[name])


def test_tied_weights_are_written_twice_and_in_the_same_bytes_each_time():
    tied = {"a": TENSORS["a.weight"], "b": TENSORS["a.weight"].T, "c": torch.nn.Parameter(torch.zeros(2))}
    assert pack_weights(tied) == pack_weights(tied)
    taken = ModelWeights(pack_weights(tied)).take("")
    assert torch.equal(taken["a"].T, taken["b"])
    assert not taken["c"].requires_grad


@pytest.mark.parametrize("value", [float("nan")])
def test_weights_that_are_not_finite_are_neither_written_nor_read(value):
    tensors = {"a": torch.tensor([1.0, value])}
    with pytest.raises(ModelFileError, match=r"The weights a hold NaN.* Fit the model again"):
        pack_weights(tensors)
    data = pack_weights({"a": torch.tensor([1.0, 2.0])}).replace(
        torch.tensor(2.0).numpy().tobytes(), tensors["a"][1:].numpy().tobytes()
    )
    with pytest.raises(ModelFileError, match="its weights a hold NaN"):
        ModelWeights(data).take("")


@pytest.mark.parametrize("value", [{"extra": 1}, torch.zeros(1, dtype=torch.complex64)], ids=["extra state", "complex"])
def test_what_is_no_tensor_of_numbers_is_not_written(value):
    with pytest.raises(ModelFileError, match=r"state of the network holds a\._extra_state=.*, which is no tensor"):
        pack_weights({"a._extra_state": value})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "claims 0 bytes, but 0 are all there is", id="empty"),
        pytest.param((10**12).to_bytes(8, "little") + b"{}", "claims 1000000000000 bytes, but 10 are", id="1 TB"),
        pytest.param(packed(b"[" * 10**6), "the header of its weights is nested", id="deep"),
        pytest.param(packed(b'{"a": 1, "a": 2}'), "holds the key 'a' twice", id="twice"),
        pytest.param(packed([]), "is no JSON object", id="list"),
        pytest.param(packed({"a": []}), "entry 'a' of its weights holds list", id="entry"),
        pytest.param(packed({"__metadata__": {"x": "y"}}), "entry '__metadata__' of its weights holds", id="metadata"),
        pytest.param(packed({"a": entry(shape=[-1])}), r"has the shape \[-1\]", id="negative"),
        pytest.param(packed({"a": entry(shape=[1.5])}), r"has the shape \[1.5\]", id="float"),
    ],
)
def test_a_header_that_cannot_be_is_refused(data, message):
    with pytest.raises(ModelFileError, match=message):
        ModelWeights(data)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({"a": entry(shape=[10**12], offsets=[0, 4 * 10**12])}, bytes(4)),
        ({"a": entry(shape=[2])}, bytes(4)),
        ({"a": entry(), "b": entry()}, bytes(4)),
        ({"a": entry(dtype="PICKLE")}, bytes(4)),
        ({"a": entry(offsets=[4, 8])}, bytes(8)),
        ({"a": entry()}, bytes(8)),
    ],
    ids=["4 TB", "too short", "overlap", "no type", "hole", "too long"],
)
def test_tensors_that_are_not_where_the_header_says_are_refused(header, body):
    with pytest.raises(ModelFileError, match="its weights cannot be read"):
        ModelWeights(packed(header, body))


def test_the_first_tensors_that_differ_are_named():
    weights = ModelWeights(pack_weights(TENSORS))
    expected = {name.removeprefix("a."): tensor.to("meta") for name, tensor in TENSORS.items() if name.startswith("a.")}
    weights.check(expected, "a.")
    other = {"weight": torch.zeros(2, 4), "bias": torch.zeros(2)}
    message = (
        r"do not fit the network, 3 differ: a.weight is F32 \[2, 3\], wanted F32 \[2, 4\]; a.bias is none, wanted "
        r"F32 \[2\]; a.steps is I64 \[\], wanted none\. Try another\."
    )
    with pytest.raises(ModelFileError, match=message):
        weights.check(other, "a.", " Try another.")
    with pytest.raises(ModelFileError, match=r"a.weight is F32 \[2, 3\], wanted F64 \[2, 3\]"):
        weights.check(expected | {"weight": expected["weight"].double()}, "a.")

import json

import pytest

from skimgcls.exceptions import ModelFileError
from skimgcls.export import _strict_json
from skimgcls.export._strict_json import parse_json, take


@pytest.mark.parametrize(
    "value", [{}, {"a": [1, -2.5, 'ä\\"[{', None, True, {"b": {}}]}, "[" * 1000, 1e-300, 10**40, [[[]]] * 300]
)
def test_plain_json_is_read(value):
    assert parse_json(json.dumps(value).encode(), "it") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"[" * 1_000_000, "it is nested more than 100 levels deep", id="deep"),
        pytest.param(b'{"a":' * 101 + b"1" + b"}" * 101, "nested more than 100", id="deep objects"),
        pytest.param(b'{"a": 1, "b": 2, "a": 3}', "it holds the key 'a' twice", id="key twice"),
        pytest.param(b"[NaN]", "it holds NaN, which is no JSON", id="nan"),
        pytest.param(b"[-Infinity]", "it holds -Infinity", id="infinity"),
        pytest.param(b"[1e999]", "it holds 1e999", id="too large a number"),
        pytest.param(b"[1", "it is no JSON", id="cut"),
        pytest.param(b'"' + b'\\"' * 10**6, "it is no JSON", id="string without end"),
        pytest.param(b'"\\', "it is no JSON", id="escape without end"),
        pytest.param(
            b"{" + b"".join(b'"%x": 0,' % i for i in range(10**5)) + b'"1869f": 0}', "key '1869f' twice", id="many keys"
        ),
        pytest.param(b"[" + b"[]," * 2**20 + b"0]", "holds 2097153 values, more than the 2097152", id="many lists"),
        pytest.param(b"1 2", "it is no JSON", id="two values"),
        pytest.param(b"", "it is no JSON", id="empty"),
        pytest.param(b'"\xff"', "it is no JSON", id="no utf-8"),
        pytest.param(b"1" * 5000, "it is no JSON", id="too many digits"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(ModelFileError, match=message):
        parse_json(text, "it")


def test_a_long_text_is_refused_unread(monkeypatch):
    monkeypatch.setattr(_strict_json, "MAX_BYTES", 10)
    assert parse_json(b"[1, 2, 3] ", "it") == [1, 2, 3]
    with pytest.raises(ModelFileError, match="it has 11 bytes, more than the 10 that it may have"):
        parse_json(b"[1, 2, 3]  ", "it")


def test_fields_are_taken_in_the_order_asked_for():
    assert take({"b": None, "a": 1}, "it", a=int, b=(str, type(None))) == [1, None]


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([1], "it holds list, where \\['a', 'b'\\] were expected"),
        ({"a": 1}, "it holds \\['a'\\], where"),
        ({"a": 1, "b": "", "c": 0}, "it holds \\['a', 'b', 'c'\\], where"),
        ({"a": True, "b": ""}, "a of it is 'True', where int was expected"),
        ({"a": 1, "b": 2.0}, "b of it is '2.0', where str or null was expected"),
    ],
)
def test_other_fields_and_types_are_refused(plain, message):
    with pytest.raises(ModelFileError, match=message):
        take(plain, "it", a=int, b=(str, type(None)))

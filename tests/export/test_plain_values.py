import json
from pathlib import Path

import numpy as np
import pytest
import torch

from skimgcls.exceptions import ModelFileError
from skimgcls.export._plain_values import from_plain, limited_arrays, to_plain, unsavable
from skimgcls.preprocessing import (
    ColorJitter,
    Compose,
    CutMix,
    Cutout,
    FunctionAugmentation,
    GaussianNoise,
    Mixup,
    RandomAffine,
    RandomCrop,
    RandomFlip,
)


def there_and_back(value):
    return from_plain(json.loads(json.dumps(to_plain(value, "x"), allow_nan=False)), "x")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(10**30),
        0.1,
        1e-300,
        -0.0,
        float("inf"),
        float("-inf"),
        "",
        "größer \ud800 [",
        [],
        [1, [2.0]],
        (),
        (1, (None, "a")),
        {},
        {"a": (1, 2)},
        {0: 1.0, (1, "b"): [True]},
        Path("a") / "b",
        torch.optim.AdamW,
        torch.optim.LBFGS,
        torch.nn.NLLLoss,
        torch.nn.CrossEntropyLoss,
        torch.device("cuda:1"),
        torch.float64,
        np.dtype("float32"),
        np.dtype("<U7"),
        {"betas": (0.9, 0.99)},
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_values_come_back_as_they_were(value):
    back = there_and_back(value)
    assert type(back) is type(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int8).reshape(2, 3),
        np.array([2**64 - 1], dtype=np.uint64),
        np.array([], dtype=np.float32),
        np.array([0.1, np.nan, -np.inf], dtype=np.float16),
        np.array([0.1], dtype=np.float32),
        np.array([True, False]),
        np.array(["ä", "bcd"]),
        np.array(["a", "b"], dtype=object),
        np.array([1, 2], dtype=">i4"),
        np.array(3.5),
        np.float32(0.1),
        np.int64(-3),
        np.bool_(True),
        np.str_("ab"),
        np.float64("nan"),
    ],
    ids=lambda array: f"{type(array).__name__}-{array.dtype}-{array.shape}",
)
def test_arrays_and_scalars_of_numpy_keep_type_and_bits(array):
    back = there_and_back(array)
    assert type(back) is type(array)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_tensor_keeps_type_and_bits():
    tensor = torch.tensor([[0.1, float("nan")]], dtype=torch.float32, requires_grad=True)
    back = there_and_back(tensor)
    assert back.dtype == torch.float32
    torch.testing.assert_close(back, tensor.detach(), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    "augmentation",
    [
        ColorJitter(),
        CutMix(p=0.5),
        Cutout(size=3),
        GaussianNoise(),
        Mixup(alpha=1),
        RandomAffine(fill=0.5),
        RandomCrop(2),
    ],
)
def test_augmentations_come_back_with_their_parameters(augmentation):
    back = there_and_back(["light", Compose([RandomFlip(p=0.25), None, augmentation])])
    assert repr(back) == repr(["light", Compose([RandomFlip(p=0.25), None, augmentation])])


class Flip(RandomFlip):
    pass


class Adam(torch.optim.Adam):
    pass


@pytest.mark.parametrize(
    "value",
    [
        lambda images: images,
        Flip(),
        FunctionAugmentation(torch.neg),
        Adam,
        int,
        torch.optim.Optimizer,
        torch.nn.Linear,
        torch.nn.Linear(1, 1),
        {1, 2},
        b"bytes",
        1j,
        np.complex64(1j),
        np.array([1, "a"], dtype=object),
        np.array(["2020"], dtype="M8[Y]"),
        torch.zeros(1, dtype=torch.bfloat16),
        range(3),
        [1, object()],
        {"a": print},
    ],
    ids=[
        "lambda",
        "subclass of an augmentation",
        "function",
        "own optimizer",
        "class",
        "base class",
        "layer class",
        "layer",
        "set",
        "bytes",
        "complex",
        "numpy complex",
        "mixed objects",
        "dates",
        "bfloat16",
        "range",
        "in list",
        "in dict",
    ],
)
def test_anything_else_cannot_be_stored(value):
    with pytest.raises(ModelFileError, match=r"^x=.* cannot be stored in a model file.* set_params\(x=\.\.\.\)"):
        to_plain(value, "x")


def test_what_contains_itself_cannot_be_stored():
    endless = []
    endless.append(endless)
    with pytest.raises(ModelFileError, match="x is nested more than 16 levels deep"):
        to_plain(endless, "x")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("optimizer", "optimizer='adam'"),
        ("members.0.criterion", "criterion='cross_entropy'"),
        ("augment", r"augmentations of skimgcls.preprocessing, or set_params\(augment=None, tta=1\)"),
        ("members.0.lr", r"set_params\(lr=\.\.\.\)"),
    ],
)
def test_the_remedy_is_that_of_the_parameter(name, remedy):
    with pytest.raises(ModelFileError, match=remedy):
        raise unsavable(name, print)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"a": 1},
        {"tuple": [], "dict": []},
        {"tuple": 1},
        {"tuple": {"tuple": 1}},
        {"float": "1"},
        {"float": []},
        {"array": {"dtype": "<U1", "shape": [1], "values": {"a": 1}}},
        {"dict": [[1, 2, 3]]},
        {"dict": [[[], 1]]},
        {"dict": 3},
        {"array": []},
        {"scalar": {}},
        {"dtype": "O8"},
        {"array": {"dtype": "O", "shape": [1], "values": [1]}},
        {"array": {"dtype": "<f4", "shape": [1]}},
        {"array": {"dtype": "<f4", "shape": [1], "values": ["a"]}},
        {"array": {"dtype": "<i4", "shape": [2], "values": [1]}},
        {"array": {"dtype": "|i1", "shape": [1], "values": [300]}},
        {"array": {"dtype": "<U2", "shape": [1], "values": ["abc"]}},
        {"array": {"dtype": "<i4", "shape": [-1], "values": [1]}},
        {"array": {"dtype": "<i4", "shape": [True], "values": [1]}},
        {"dtype": "datetime64"},
        {"torch_dtype": "nn"},
        {"torch_dtype": []},
        {"device": "no such"},
        {"path": 3},
        {"optimizer": "lr_scheduler"},
        {"optimizer": "Optimizer"},
        {"optimizer": ["Adam"]},
        {"optimizer": "os.system"},
        {"loss": "Linear"},
        {"loss": "__builtins__"},
        {"loss": 1},
        {"augmentation": ["FunctionAugmentation", {}]},
        {"augmentation": ["RandomFlip", {"q": 1}]},
        {"augmentation": ["RandomFlip", {"p": 2.0}]},
        {"augmentation": "RandomFlip"},
        {"augmentation": ["make_augmentation", {"augment": "light"}]},
        {"own": "architecture"},
        [{"a": 1}],
    ],
    ids=lambda plain: ascii(plain)[:60],
)
def test_what_stands_for_no_value_is_refused(plain):
    with pytest.raises(ModelFileError, match=r"^x is .*, which stands for no value"):
        from_plain(plain, "x")


def test_what_is_too_deep_is_refused():
    plain = 1
    for _ in range(20):
        plain = {"tuple": [plain]}
    with pytest.raises(ModelFileError, match="x is"):
        from_plain(plain, "x")


def test_all_arrays_of_a_file_share_one_budget():
    plain = {"array": {"dtype": "<U999999", "shape": [10], "values": ["a"] * 10}}  # 40 MB out of a hundred bytes
    with limited_arrays():
        from_plain(plain, "first")
        with pytest.raises(ModelFileError, match="arrays ask for more than"):
            from_plain(plain, "second")

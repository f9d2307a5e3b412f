from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from skimgcls.images._image_paths import image_paths


@pytest.mark.parametrize(
    "X",
    [
        pytest.param(["a.png", "b.png"], id="list"),
        pytest.param(("a.png", Path("b.png")), id="tuple"),
        pytest.param([b"a.png", "b.png"], id="bytes"),
        pytest.param(np.array(["a.png", "b.png"]), id="array of str"),
        pytest.param(np.array([Path("a.png"), "b.png"], object), id="array of objects"),
        pytest.param(np.array([["a.png"], ["b.png"]], object), id="one column"),
        pytest.param(pd.Series(["a.png", "b.png"], index=[7, 3]), id="Series"),
        pytest.param(pd.Series([Path("a.png"), Path("b.png")]), id="Series of paths"),
        pytest.param(pd.Series(["a.png", "b.png"], dtype="string"), id="Series of pandas' own texts"),
        pytest.param(pd.Series(["a.png", "b.png"], dtype="category"), id="Series of categories"),
        pytest.param(pd.DataFrame({"path": ["a.png", "b.png"]}), id="frame of one column"),
    ],
)
def test_every_form_of_paths_is_recognised(X):
    paths = image_paths(X)
    assert paths == ["a.png", "b.png"]
    assert {type(path) for path in paths} == {str}


@pytest.mark.parametrize(
    "X",
    [
        pytest.param(np.zeros((2, 4, 4)), id="images"),
        pytest.param(np.zeros(3), id="one axis"),
        pytest.param(np.zeros((3, 1), object), id="objects"),
        pytest.param([np.zeros((4, 4))], id="list of images"),
        pytest.param([torch.zeros(4, 4)], id="list of tensors"),
        pytest.param(torch.zeros(2, 4, 4), id="tensor"),
        pytest.param(pd.DataFrame(np.zeros((3, 1))), id="frame of numbers"),
        pytest.param(pd.DataFrame({"a": ["x"], "b": ["y"]}), id="frame of two columns"),
        pytest.param(np.array([["a", "b"]]), id="two columns"),
        pytest.param([], id="nothing"),
        pytest.param(np.array([], dtype=str), id="no paths"),
        pytest.param(None, id="None"),
        pytest.param(3, id="number"),
    ],
)
def test_nothing_else_is_taken_for_paths(X):
    assert image_paths(X) is None


@pytest.mark.parametrize(("bad", "named"), [(None, "None"), (np.nan, "nan"), (np.zeros((2, 2)), "'ndarray'")])
def test_what_is_no_path_among_paths_is_named(bad, named):
    with pytest.raises(ValueError, match=rf"X_val holds paths, but 1 of its 3 values .* {named} in row 1"):
        image_paths(["a.png", bad, "b.png"], input_name="X_val")


@pytest.mark.parametrize("X", ["a.png", b"a.png", Path("a.png")])
def test_a_single_path_is_refused(X):
    with pytest.raises(ValueError, match=r"X is a single path, 'a.png'.*\[path\]"):
        image_paths(X)

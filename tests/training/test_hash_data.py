import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skimgcls.training._hash_data import hash_data


def test_data_is_hashed_by_its_values_and_everything_that_goes_along():
    X, y = np.zeros((4, 2)), np.arange(4)
    changed = X.copy()
    changed[2, 1] = 1
    hashes = [hash_data(X), hash_data(X, y), hash_data(changed, y), hash_data(X, y + 1), hash_data(X, y, w=y)]
    assert len(set(hashes)) == 5
    assert hash_data(X.copy(), y.copy()) == hash_data(X, y)


KINDS = {
    "list": list,
    "array": np.array,
    "objects": lambda paths: np.array(paths, dtype=object),
    "series": pd.Series,
    "frame": lambda paths: pd.DataFrame({"path": paths}),
    "column": lambda paths: np.array(paths)[:, None],
    "bytes": lambda paths: [os.fsencode(path) for path in paths],
    "paths": lambda paths: [Path(path) for path in paths],
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_files_count_by_path_size_and_time(tmp_path, kind):
    paths = [str(tmp_path / f"{i}.png") for i in range(3)]
    for path in paths:
        Path(path).write_bytes(b"image")
    X = kind(paths)
    before = hash_data(X)
    assert hash_data(kind(paths)) == before != hash_data(kind(paths[::-1]))
    Path(paths[1]).write_bytes(b"other image")
    changed = hash_data(X)
    assert changed != before
    Path(paths[2]).unlink()
    assert hash_data(X) not in (before, changed)


def test_texts_that_are_no_paths_are_hashed_too():
    X = np.array(["a text", None, "another"], dtype=object)
    assert hash_data(X) != hash_data(X[::-1])

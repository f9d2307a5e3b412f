"""A small fitted model, its file, and the means to write files that no save_model writes."""

import copy
import hashlib
import io
import json
import zipfile

import numpy as np
import pytest

from skimgcls import MLPClassifier, save_model
from skimgcls.export._model_zip import MEMBERS, write_model_zip


@pytest.fixture(scope="session")
def labelled(digit_scans):
    """60 digit scans, and their labels as strings of a fixed width."""
    X, y = digit_scans
    return X[:60], np.array(["zero", "one", "two"])[y[:60] % 3]


@pytest.fixture(scope="session")
def mlp(labelled):
    return MLPClassifier(hidden_units=(5,), max_epochs=2, random_state=0).fit(*labelled)


@pytest.fixture
def model_file(mlp, tmp_path):
    return save_model(mlp, tmp_path / "model.skimg")


@pytest.fixture
def parts_of():
    """Manifest (a dict) and weights (bytes) of a model file."""

    def read(path):
        with zipfile.ZipFile(path) as archive:
            manifest, weights = map(archive.read, MEMBERS)
        return json.loads(manifest), weights

    return read


@pytest.fixture
def write_parts():
    """Write a manifest and weights that fit each other, whatever is in them."""

    def write(path, manifest, weights):
        manifest = copy.deepcopy(manifest)
        manifest["weights"] = {"size": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}
        with open(path, "wb") as file:
            write_model_zip(file, json.dumps(manifest).encode(), weights)
        return path

    return write


@pytest.fixture
def zip_of():
    """Bytes of a zip archive of (name, data) pairs."""

    def make(*members, compression=zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name), data, compression)
        return buffer.getvalue()

    return make

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import skimgcls
from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier, load_model, save_model
from skimgcls.exceptions import ModelFileError
from skimgcls.export import _strict_json
from skimgcls.export._manifest import VERSION, pack_manifest, unpack_manifest

HERE = Path(__file__).parent

RECORD = {"estimator": "MLPClassifier", "params": {"lr": 0.1}}


def changed(**fields):
    manifest = json.loads(pack_manifest(RECORD, b"weights"))
    return json.dumps({name: value for name, value in (manifest | fields).items() if value != "absent"}).encode()


def test_the_record_and_the_sum_of_the_weights_come_back():
    assert unpack_manifest(pack_manifest(RECORD, b"weights")) == (RECORD, 7, hashlib.sha256(b"weights").hexdigest())


def test_it_says_what_wrote_it():
    versions = json.loads(pack_manifest(RECORD, b""))["written_with"]
    assert versions["skimgcls"] == skimgcls.__version__
    assert set(versions) == {
        "skimgcls",
        "python",
        "torch",
        "torchvision",
        "scikit-learn",
        "skorch",
        "numpy",
        "safetensors",
    }
    assert all(version[0].isdigit() for version in versions.values())


def test_what_could_not_be_read_is_not_written(monkeypatch):
    monkeypatch.setattr(_strict_json, "MAX_BYTES", 100)
    with pytest.raises(ModelFileError, match=r"The manifest of the model has .* bytes, more than the 100"):
        pack_manifest(RECORD, b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"[]", "does not say that it is a skimgcls model", id="list"),
        pytest.param(changed(format="other"), "does not say that it is a skimgcls model", id="format"),
        pytest.param(changed(version="1"), "does not say that it is a skimgcls model", id="version as text"),
        pytest.param(changed(version=True), "does not say that it is a skimgcls model", id="version as bool"),
        pytest.param(
            changed(version=99, news=[]), "version 99 .* newer skimgcls.* up to 1. Update skimgcls", id="future"
        ),
        pytest.param(changed(version=0), "version 0 of the format, which there never was", id="version 0"),
        pytest.param(changed(model="absent"), "manifest.json holds .* were expected", id="no model"),
        pytest.param(changed(more=1), "manifest.json holds .* were expected", id="more"),
        pytest.param(changed(weights={"size": 1.5, "sha256": ""}), "size of weights .* is '1.5'", id="size"),
        pytest.param(b"{", "manifest.json is no JSON", id="no json"),
    ],
)
def test_any_other_manifest_is_refused(data, message):
    with pytest.raises(ModelFileError, match=message):
        unpack_manifest(data)


# ------------------------------------------------------------------ files of earlier versions


def example_images():
    return (np.arange(24 * 64) * 37 % 251).astype(np.uint8).reshape(24, 8, 8), np.array(["ä", "b", "c"])[
        np.arange(24) % 3
    ]


@pytest.mark.parametrize("path", sorted(HERE.glob("format-*.skimg")), ids=lambda path: path.stem)
def test_a_file_of_each_format_is_read_for_ever(path):
    loaded = load_model(path)
    expected = np.array(json.loads(path.with_suffix(".json").read_text()))
    np.testing.assert_allclose(loaded.predict_proba(example_images()[0]), expected, rtol=0, atol=1e-6)
    assert loaded.classes_.tolist() == ["b", "c", "ä"]


def test_there_is_a_file_of_this_format():
    assert {path.stem for path in HERE.glob(f"format-{VERSION}-*.skimg")} >= {f"format-{VERSION}-mlp"}


def make_examples():
    """Write the files of a new format; those of an old one are never written anew."""
    mlp = MLPClassifier(hidden_units=(3,), max_epochs=3, random_state=0)
    cnn = CNNClassifier((4, 4), hidden_units=(3,), augment="light", max_epochs=3, random_state=0)
    folds = EnsembleClassifier(mlp, n_members=2, members="folds", random_state=0)
    for name, model in {"mlp": mlp, "cnn": cnn, "folds": folds}.items():
        path = HERE / f"format-{VERSION}-{name}.skimg"
        if not path.exists():
            X, y = example_images()
            save_model(model.fit(X, y), path)
            path.with_suffix(".json").write_text(json.dumps(load_model(path).predict_proba(X).round(8).tolist()))


if __name__ == "__main__":
    make_examples()

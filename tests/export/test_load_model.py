import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from skimgcls import (
    CNNClassifier,
    EnsembleClassifier,
    MLPClassifier,
    PretrainedClassifier,
    evaluate,
    load_model,
    save_model,
)
from skimgcls.estimators import ImageEmbedder
from skimgcls.exceptions import ModelFileError
from skimgcls.preprocessing import Compose, Mixup, RandomFlip


def small(cls=MLPClassifier, **params):
    return cls(**{"hidden_units": (3,), "max_epochs": 1, "random_state": 0} | params)


def there_and_back(model, folder, **params):
    return load_model(save_model(model, folder / "model.skimg"), **params)


# ------------------------------------------------------------------ what is kept

MODELS = {
    "mlp": small(),
    "mixer in float64": small(hidden_units=(4, 4), patch_size=4, norm="group", dtype="float64"),
    "cnn": small(CNNClassifier, conv_channels=(4, 4), dropout=0.2, augment="strong", tta=3),
    "resnet": small(CNNClassifier, architecture="resnet", depth=8, width=2, early_stopping=True, max_epochs=2),
    "all kinds of values": small(
        optimizer=torch.optim.RMSprop, criterion=torch.nn.CrossEntropyLoss, lr=np.float64(0.01), image_shape=[8, 8],
        net_params={"optimizer__alpha": np.float32(0.9), "criterion__weight": torch.tensor([1.0, 2.0, 3.0])},
        class_weight={"one": 1, "two": 2.0, "zero": 3}, augment=[RandomFlip(p=0.1), Compose([Mixup()])],
        device=torch.device("cpu"), tol=1e-9, random_state=np.random.RandomState(3),
        validation_fraction=0.2,
    ),
    "pretrained": PretrainedClassifier("squeezenet1_1", weights=None, image_size=32, max_epochs=1, random_state=0),
    "seeds": EnsembleClassifier(small(), n_members=2, random_state=0),
    "folds": EnsembleClassifier(small(CNNClassifier, conv_channels=(2,)), n_members=2, members="folds", random_state=0),
    "bagging": EnsembleClassifier(small(), n_members=2, members="bagging", random_state=0),
    "snapshot": EnsembleClassifier(small(max_epochs=2), n_members=2, members="snapshot", random_state=0),
    "ensemble of ensembles": EnsembleClassifier(EnsembleClassifier(small(), n_members=2), n_members=2, random_state=0),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_equal_to_the_bit_and_everything_else_is_there(labelled, tmp_path, name):
    X, y = labelled
    model = clone(MODELS[name]).fit(X, y)
    loaded = there_and_back(model, tmp_path)
    for n in (1, 2, 20, 60):
        np.testing.assert_array_equal(loaded.predict_proba(X[:n]), model.predict_proba(X[:n]), strict=True)
    assert repr(clone(loaded)) == repr(loaded)
    assert vars(loaded).keys() == vars(model).keys()
    assert (loaded.score(X, y), loaded.fit_time_) == (model.score(X, y), model.fit_time_)
    if hasattr(model, "net_"):
        pd.testing.assert_frame_equal(loaded.history_, model.history_)
        names = ("n_epochs_", "best_epoch_", "image_shape_", "n_features_in_", "n_parameters_", "device_")
        assert [getattr(loaded, each) for each in names] == [getattr(model, each) for each in names]
        assert loaded._repr_html_().count("<svg") == model._repr_html_().count("<svg") > 0


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["ä", "b"]), np.array(["long name", "b"], dtype=object), np.array([False, True]), np.array([3, 5]),
        np.array([-1, 7], np.int8), np.array([0, 2**64 - 1], np.uint64), np.array([2, 1], dtype=">i2"),
        np.array([0.0, 1.0]),
    ],
    ids=lambda labels: labels.dtype.str,
)  # fmt: skip
def test_labels_keep_their_type(labelled, tmp_path, labels):
    X = labelled[0]
    model = small().fit(X, labels[np.arange(60) % 2])
    loaded = there_and_back(model, tmp_path)
    assert loaded.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X), strict=True)


def test_names_of_columns_and_layouts_are_kept(labelled, tmp_path):
    X, y = labelled
    frame = pd.DataFrame(X.reshape(60, 64), columns=[f"pixel{i}" for i in range(64)])
    loaded = there_and_back(small().fit(frame, y), tmp_path)
    assert loaded.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"pixel0": "other"}))
    colour = np.stack([X, X, X], axis=1)  # (n, c, h, w)
    loaded = there_and_back(small(channels="first").fit(colour, y), tmp_path)
    assert (loaded.image_shape_, loaded._layout.channels_first) == ((8, 8, 3), True)


@pytest.mark.parametrize("of_classifier", [False, True])
def test_features_of_an_embedder_are_equal_to_the_bit(labelled, mlp, tmp_path, of_classifier):
    X = labelled[0]
    backbone = mlp if of_classifier else "squeezenet1_1"
    embedder = ImageEmbedder(backbone, weights=None, image_size=32, random_state=0).fit(X)
    loaded = there_and_back(embedder, tmp_path)
    np.testing.assert_array_equal(loaded.transform(X), embedder.transform(X), strict=True)
    assert loaded.get_feature_names_out().tolist() == embedder.get_feature_names_out().tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["mlp", "cnn", "seeds"])
def test_a_loaded_model_lives_on_without_a_warning(labelled, tmp_path, name, seed):
    X, y = labelled
    model = clone(MODELS[name]).set_params(random_state=seed).fit(X, y)
    loaded = there_and_back(model, tmp_path)
    unpickled = pickle.loads(pickle.dumps(loaded))
    np.testing.assert_array_equal(unpickled.predict_proba(X), model.predict_proba(X))
    if hasattr(loaded, "partial_fit"):
        assert unpickled.partial_fit(X, y).n_epochs_ == 2
    np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), model.predict_proba(X))
    assert there_and_back(loaded, tmp_path).score(X, y) == model.score(X, y)


def test_a_loaded_model_can_be_evaluated(model_file, labelled, mlp):
    X, y = labelled
    before, after = (evaluate(model, X, y).to_dict() for model in (mlp, load_model(model_file)))
    assert before["per_class"] == after["per_class"]


def test_training_goes_on_with_the_epoch_and_seed_that_were_next(labelled, tmp_path):
    X, y = labelled
    model = small(optimizer="sgd", momentum=0.0, max_epochs=2).fit(X, y)  # an optimizer that remembers nothing
    loaded = there_and_back(model, tmp_path).partial_fit(X, y)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.partial_fit(X, y).predict_proba(X))


def test_folders_of_this_machine_are_not_stored(labelled, tmp_path):
    model = small().fit(*labelled).set_params(cache=str(tmp_path), checkpoint_dir=tmp_path)
    loaded = there_and_back(model, tmp_path)
    assert (loaded.cache, loaded.checkpoint_dir) == ("auto", None)


def test_a_warm_start_goes_on(labelled, tmp_path):
    model = small(warm_start=True).fit(*labelled)
    assert there_and_back(model, tmp_path).fit(*labelled).n_epochs_ == 2


def linear(image_shape, n_classes):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(image_shape[0] * image_shape[1], n_classes))


def test_an_architecture_of_the_user_is_handed_in(labelled, mlp, tmp_path):
    X, y = labelled
    model = small(CNNClassifier, architecture=linear).fit(X, y)
    loaded = there_and_back(model, tmp_path, architecture=linear)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    with pytest.raises(
        ModelFileError, match=r"model.skimg is refused: the CNNClassifier in it .* architecture of the user"
    ):
        load_model(tmp_path / "model.skimg")
    with pytest.raises(ModelFileError, match="Leave architecture out"):
        there_and_back(mlp, tmp_path, architecture=linear)
    with pytest.raises(TypeError, match="architecture must be a callable"):
        load_model(tmp_path / "model.skimg", architecture="conv")


# ------------------------------------------------------------------ which file it is


def test_the_checksum_of_the_file_is_checked_first(model_file):
    checksum = hashlib.sha256(model_file.read_bytes()).hexdigest()
    assert load_model(model_file, sha256=checksum.upper()).n_epochs_ == 2
    with pytest.raises(ModelFileError, match=f"its SHA-256 is {checksum}, wanted {'0' * 64}"):
        load_model(model_file, sha256="0" * 64)
    model_file.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match=f"wanted {checksum}"):
        load_model(model_file, sha256=checksum)


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, b"0" * 64])
def test_what_is_no_checksum_is_refused(model_file, sha256):
    with pytest.raises(ModelFileError, match="is no SHA-256, which has 64 hexadecimal digits"):
        load_model(model_file, sha256=sha256)


def test_a_file_that_is_missing_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model file .*missing\.skimg"):
        load_model(tmp_path / "missing.skimg")
    with pytest.raises(ModelFileError, match="is refused: it is a folder or a device"):
        load_model(tmp_path)


# ------------------------------------------------------------------ files made to harm


class _Payload:
    def __reduce__(self):
        return os.system, ("touch executed",)


def _with(manifest, **fields):
    return json.loads(json.dumps(manifest)) | fields


def _set(manifest, value, *path):
    manifest = json.loads(json.dumps(manifest))
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return manifest


TRAINED = ("model", "fitted", "trained_with", "hidden_units")

# message, and how to change manifest (dict) and weights (bytes) that are then written with the sums that fit
CHANGED = {
    "estimator os.system": ("estimator 'os.system'", lambda m, w: (_set(m, "os.system", "model", "estimator"), w)),
    "future version": ("Update skimgcls", lambda m, w: (m | {"version": 2}, w)),
    "extra parameter": ("the parameter __class__", lambda m, w: (_set(m, 1, "model", "params", "__class__"), w)),
    "folder to write to": ("the parameter cache", lambda m, w: (_set(m, "/", "model", "params", "cache"), w)),
    "own compiler": (
        "compile__options",
        lambda m, w: (_set(m, {"dict": [["compile__options", 1]]}, "model", "params", "net_params"), w),
    ),
    "1 TB header": ("claims 1000000000000 bytes", lambda m, w: (m, (10**12).to_bytes(8, "little") + w[8:])),
    "deep header": ("nested more than 100", lambda m, w: (m, (10**6).to_bytes(8, "little") + b"[" * 10**6)),
    "width 1e6": ("do not fit the network", lambda m, w: (_set(m, {"tuple": [10**6]}, *TRAINED), w)),
    "a million layers": ("a network of more than", lambda m, w: (_set(m, [1] * 10**6, *TRAINED), w)),
    "wrong class": ("the parameter patch_size", lambda m, w: (_set(m, "CNNClassifier", "model", "estimator"), w)),
    "image of 1e18 pixels": ("cannot be", lambda m, w: (_set(m, 10**9, "model", "fitted", "layout", "height"), w)),
    "weights that are not numbers": ("hold NaN", lambda m, w: (m, w[:-4] + np.float32("nan").tobytes())),
    "weights of more than there is": ("cannot be read", lambda m, w: (m, w[:-4])),
}  # fmt: skip


@pytest.fixture
def hostile_file(model_file, parts_of, write_parts, zip_of, tmp_path):
    """Make a file that is named above, or one that is no archive of two right members."""
    manifest, weights = parts_of(model_file)
    text = json.dumps(manifest).encode()

    def make(name):
        path = tmp_path / "hostile.skimg"
        if name in CHANGED:
            return write_parts(path, *CHANGED[name][1](manifest, weights))
        path.write_bytes(_bytes_of(name))
        return path

    def _bytes_of(name):
        whole = model_file.read_bytes()
        members = [("manifest.json", text), ("weights.safetensors", weights)]
        if name == "renamed pickle":
            return pickle.dumps(_Payload())
        if name == "renamed torch.save":
            torch.save(_Payload(), tmp_path / "saved.pt")
            return (tmp_path / "saved.pt").read_bytes()
        if name == "bomb":
            return zip_of(members[0], (members[1][0], bytes(10**8)), compression=zipfile.ZIP_DEFLATED)
        if name == "large manifest":
            return zip_of(("manifest.json", b" " * 2**24 + text), members[1])
        return {
            "member outside": lambda: zip_of(*members, ("../../x", b"x")),
            "absolute member": lambda: zip_of(("/etc/x", text), members[1]),
            "pickle inside": lambda: zip_of(*members, ("data.pkl", pickle.dumps(_Payload()))),
            "altered weights": lambda: zip_of(members[0], (members[1][0], weights[:-1] + bytes([weights[-1] ^ 1]))),
            "altered byte": lambda: whole.replace(weights, weights[:-1] + bytes([weights[-1] ^ 1])),
            "duplicate member": lambda: zip_of(members[0], members[0]),
            "duplicate key": lambda: zip_of((members[0][0], b'{"format": 1, ' + text[1:]), members[1]),
            "truncated": lambda: whole[:-100],
            "deep JSON": lambda: zip_of((members[0][0], b"[" * 10**6), members[1]),
            "empty": lambda: b"",
        }[name]()

    return make


MESSAGES = {name: message for name, (message, _) in CHANGED.items()} | {
    "renamed pickle": "Pickles begin like this",
    "renamed torch.save": "zip archive of [3-9] members",
    "member outside": "zip archive of 3 members",
    "absolute member": "zip archive of '/etc/x'",
    "pickle inside": "zip archive of 3 members",
    "bomb": "is compressed or encrypted",
    "large manifest": "more than the 16777216",
    "altered weights": "weights are not those that were saved: .* the manifest says",
    "altered byte": "Bad CRC-32",
    "duplicate member": "zip archive of 'manifest.json', 'manifest.json'",
    "duplicate key": "holds the key 'format' twice",
    "truncated": "not all of one",
    "deep JSON": "manifest.json is nested",
    "empty": "has 0 bytes",
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_file_is_refused(hostile_file, name):
    path = hostile_file(name)
    with pytest.raises(ModelFileError, match=f"hostile.skimg is refused: (?s:.*){MESSAGES[name]}"):
        load_model(path)


LOAD_WATCHED = """
import json, sys
from skimgcls import load_model
from skimgcls.exceptions import ModelFileError
load_model(sys.argv[1])  # imports what it needs
seen = []
watched = "pickle.", "os.system", "os.exec", "os.posix_spawn", "subprocess.", "socket.", "ctypes.", "import"
def watch(event, args):
    if event.startswith(watched):
        seen.append([event, str(args)])
sys.addaudithook(watch)
refused = 0
for path in sys.argv[1:]:
    try:
        load_model(path)
    except ModelFileError:
        refused += 1
print(json.dumps([refused, seen]))
"""


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_audit_hook_sees_nothing_unpickled_started_or_imported(hostile_file, model_file, tmp_path):
    paths = [hostile_file(name).rename(tmp_path / f"{number}.skimg") for number, name in enumerate(MESSAGES)]
    command = [sys.executable, "-c", LOAD_WATCHED, str(model_file), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [len(MESSAGES), []]
    assert not (tmp_path / "executed").exists()


def test_a_flipped_byte_is_found_or_does_no_harm(model_file, labelled, mlp):
    X = labelled[0]
    whole, rng, n_refused = model_file.read_bytes(), random.Random(0), 0
    expected = mlp.predict_proba(X)
    for _ in range(1000):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        model_file.write_bytes(data)
        try:
            loaded = load_model(model_file)
        except ModelFileError:
            n_refused += 1
        else:
            np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert n_refused > 950

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import skimgcls
from skimgcls import CNNClassifier, MLPClassifier, load_model, save_model
from skimgcls.callbacks import EarlyStopping
from skimgcls.exceptions import ModelFileError
from skimgcls.preprocessing import GrayscaleTransformer

# A child saves two models under one name, in turn and without end, until it is killed; then another one does.
KILL_SAVES = """
import json, os, pickle, random, signal, sys, time
from pathlib import Path
from skimgcls import save_model
folder = Path(sys.argv[1])
models = pickle.loads((folder / "models.pkl").read_bytes())
whole = [save_model(model, folder / "whole.skimg").read_bytes() for model in models]
path = folder / "killed.skimg"
start = time.perf_counter()
save_model(models[0], path)
duration = time.perf_counter() - start
rng, found = random.Random(0), []
for _ in range(20):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"x")
    while child == 0:
        for model in reversed(models):
            save_model(model, path)
    os.read(reader, 1)
    time.sleep(rng.uniform(0, 8 * duration))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found.append(whole.index(path.read_bytes()))
print(json.dumps([found, len(list(folder.glob(".*.tmp")))]))
"""

SAVE_ON_A_FULL_DISK = """
import json, os, pickle, resource, signal, sys
from pathlib import Path
from skimgcls import save_model
folder = Path(sys.argv[1])
model = pickle.loads((folder / "models.pkl").read_bytes())[0]
path = save_model(model, folder / "old.skimg")
before = path.read_bytes()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
try:
    save_model(model, path)
except OSError as error:
    said = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
is_in_memory = save_model(model, folder / "new.skimg").read_bytes() == before
print(json.dumps([said, path.read_bytes() == before, is_in_memory, sorted(os.listdir(folder))]))
"""


@pytest.fixture
def run_with_models(labelled, tmp_path):
    """Run a script in a process of its own on a folder with two pickled models; return what it printed."""

    def run(script, hidden_units):
        models = [MLPClassifier(hidden_units, max_epochs=1, random_state=seed).fit(*labelled) for seed in range(2)]
        (tmp_path / "models.pkl").write_bytes(pickle.dumps(models))
        done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_path_written_to_is_returned_and_the_same_model_gives_the_same_bytes(mlp, tmp_path):
    first = save_model(mlp, str(tmp_path / "a.skimg"))
    assert first == tmp_path / "a.skimg"
    second = save_model(load_model(first), tmp_path / "b.skimg")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.skimg", "b.skimg"]


def test_the_same_names_are_at_the_top():
    assert (skimgcls.save_model, skimgcls.export.load_model) == (save_model, load_model)


def test_callbacks_are_left_out_with_one_warning(labelled, tmp_path):
    model = MLPClassifier(hidden_units=2, max_epochs=1, callbacks=[EarlyStopping(monitor="train_loss")]).fit(*labelled)
    with pytest.warns(UserWarning, match=r"^Not stored in a.skimg: the callback EarlyStopping\. Model files") as record:
        path = save_model(model, tmp_path / "a.skimg")
    assert (len(record), record[0].filename) == (1, __file__)
    assert load_model(path).callbacks is None


@pytest.mark.parametrize("name", ["model.pkl", "model", "model.skimg.gz"])
def test_another_suffix_is_refused(mlp, tmp_path, name):
    with pytest.raises(ModelFileError, match=r"must end in '\.skimg'.* Use '.*model(\.skimg)?\.skimg'"):
        save_model(mlp, tmp_path / name)


def test_nothing_is_written_of_what_cannot_be_saved(labelled, mlp, tmp_path):
    path = tmp_path / "a.skimg"
    own = MLPClassifier(hidden_units=2, max_epochs=1, augment=lambda images: images).fit(*labelled)
    for estimator, error in [
        (own, ModelFileError),
        (MLPClassifier(), NotFittedError),
        (make_pipeline(GrayscaleTransformer(), mlp), ModelFileError),
    ]:
        with pytest.raises(error):
            save_model(estimator, path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("params", "message"), [({"lr": -1.0}, "The 'lr' parameter"), ({"tta": 4}, "tta")], ids=["lr", "tta"]
)
def test_what_could_not_be_loaded_is_not_written(labelled, tmp_path, params, message):
    model = MLPClassifier(hidden_units=2, max_epochs=1).fit(*labelled).set_params(**params)
    with pytest.raises(ModelFileError, match=f"could not be loaded again: .*{message}.*set_params"):
        save_model(model, tmp_path / "a.skimg")
    assert os.listdir(tmp_path) == []


def test_weights_that_are_not_finite_are_not_saved(labelled, tmp_path):
    model = MLPClassifier(hidden_units=2, max_epochs=1).fit(*labelled)
    model.net_.module_.network.classifier.bias.data[0] = float("nan")
    with pytest.raises(ModelFileError, match=r"module.network.classifier.bias hold NaN"):
        save_model(model, tmp_path / "a.skimg")


def test_a_folder_that_is_missing_is_named(mlp, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"to a.skimg in the folder .*missing.* Check that the folder is there"):
        save_model(mlp, tmp_path / "missing" / "a.skimg")


@pytest.mark.skipif(sys.platform == "win32", reason="has no RLIMIT_FSIZE")
def test_a_full_disk_is_an_error_that_names_the_folder_and_keeps_the_old_file_and_the_model(run_with_models, tmp_path):
    said, is_old_whole, is_in_memory, files = run_with_models(SAVE_ON_A_FULL_DISK, (5,))
    assert f"could not be written to old.skimg in the folder {str(tmp_path)!r} (File too large)" in said
    assert "Make room, raise the limit of this process or choose another folder" in said
    assert is_old_whole
    assert is_in_memory
    assert files == ["models.pkl", "new.skimg", "old.skimg"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_save_that_is_killed_leaves_the_file_before_or_the_one_after(run_with_models, tmp_path):
    found, n_torn = run_with_models(KILL_SAVES, (512, 512))
    assert len(found) == 20
    assert 1 in found or n_torn  # some were killed after the first save had begun
    assert load_model(tmp_path / "killed.skimg").n_epochs_ == 1


def test_a_mask_of_minus_infinity_is_a_constant_like_any_other(labelled, tmp_path):
    X, y = labelled
    model = CNNClassifier(architecture=masked, max_epochs=1, random_state=0, n_jobs=1).fit(X, y)
    loaded = load_model(save_model(model, tmp_path / "a.skimg"), architecture=masked)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def masked(image_shape, n_classes):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(image_shape[0] * image_shape[1], n_classes))
    network.register_buffer("mask", torch.full((4, 4), -torch.inf).triu(1))
    return network


def test_no_compiler_is_stored(labelled, tmp_path):
    model = MLPClassifier((8,), max_epochs=1, random_state=0, n_jobs=1).fit(*labelled)
    model.set_params(net_params={"compile": True, "optimizer__eps": 1e-7})
    with pytest.warns(UserWarning, match="Not stored in a.skimg: compile of net_params"):
        path = save_model(model, tmp_path / "a.skimg")
    assert load_model(path).net_params == {"optimizer__eps": 1e-7}

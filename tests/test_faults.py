"""What goes wrong while a network is trained: each fault is told, and nothing leaks from one fit into another."""

import pickle
import subprocess
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.estimators import ImageEmbedder
from skimgcls.model_selection import EpochHalvingSearchCV

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [
    MLPClassifier((32,), dropout=0.5, **PARAMS),
    CNNClassifier((8, 8), hidden_units=(16,), dropout=0.5, augment="light", **PARAMS),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:80], y[:80]


# ----------------------------------------------------------------- out of memory


class Hungry(torch.nn.Module):
    """Asks for a petabyte: from some number of images on, or in evaluation mode."""

    def __init__(self, n_pixels, n_classes, most, seen):
        super().__init__()
        self.linear = torch.nn.Linear(n_pixels, n_classes)
        self.most = most
        self.seen = seen

    def forward(self, images):
        logits = self.linear(images.flatten(1))
        if len(images) > self.most["training" if self.training else "predicting"]:
            self.seen.append(weakref.ref(logits))
            torch.empty(2**50, dtype=torch.uint8)
        return logits


def hungry(training=10**9, predicting=10**9, seen=None, **params):
    def architecture(image_shape, n_classes):
        most = {"training": training, "predicting": predicting}
        return Hungry(image_shape[0] * image_shape[1], n_classes, most, [] if seen is None else seen)

    return CNNClassifier(architecture=architecture, **PARAMS | params)


def test_a_fit_without_enough_memory_names_batch_size_and_a_smaller_one_and_changes_nothing(images):
    model = hungry(training=8)
    with pytest.raises(torch.OutOfMemoryError, match=r"cpu ran out .* batch_size=16\. Try batch_size=8;") as caught:
        model.fit(*images)
    assert "can't allocate memory" in str(caught.value.__cause__)
    assert model.batch_size == model.net_.batch_size == 16
    assert model.n_epochs_ == 0
    assert model.set_params(batch_size=8).fit(*images).n_epochs_ == 3


def test_an_error_of_memory_that_is_kept_keeps_no_activations(images):
    seen = []
    with pytest.raises(torch.OutOfMemoryError) as caught:
        hungry(training=8, seen=seen).fit(*images)
    assert caught.value.__traceback__ is not None
    assert [logits() for logits in seen] == [None]


def test_an_error_of_memory_in_partial_fit_leaves_the_finished_epochs(images):
    model = hungry(training=16).partial_fit(*images)
    with pytest.raises(torch.OutOfMemoryError, match=r"batch_size=64\. Try batch_size=32;"):
        model.set_params(batch_size=64).partial_fit(*images)
    assert model.n_epochs_ == len(model.history_) == 1
    assert model.set_params(batch_size=16).partial_fit(*images).n_epochs_ == 2


def test_a_validation_that_is_out_of_memory_names_batch_size_too(images):
    with pytest.raises(torch.OutOfMemoryError, match=r"batch_size=16\. Try batch_size=8;"):
        hungry(predicting=8, validation_fraction=0.3).fit(*images)


def test_a_prediction_without_enough_memory_says_how_many_images_to_hand_over(images):
    model = hungry(predicting=20).fit(*images)
    with pytest.raises(
        torch.OutOfMemoryError, match=r"predicting 80 images together\. Hand fewer .*\(try 40\)"
    ) as caught:
        model.predict(images[0])
    assert "batch_size" not in str(caught.value)
    assert model.predict(images[0][:20]).shape == (20,)
    with pytest.raises(torch.OutOfMemoryError, match="predicting 80 images together"):
        ImageEmbedder(model).fit_transform(images[0])


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_grid_search_goes_on_past_a_candidate_without_enough_memory(images):
    search = GridSearchCV(hungry(training=16), {"batch_size": [16, 32]}, cv=2)
    with pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*OutOfMemoryError: cpu ran out.*Try batch_size=16"):
        search.fit(*images)
    assert search.best_params_ == {"batch_size": 16}
    with pytest.raises(torch.OutOfMemoryError, match="Try batch_size=16"):
        search.set_params(error_score="raise").fit(*images)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_search_by_epochs_goes_on_past_it_too(images):
    search = EpochHalvingSearchCV(hungry(training=16), {"batch_size": [16, 32]}, cv=2, random_state=0)
    with pytest.warns(FitFailedWarning, match=r"(?s)fits failed.*OutOfMemoryError: cpu ran out.*Try batch_size=16"):
        search.fit(*images)
    assert search.best_params_ == {"batch_size": 16}


# --------------------------------------------------------------- fits in threads


class MeetOthers(Callback):
    """Waits in the middle of the first epoch until all fits are there."""

    def __init__(self, barrier, met):
        self.barrier = barrier
        self.met = met

    def on_batch_end(self, net, training=None, **kwargs):
        if training and len(net.history) == 1 and len(net.history[-1]["batches"]) == 2:
            self.met.append(self.barrier.wait(60))


@every_estimator
def test_four_fits_at_once_equal_four_fits_in_a_row(estimator, images):
    def fit(seed, callbacks=None):
        model = clone(estimator).set_params(random_state=seed, callbacks=callbacks).fit(*images)
        weights = torch.cat([weight.detach().flatten() for weight in model.net_.module_.parameters()])
        return weights.numpy(), model.predict_proba(images[0]), model.history_.train_loss.to_numpy()

    serial = [fit(seed) for seed in range(4)]
    meeting, met = threading.Barrier(4), []
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: fit(seed, [MeetOthers(meeting, met)]), range(4)))
        at_full_speed = list(pool.map(fit, range(4)))
    assert sorted(met) == [0, 1, 2, 3]
    for alone, *others in zip(serial, together, at_full_speed, strict=True):
        for other in others:
            assert all(map(np.array_equal, other, alone))
    assert not np.array_equal(serial[0][0], serial[1][0])


# ------------------------------------------------- thirty fits, and no warning at all

THIRTY_FITS = """
import ctypes, gc
from skorch.callbacks import EpochScoring
from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.datasets import load_digit_images

def in_use():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free is nobody's: 60 kB lost by each fit would hide in it
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4  # KiB

X, y = load_digit_images(return_X_y=True)
X, y = X[:200], y[:200]
params = {"max_epochs": 3, "batch_size": 32, "early_stopping": True, "patience": 1, "random_state": 0, "n_jobs": 1}
sizes = []
for _ in range(30):
    for kind, special in [
        (MLPClassifier, {"hidden_units": (32,), "dropout": 0.2}),
        (CNNClassifier, {"conv_channels": (8, 8), "hidden_units": (16,), "augment": "light"}),
    ]:
        scores = EpochScoring("f1_macro", on_train=True, name="f1", lower_is_better=False)
        kind(**special, callbacks=[scores], **params).fit(X, y).predict(X)
    sizes.append(in_use())
    if len(sizes) == 1:
        gc.freeze()  # or all that was imported would be looked through each time
print(max(sizes[5:]) - sizes[4])
"""


def run(code, *options):
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is in use")
def test_thirty_fits_take_less_than_a_megabyte_more_than_five():
    assert int(run(THIRTY_FITS)) < 1024


WITHOUT_WARNINGS = """
import pickle
from skimgcls import CNNClassifier, EnsembleClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.datasets import load_digit_images

X, y = load_digit_images(return_X_y=True)
X, y = X[:100], y[:100]
for seed in range(3):
    params = {"max_epochs": 2, "random_state": seed}
    for model in (
        MLPClassifier((16,), dropout=0.2, lr_schedule="cosine", early_stopping=True, **params),
        CNNClassifier((8,), augment="standard", precision="bf16", validation_fraction=0.2, **params),
        PretrainedClassifier("squeezenet1_1", weights=None, image_size=32, **params),
        EnsembleClassifier(MLPClassifier((8,), max_epochs=2), n_members=2, random_state=seed),
    ):
        model.fit(X, y)
        expected = model.predict_proba(X)
        assert set(model.predict(X)) <= set(y)
        again = pickle.loads(pickle.dumps(model))
        assert (again.predict_proba(X) == expected).all()
        again.fit(X, y)
print("silent")
"""


def test_fit_predict_and_pickle_warn_of_nothing_with_any_of_three_seeds():
    assert run(WITHOUT_WARNINGS, "-W", "error") == "silent\n"


# ------------------------------------------------------------- pickles from a GPU

FROM_GPU = [
    *ESTIMATORS,
    PretrainedClassifier("squeezenet1_1", weights=None, image_size=32, **PARAMS | {"max_epochs": 1}),
]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("estimator", FROM_GPU, ids=["MLP", "CNN", "Pretrained"])
def test_a_pickle_from_a_gpu_predicts_and_is_fitted_again_silently(estimator, images):
    X, y = images
    model = clone(estimator).fit(X, y)
    expected = model.predict_proba(X)
    model.net_.device = "cuda:0"  # as a fit on a GPU leaves it
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        restored = pickle.loads(pickle.dumps(model))
        assert restored.device_ == "cpu"
        np.testing.assert_array_equal(restored.predict_proba(X), expected)
        assert restored.partial_fit(X, y).n_epochs_ == model.n_epochs_ + 1
        np.testing.assert_array_equal(restored.fit(X, y).predict_proba(X), expected)
    assert not caught


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_pickle_of_a_model_that_was_told_to_use_a_gpu_is_fitted_again_where_there_is_none(images):
    X, y = images
    model = MLPClassifier((8,), **PARAMS).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(device="cuda", precision="fp16").net_.device = "cuda:0"
    restored = pickle.loads(pickle.dumps(model))
    assert (restored.device, restored.precision, restored.device_) == ("auto", "auto", "cpu")
    np.testing.assert_array_equal(restored.predict_proba(X), expected)
    np.testing.assert_array_equal(clone(restored).fit(X, y).predict_proba(X), expected)
    assert pickle.loads(pickle.dumps(MLPClassifier(device="cuda"))).device == "cuda"  # on its way to a worker

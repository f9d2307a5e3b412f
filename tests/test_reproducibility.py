"""Same seed, same result, to the bit: across runs, searches, threads, and epochs done one by one."""

import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier

# n_jobs is pinned: bits are promised for the same number of torch threads, and a search leaves its workers fewer.
PARAMS = {"dropout": 0.3, "lr": 0.01, "batch_size": 16, "max_epochs": 2, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [
    MLPClassifier((16,), **PARAMS),
    MLPClassifier((8, 16), patch_size=4, **PARAMS),
    CNNClassifier((8, 8), hidden_units=(16,), **PARAMS),
    CNNClassifier(architecture="resnet", depth=8, width=4, **PARAMS),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "mixer", "CNN", "ResNet"])
one_of_each = pytest.mark.parametrize("estimator", ESTIMATORS[::2], ids=["MLP", "CNN"])


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:80], y[:80]


def probabilities(estimator, X, y, **params):
    return clone(estimator).set_params(**params).fit(X, y).predict_proba(X)


@every_estimator
def test_two_runs_are_equal_to_the_bit_and_another_seed_is_another_model(estimator, images):
    first = probabilities(estimator, *images)
    np.testing.assert_array_equal(probabilities(estimator, *images), first)
    assert (probabilities(estimator, *images, random_state=1) != first).any()


@every_estimator
def test_fitting_again_starts_afresh(estimator, images):
    model = clone(estimator).fit(*images)
    first = model.predict_proba(images[0])
    np.testing.assert_array_equal(model.fit(*images).predict_proba(images[0]), first)


@every_estimator
def test_dropout_takes_part_in_training_and_not_in_prediction(estimator, images):
    model = clone(estimator).fit(*images)
    np.testing.assert_array_equal(model.predict_proba(images[0]), model.predict_proba(images[0]))
    assert (probabilities(estimator, *images, dropout=0.0) != model.predict_proba(images[0])).any()


class KeepOrder(Callback):
    """Collects the classes of the training images in the order in which they come."""

    def __init__(self, orders):
        self.orders = orders

    def on_epoch_begin(self, net, **kwargs):
        self.orders.append([])

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.orders[-1] += batch[1].tolist()


def test_every_epoch_has_an_order_of_its_own_that_depends_on_the_seed_alone(images):
    def orders(**params):
        seen = []
        clone(ESTIMATORS[0]).set_params(callbacks=[KeepOrder(seen)], **params).fit(*images)
        return seen

    first, second = orders()
    assert first != second
    assert sorted(first) == sorted(second) == sorted(images[1])
    assert orders(batch_size=7, dropout=0.0, hidden_units=(8,)) == [first, second]
    assert orders(random_state=1)[0] not in (first, second)


# -------------------------------------------------------------- epoch by epoch


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lr_schedule": "cosine"},
        {"lr_schedule": "onecycle", "optimizer": "sgd"},
        {"lr_schedule": "plateau", "validation_fraction": 0.2},
        {"lr_schedule": "step", "l1": 1e-3, "gradient_clip": 0.5, "label_smoothing": 0.1},
        {"class_weight": "balanced", "optimizer": "nadam"},
    ],
    ids=str,
)
@one_of_each
def test_five_calls_of_partial_fit_equal_one_fit_of_five_epochs(estimator, params, images):
    X, y = images
    whole = clone(estimator).set_params(max_epochs=5, **params).fit(X, y)
    stepped = clone(whole)
    for n_epochs in range(1, 6):
        assert stepped.partial_fit(X, y).n_epochs_ == n_epochs
    np.testing.assert_array_equal(stepped.predict_proba(X), whole.predict_proba(X))
    columns = ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "lr"]
    assert stepped.history_[columns].equals(whole.history_[columns])


@one_of_each
def test_partial_fit_goes_on_from_a_fit_and_from_its_pickle_as_one_longer_fit(estimator, images):
    X, y = images
    longer = probabilities(estimator, X, y, max_epochs=4)
    model = clone(estimator).fit(X, y)
    for one in (pickle.loads(pickle.dumps(model)), model):
        np.testing.assert_array_equal(one.partial_fit(X, y).partial_fit(X, y).predict_proba(X), longer)


@one_of_each
def test_a_warm_start_goes_on_as_one_longer_fit(estimator, images):
    X, y = images
    model = clone(estimator).set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), probabilities(estimator, X, y, max_epochs=4))
    assert model.n_epochs_ == 4


# -------------------------------------------------- threads and what ran before


@every_estimator
def test_fits_in_threads_equal_fits_one_after_another(estimator, images):
    def fit(seed):
        return probabilities(estimator, *images, random_state=seed, max_epochs=3)

    serial = [fit(seed) for seed in range(6)]
    with ThreadPoolExecutor(2) as pool:
        parallel = list(pool.map(fit, range(6)))
    np.testing.assert_array_equal(parallel, serial)


@one_of_each
def test_one_model_predicts_in_threads_as_it_does_alone(estimator, images):
    model = clone(estimator).fit(*images)
    alone = model.predict_proba(images[0])
    with ThreadPoolExecutor(4) as pool:
        for together in pool.map(lambda _: model.predict_proba(images[0]), range(8)):
            np.testing.assert_array_equal(together, alone)


# ------------------------------------------------------------- global generators


def states():
    """The global generators of numpy, torch and Python, comparable."""
    name, keys, *rest = np.random.get_state()
    return name, keys.tolist(), rest, torch.get_rng_state().tolist(), random.getstate()


def foreign(image_shape, n_classes):
    layers = [torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(image_shape[0] * image_shape[1], n_classes)]
    return torch.nn.Sequential(*layers)


@pytest.mark.parametrize("architecture", ["conv", "resnet", foreign], ids=["conv", "resnet", "foreign"])
def test_an_int_seed_leaves_the_global_generators_of_numpy_and_torch_and_python_untouched(architecture, images):
    before = states()
    model = CNNClassifier((8,), architecture=architecture, depth=8, width=4, validation_fraction=0.2, **PARAMS)
    model.fit(*images).partial_fit(*images).predict(images[0])
    assert states() == before


def test_a_foreign_network_depends_on_the_seed_and_not_on_torchs_global_generator(images):
    model = CNNClassifier(architecture=foreign, **PARAMS)
    first = probabilities(model, *images)
    with torch.random.fork_rng():
        torch.manual_seed(12345)
        np.testing.assert_array_equal(probabilities(model, *images), first)
        assert (probabilities(model, *images, random_state=1) != first).any()


@one_of_each
def test_without_a_seed_exactly_one_integer_is_drawn_from_numpys_global_generator(estimator, images):
    state = np.random.get_state()
    try:
        np.random.seed(7)
        first = probabilities(estimator, *images, random_state=None, validation_fraction=0.2)
        after_fit = states()
        np.random.seed(7)
        seed = np.random.randint(np.iinfo(np.int32).max)
        assert states() == after_fit
        second = probabilities(estimator, *images, random_state=None)
    finally:
        np.random.set_state(state)
    np.testing.assert_array_equal(first, probabilities(estimator, *images, random_state=seed, validation_fraction=0.2))
    assert (second != first).any()


@one_of_each
def test_a_random_state_instance_is_drawn_from_once_for_each_fit(estimator, images):
    generator = np.random.RandomState(3)
    model = clone(estimator).set_params(random_state=generator)
    first = model.fit(*images).predict_proba(images[0])
    second = model.fit(*images).predict_proba(images[0])
    again = np.random.RandomState(3)
    for seen in (first, second):
        seed = again.randint(np.iinfo(np.int32).max)
        np.testing.assert_array_equal(probabilities(estimator, *images, random_state=seed), seen)
    assert generator.randint(1000) == again.randint(1000)


class KeepHeldOut(Callback):
    """Collects the images that each epoch validates on."""

    def __init__(self, seen):
        self.seen = seen

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        self.seen.append(dataset_valid.X.tolist())


def test_a_hold_out_split_depends_on_the_seed_alone(images):
    def held_out(**params):
        seen = []
        model = clone(ESTIMATORS[0]).set_params(validation_fraction=0.3, callbacks=[KeepHeldOut(seen)], **params)
        model.fit(*images).partial_fit(*images)
        assert len(seen) == 3
        assert all(epoch == seen[0] for epoch in seen)
        return seen[0]

    first = held_out()
    assert len(first) == 24
    assert held_out(hidden_units=(8, 8), dropout=0.0, batch_size=7, max_epochs=2) == first
    assert held_out(random_state=1) != first


@one_of_each
def test_cross_validation_is_equal_whatever_ran_before_it(estimator, images):
    first = cross_val_predict(estimator, *images, cv=2, method="predict_proba")
    probabilities(estimator, *images, random_state=5)
    np.testing.assert_array_equal(cross_val_predict(estimator, *images, cv=2, method="predict_proba"), first)


# --------------------------------------------------------------- the input's scale


@pytest.mark.parametrize("convert", [np.float32, lambda X: X / 255, lambda X: X.astype(int) * 1000 - 7], ids=range(3))
@every_estimator
def test_bytes_and_floats_and_another_range_give_the_same_model(estimator, convert, images):
    X, y = images
    X = X * 15
    expected = clone(estimator).fit(X, y)
    scaled = clone(estimator).fit(convert(X), y)
    np.testing.assert_allclose(scaled.predict_proba(convert(X)), expected.predict_proba(X), atol=1e-3)
    assert abs(scaled.history_.train_loss - expected.history_.train_loss).max() < 1e-3


@one_of_each
def test_the_scale_is_learnt_from_weighted_images(estimator, images):
    X, y = images
    repeats = np.arange(len(y)) % 3
    whole_batch = {"dtype": "float64", "batch_size": 10**6, "norm": None, "dropout": 0.0}
    weighted = clone(estimator).set_params(**whole_batch).fit(X, y, sample_weight=repeats)
    repeated = clone(estimator).set_params(**whole_batch).fit(X.repeat(repeats, axis=0), y.repeat(repeats))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)
    scales = [dict(model.net_.module_.named_buffers()) for model in (weighted, repeated, clone(weighted).fit(X, y))]
    for name, buffer in scales[0].items():
        torch.testing.assert_close(buffer, scales[1][name])
        assert not torch.equal(buffer, scales[2][name])

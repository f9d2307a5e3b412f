"""Augmentation through the estimators: in training alone, drawn from the seed, refused before anything is trained."""

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.preprocessing import Compose, CutMix, GaussianNoise, Mixup, RandomCrop, RandomFlip

PARAMS = {"lr": 0.01, "batch_size": 16, "max_epochs": 3, "n_jobs": 1, "random_state": 0}
ESTIMATORS = [
    MLPClassifier((16,), norm="batch", **PARAMS),
    CNNClassifier((8, 8), hidden_units=(16,), **PARAMS),
]
both = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["MLP", "CNN"])
PRESETS = ["light", "standard", "strong"]
MIXING = [Mixup(), CutMix(), Compose([RandomFlip(), Mixup(1.0)])]
every_augment = pytest.mark.parametrize("augment", PRESETS + MIXING, ids=str)


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:80], y[:80]


def fitted(estimator, X, y, sample_weight=None, **params):
    return clone(estimator).set_params(**params).fit(X, y, sample_weight)


def probabilities(estimator, X, y, **params):
    return fitted(estimator, X, y, **params).predict_proba(X)


class EveryBatch(Callback):
    """Hooks into batches, which makes the net go skorch's own way, and keeps what it is trained on."""

    def __init__(self, seen=None):
        self.seen = seen

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if self.seen is not None:
            self.seen.append((training, batch[0].clone(), batch[1].clone()))


def batches_of(estimator, X, y, **params):
    seen = []
    fitted(estimator, X, y, callbacks=[EveryBatch(seen)], **params)
    return seen


# ---------------------------------------------------------------------- training


@every_augment
@both
def test_every_augmentation_trains_and_learns(estimator, augment, digits):
    X, y = digits
    model = fitted(estimator, X, y, augment=augment, hidden_units=(64,), max_epochs=12)
    assert model.score(X, y) > 0.7
    assert model.history_.train_loss.iloc[-1] < model.history_.train_loss.iloc[0]
    assert model.history_.train_accuracy.between(0, 1).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1, rtol=1e-5)


@both
def test_training_sees_augmented_images_and_prediction_plain_ones(estimator, images):
    X, y = images
    seen = {image.numpy().tobytes() for _, batch, _ in batches_of(estimator, X, y, augment="light") for image in batch}
    own = {image.tobytes() for image in X}
    assert len(seen) > len(own)
    assert len(seen & own) < len(own)
    model = fitted(estimator, X, y, augment="light")
    expected = model.net_.module_.eval()(torch.from_numpy(X[:, None])).softmax(1)
    np.testing.assert_allclose(model.predict_proba(X), expected.detach(), rtol=1e-4, atol=1e-6)


@both
def test_each_epoch_draws_anew(estimator, images):
    X, y = images
    same = X[:1].repeat(16, axis=0)  # whose order says nothing
    (_, first, _), (_, second, _) = batches_of(estimator, same, y[:16], augment=GaussianNoise(), max_epochs=2)
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("augment", [lambda x: 16 - x, torch.neg, [torch.Tensor.float, RandomFlip()]], ids=range(3))
@both
def test_a_function_on_images_trains_too(estimator, augment, images):
    model = fitted(estimator, *images, augment=augment)
    assert np.isfinite(model.history_.train_loss).all()
    assert (model.predict_proba(images[0]) != probabilities(estimator, *images)).any()


@pytest.mark.parametrize(
    "augment", [None, [], Compose([]), RandomFlip(p=0.0), RandomCrop(padding=0), lambda x: x], ids=range(6)
)
@both
def test_an_augmentation_that_does_nothing_changes_nothing(estimator, augment, images):
    np.testing.assert_array_equal(probabilities(estimator, *images, augment=augment), probabilities(estimator, *images))


@pytest.mark.parametrize("shape", [(80, 64), (80, 8, 8, 1), (80, 1, 8, 8)], ids=str)
@both
def test_images_in_any_form_are_augmented_alike(estimator, shape, images):
    X, y = images
    expected = probabilities(estimator, X, y, augment="standard")
    model = fitted(estimator, X.reshape(shape), y, augment="standard")
    np.testing.assert_allclose(model.predict_proba(X.reshape(shape)), expected, rtol=1e-5)


@pytest.mark.parametrize("augment", ["standard", Mixup(), CutMix()], ids=str)
@both
def test_float64_stays_float64(estimator, augment, images):
    X, y = images
    model = fitted(estimator, X / 16, y, augment=augment, dtype="float64")
    assert model.predict_proba(X / 16).dtype == np.float64
    assert {parameter.dtype for parameter in model.net_.module_.parameters()} == {torch.float64}


# -------------------------------------------------------------------------- seeds


@every_augment
@both
def test_a_seed_gives_one_model_and_another_seed_another(estimator, augment, images):
    first = probabilities(estimator, *images, augment=augment)
    np.testing.assert_array_equal(probabilities(estimator, *images, augment=augment), first)
    assert (probabilities(estimator, *images, augment=augment, random_state=1) != first).any()
    assert (probabilities(estimator, *images) != first).any()


@pytest.mark.parametrize("augment", ["standard", Compose([RandomFlip(), Mixup(1.0)])], ids=str)
@both
def test_five_calls_of_partial_fit_equal_one_fit_of_five_epochs(estimator, augment, images):
    X, y = images
    whole = fitted(estimator, X, y, augment=augment, max_epochs=5)
    stepped = clone(whole)
    for _ in range(5):
        stepped.partial_fit(X, y)
    np.testing.assert_array_equal(stepped.predict_proba(X), whole.predict_proba(X))
    assert stepped.history_.train_loss.tolist() == whole.history_.train_loss.tolist()


@pytest.mark.parametrize("augment", ["strong", Mixup()], ids=str)
@both
def test_fits_in_threads_equal_fits_one_after_another(estimator, augment, images):
    def fit(seed):
        return probabilities(estimator, *images, augment=augment, random_state=seed)

    serial = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(list(pool.map(fit, range(4))), serial)


def states():
    name, keys, *rest = np.random.get_state()
    return name, keys.tolist(), rest, torch.get_rng_state().tolist(), random.getstate()


@pytest.mark.parametrize("augment", ["standard", "strong", Mixup(), lambda x: x + torch.rand(x.shape)], ids=range(4))
@both
def test_global_generators_are_untouched(estimator, augment, images):
    before = states()
    tta = 3 if isinstance(augment, str) else 1
    fitted(estimator, *images, augment=augment, tta=tta, validation_fraction=0.2).partial_fit(*images).predict(
        images[0]
    )
    assert states() == before


def test_a_function_draws_from_the_seed_too(images):
    noisy = {"augment": lambda x: x + torch.rand(x.shape)}
    first = probabilities(ESTIMATORS[0], *images, **noisy)
    torch.rand(3)
    np.testing.assert_array_equal(probabilities(ESTIMATORS[0], *images, **noisy), first)


def test_augmentation_shifts_neither_weights_nor_order_nor_split(images):
    X, y = images
    batches = [batches_of(ESTIMATORS[0], X, y, augment=augment, validation_fraction=0.2) for augment in (None, "light")]
    for (_, _, codes), (_, _, same_codes) in zip(*batches, strict=True):
        assert torch.equal(codes, same_codes)


@pytest.mark.parametrize("augment", ["standard", "strong", Compose([RandomCrop(1), Mixup(1.0)])], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@both
def test_skorchs_own_steps_and_the_lean_epoch_give_the_same(estimator, augment, weighted, images):
    X, y = images
    weights = np.linspace(0.5, 1.5, len(y)) if weighted else None
    params = {"augment": augment, "validation_fraction": 0.2, "dtype": "float64"}
    lean, slow = (fitted(estimator, X, y, weights, callbacks=given, **params) for given in (None, [EveryBatch()]))
    assert (lean.net_.batch_hooks_, slow.net_.batch_hooks_) == (False, True)
    np.testing.assert_allclose(slow.predict_proba(X), lean.predict_proba(X), rtol=1e-9)
    for column in ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy"):
        np.testing.assert_allclose(slow.history_[column], lean.history_[column], rtol=1e-9)


# ------------------------------------------------------------------- as a parameter


def test_a_grid_search_chooses_the_augmentation(images):
    search = GridSearchCV(ESTIMATORS[0], {"augment": [None, "light", Mixup()]}, cv=2).fit(*images)
    assert len(search.cv_results_["mean_test_score"]) == 3
    assert search.best_params_["augment"] is search.best_estimator_.augment


@pytest.mark.parametrize(
    ("augment", "name"),
    [(RandomFlip(), "augment__p"), (Compose([RandomCrop(), RandomFlip()]), "augment__randomflip__p")],
    ids=["alone", "composed"],
)
def test_a_grid_search_reaches_into_the_augmentation(augment, name, images):
    X, y = images
    estimator = clone(ESTIMATORS[0]).set_params(augment=augment)
    search = GridSearchCV(estimator, {name: [0.0, 1.0]}, cv=2, refit=False).fit(X, y)
    assert search.cv_results_[f"param_{name}"].tolist() == [0.0, 1.0]
    expected = [cross_val_score(clone(estimator).set_params(**{name: p}), X, y, cv=2).mean() for p in (0.0, 1.0)]
    assert search.cv_results_["mean_test_score"].tolist() == expected
    assert estimator.get_params()[name] == 0.5


@every_augment
def test_clones_and_pickles_train_on_as_the_original(augment, images):
    model = fitted(ESTIMATORS[0], *images, augment=augment)
    again = pickle.loads(pickle.dumps(model))
    expected = model.predict_proba(images[0])
    np.testing.assert_array_equal(again.predict_proba(images[0]), expected)
    np.testing.assert_array_equal(clone(again).fit(*images).predict_proba(images[0]), expected)
    np.testing.assert_array_equal(
        again.partial_fit(*images).predict_proba(images[0]), model.partial_fit(*images).predict_proba(images[0])
    )


def test_the_parameter_is_left_as_it_was_given(images):
    augment = [RandomFlip(), "light"]
    model = fitted(ESTIMATORS[0], *images).set_params(augment=augment).fit(*images)
    assert model.augment is augment
    assert augment[1] == "light"
    assert repr(augment[0]) == "RandomFlip()"


def test_it_may_change_between_calls_of_partial_fit(images):
    X, y = images
    model = fitted(ESTIMATORS[0], X, y)
    model.set_params(augment="light").partial_fit(X, y).set_params(augment=None).partial_fit(X, y)
    other = fitted(ESTIMATORS[0], X, y, max_epochs=5)
    assert model.n_epochs_ == other.n_epochs_ == 5
    assert (model.predict_proba(X) != other.predict_proba(X)).any()
    assert model.history_.train_loss[:3].tolist() == other.history_.train_loss[:3].tolist()


# ---------------------------------------------------------------------- validation


@pytest.mark.parametrize("augment", ["standard", Mixup()], ids=str)
@both
def test_validation_is_not_augmented(estimator, augment, images):
    X, y = images
    X_val, y_val = X[::3], y[::3]
    model = clone(estimator).set_params(augment=augment).fit(X, y, X_val=X_val, y_val=y_val)
    expected = log_loss(y_val, model.predict_proba(X_val), labels=model.classes_)
    assert model.history_.valid_loss.iloc[-1] == pytest.approx(expected, rel=1e-4)
    assert model.history_.valid_accuracy.iloc[-1] == pytest.approx(model.score(X_val, y_val))


def test_what_is_held_out_is_seen_as_it_is(images):
    X, y = images
    own = {image.tobytes() for image in X}
    for training, batch, codes in batches_of(ESTIMATORS[0], X, y, augment=Mixup(1.0), validation_fraction=0.25):
        assert codes.ndim == 1
        assert training or {image.numpy().tobytes() for image in batch} <= own


# --------------------------------------------------------------------- mixed labels


@pytest.mark.parametrize("criterion", ["cross_entropy", "nll", "focal", torch.nn.MultiMarginLoss], ids=str)
@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}], ids=["plain", "class_weight"])
def test_every_loss_takes_mixed_labels(criterion, params, images):
    model = fitted(ESTIMATORS[0], *images, criterion=criterion, augment=Mixup(1.0), max_epochs=8, **params)
    assert model.score(*images) > 0.5


def test_a_loss_that_takes_no_probabilities_says_so(images):
    class Plain(torch.nn.Module):
        def forward(self, logits, target):
            return torch.nn.functional.cross_entropy(logits, target)

    model = fitted(ESTIMATORS[0], *images)
    before = model.predict_proba(images[0])
    with pytest.raises(ValueError, match=r"augment mixes labels, but criterion=Plain has no 'reduction' argument"):
        model.set_params(criterion=Plain, augment=Mixup()).fit(*images)
    np.testing.assert_array_equal(model.predict_proba(images[0]), before)


@pytest.mark.parametrize("augment", MIXING, ids=str)
@both
def test_equal_weights_are_no_weights(estimator, augment, images):
    X, y = images
    plain, weighted = (fitted(estimator, X, y, weights, augment=augment) for weights in (None, np.full(len(y), 3.0)))
    np.testing.assert_allclose(weighted.predict_proba(X), plain.predict_proba(X), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("augment", MIXING, ids=str)
@both
def test_images_of_weight_zero_take_no_part_in_mixtures(estimator, augment, images):
    X, y = images
    weights = (np.arange(len(y)) % 4 > 0).astype(float)
    weighted = fitted(estimator, X, y, weights, augment=augment)
    without = fitted(estimator, X[weights > 0], y[weights > 0], augment=augment)
    np.testing.assert_allclose(weighted.predict_proba(X), without.predict_proba(X), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("augment", [Mixup(1.0), CutMix()], ids=str)
def test_weights_decide_which_of_two_labels_of_the_same_images_is_learnt(augment, images):
    X, y = images[0], np.arange(80) % 2
    X, y, flipped = np.concatenate([X, X]), np.concatenate([y, y]), np.concatenate([y, 1 - y])
    weights = np.repeat([1.0, 0.02], 80)
    model = fitted(ESTIMATORS[0], X, flipped, weights, augment=augment, max_epochs=30)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize("augment", [Mixup(), CutMix()], ids=str)
def test_the_accuracy_of_training_counts_the_larger_share_of_a_mixture(augment, images):
    X, y = images
    seen = []

    class Hits(EveryBatch):
        def on_batch_end(self, net, batch=None, training=None, y_pred=None, **kwargs):
            seen.append(y_pred.argmax(1) == batch.targets.argmax(1))

    model = fitted(ESTIMATORS[0], X, y, augment=augment, max_epochs=1, callbacks=[Hits()])
    assert model.history_.train_accuracy[0] == torch.cat(seen).double().mean().item()


def test_two_classes_and_labels_that_are_strings_are_mixed_too(images):
    X, y = images
    names = np.where(y % 2, "odd", "even")
    model = fitted(ESTIMATORS[0], X, names, augment=Mixup(), max_epochs=20)
    assert model.score(X, names) > 0.8


def test_classes_that_are_still_to_come_have_their_column(images):
    X, y = images
    model = clone(ESTIMATORS[0]).set_params(augment=Mixup()).partial_fit(X[y < 5], y[y < 5], classes=range(10))
    assert model.partial_fit(X, y).predict_proba(X).shape == (80, 10)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("heavy", "augment must be one of"),
        (["light", "heavy"], "augment must be one of"),
        (RandomFlip(p=3), "The 'p' parameter of RandomFlip"),
        (3, "The 'augment' parameter of"),
        (RandomFlip, "Call the class"),
        (lambda x: x[:, :, 0], "must return a tensor of 16 images"),
        (lambda x: x.repeat(1, 3, 1, 1), "must keep their shape"),
        (lambda x: x.long(), "give bytes or floats"),
        (lambda x: x[..., 2:-2, 2:-2], "augment"),
    ],
    ids=["name", "name in a list", "probability", "number", "class", "axes", "channels", "integers", "size"],
)
@both
def test_what_cannot_augment_is_refused_and_leaves_a_fitted_model_usable(estimator, augment, message, images):
    X, y = images
    model = fitted(estimator, X, y)
    before, attributes = model.predict_proba(X), copy.copy(vars(model))
    with pytest.raises((ValueError, TypeError), match=message):
        model.set_params(augment=augment).fit(X, y)
    model.set_params(augment=None)
    assert vars(model).keys() == attributes.keys()
    assert model.net_ is attributes["net_"]
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.partial_fit(X, y).n_epochs_ == 4


@pytest.mark.parametrize("augment", ["heavy", RandomFlip(p=3), lambda x: x.repeat(1, 3, 1, 1)], ids=range(3))
def test_a_bad_change_between_calls_of_partial_fit_is_refused_too(augment, images):
    X, y = images
    model = fitted(ESTIMATORS[0], X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"augment|RandomFlip"):
        model.set_params(augment=augment).partial_fit(X, y)
    np.testing.assert_array_equal(model.set_params(augment=None).predict_proba(X), before)
    assert model.partial_fit(X, y).n_epochs_ == 4

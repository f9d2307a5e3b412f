import pickle
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import PretrainedClassifier
from skimgcls.architectures import Dropout
from skimgcls.datasets import fetch_cifar10
from skimgcls.training._feature_cache import FEATURE_CACHE

# such a rate blows up the loss, and makes a head on random features learn in three epochs
pytestmark = pytest.mark.filterwarnings("ignore:Training blew up:sklearn.exceptions.ConvergenceWarning")

SMALL = {"backbone": "squeezenet1_1", "weights": None, "image_size": 32, "max_epochs": 3, "lr": 0.1, "random_state": 0}


def small(**params):
    return PretrainedClassifier(**{**SMALL, **params})


@pytest.fixture(scope="module")
def fitted(digit_scans):
    X, y = digit_scans
    return small().fit(X, y)


@pytest.fixture
def few(digits):
    X, y = digits
    return X[:60], y[:60]


def backbone_of(clf):
    return {name: value.clone() for name, value in clf.net_.network.backbone.state_dict().items()}


def is_same_backbone(state, clf):
    return all(torch.equal(value, clf.net_.network.backbone.state_dict()[name]) for name, value in state.items())


# --------------------------------------------------------------------- learning


def test_a_linear_head_on_frozen_features_learns_digits(digits):
    X, y = digits
    assert small(max_epochs=40).fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.5


def test_what_is_trained_is_what_n_parameters_counts(fitted, few):
    assert fitted.n_parameters_ == 512 * 10 + 10
    n_all = small(freeze=None, max_epochs=1).fit(*few).n_parameters_
    assert small(freeze=4, max_epochs=1).fit(*few).n_parameters_ < n_all
    clf = small(unfreeze_after=1, max_epochs=1).fit(*few)
    assert clf.n_parameters_ == 5130
    assert clf.partial_fit(*few).n_parameters_ == n_all


@pytest.mark.parametrize("shape", [(60, 8, 8), (60, 9, 14), (60, 8, 8, 3), (60, 3, 20, 8)], ids=str)
def test_images_of_any_size_in_grey_or_colour_are_taken(shape, rng):
    X, y = rng.integers(0, 256, shape, dtype=np.uint8), np.arange(60) % 3
    clf = small(max_epochs=1).fit(X, y)
    assert clf.predict_proba(X).shape == (60, 3)
    assert clf.net_.network.image_size == (32, 32)


def test_grey_images_equal_the_same_in_three_equal_channels(few):
    X, y = few
    grey = small().fit(X, y)
    colour = small().fit(np.repeat(X[..., None], 3, axis=3), y)
    np.testing.assert_allclose(
        grey.predict_proba(X), colour.predict_proba(np.repeat(X[..., None], 3, axis=3)), atol=1e-4
    )


def test_bytes_and_fractions_give_the_same_model(few):
    X, y = few
    X = (X * 15).astype(np.uint8)
    of_fractions = small().fit((X / 255).astype(np.float32), y).predict_proba((X / 255).astype(np.float32))
    np.testing.assert_allclose(small().fit(X, y).predict_proba(X), of_fractions, atol=1e-3)


@pytest.mark.parametrize(
    "settings", [{}, {"unfreeze_after": 1, "max_epochs": 2}, {"freeze": 3}, {"augment": "light"}], ids=str
)
def test_epochs_one_by_one_equal_fit_to_the_bit(settings, few):
    X, y = few
    whole = small(**settings).fit(X, y)
    apart = small(**settings)
    for _ in range(whole.max_epochs):
        apart.partial_fit(X, y)
    np.testing.assert_array_equal(whole.predict_proba(X), apart.predict_proba(X))
    assert whole.history_.train_loss.equals(apart.history_.train_loss)


def test_a_seed_means_the_same_and_leaves_the_global_generators_alone(few):
    X, y = few
    before = torch.get_rng_state()
    first, again, other = (small(dropout=0.3, random_state=seed).fit(X, y).predict_proba(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_of_the_backbone_is_seeded_too(few):
    clf = small(freeze=None, max_epochs=1, lr=0.001).fit(*few)
    layers = [layer for layer in clf.net_.network.modules() if isinstance(layer, torch.nn.Dropout)]
    assert {type(layer) for layer in layers} == {Dropout}
    again = small(freeze=None, max_epochs=1, lr=0.001).fit(*few)
    np.testing.assert_array_equal(clf.predict_proba(few[0]), again.predict_proba(few[0]))


def test_validation_and_early_stopping_see_features_of_their_own(digits):
    X, y = digits
    clf = small(max_epochs=8, early_stopping=True, patience=2, validation_fraction=0.2).fit(X, y)
    assert clf.history_.valid_loss.notna().all()
    assert 1 <= clf.best_epoch_ <= clf.n_epochs_


# ---------------------------------------------------------------------- weights


@pytest.fixture(scope="module")
def saved(tmp_path_factory, digit_scans):
    """A network that was trained, and its weights on disk in three forms."""
    X, y = digit_scans
    clf = small(freeze=None, max_epochs=1, lr=0.001).fit(X[:60], y[:60])
    folder = tmp_path_factory.mktemp("weights")
    torch.save(clf.net_.module_.state_dict(), folder / "network.pt")
    torch.save(clf.net_.network.backbone.state_dict(), folder / "backbone.pt")
    save_file({n: v.contiguous() for n, v in clf.net_.module_.state_dict().items()}, folder / "network.safetensors")
    return clf, folder


@pytest.mark.parametrize("name", ["network.pt", "backbone.pt", "network.safetensors"])
def test_weights_come_from_a_file_and_stay_as_they_are(name, saved, few):
    clf, folder = saved
    trained = backbone_of(clf)
    X, y = few
    transferred = small(weights=folder / name, max_epochs=2).fit(X, y % 3)
    assert is_same_backbone(trained, transferred)
    assert transferred.predict_proba(X).shape == (60, 3)


def test_a_path_may_be_a_string_and_survives_clone_and_pickle(saved, few):
    X, y = few
    clf = small(weights=str(saved[1] / "backbone.pt")).fit(X, y)
    expected = clf.predict_proba(X)
    np.testing.assert_array_equal(clone(clf).fit(X, y).predict_proba(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), expected)


def test_a_fitted_model_needs_its_file_no_more(saved, few, tmp_path):
    X, y = few
    path = tmp_path / "moved.pt"
    path.write_bytes((saved[1] / "backbone.pt").read_bytes())
    clf = small(weights=path, max_epochs=1).fit(X, y)
    path.unlink()
    assert pickle.loads(pickle.dumps(clf)).partial_fit(X, y).predict(X).shape == (60,)


# ------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("params", "head", "backbone"),
    [
        ({}, 0.1, 0.1),
        ({"head_lr": 0.02}, 0.02, 0.02),
        ({"backbone_lr": 0.003}, 0.1, 0.003),
        ({"weights": "file"}, 0.1, 0.01),
        ({"weights": "file", "head_lr": 0.02}, 0.02, 0.002),
    ],
    ids=str,
)
def test_learning_rates_of_head_and_backbone(params, head, backbone, saved, few):
    if params.get("weights"):
        params = params | {"weights": saved[1] / "backbone.pt"}
    clf = small(**params, max_epochs=1).fit(*few)
    found = {group["is_backbone"]: group["lr"] for group in clf.net_.optimizer_.param_groups}
    assert found == pytest.approx({False: head, True: backbone})
    assert clf.history_.lr.tolist() == pytest.approx([head])


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"backbone": "resnet19"}, "'backbone' parameter.*resnet18"),
        ({"weights": "no/such/file.pt"}, "no/such/file.pt' is no file"),
        ({"freeze": 30}, "freeze=30 .* 9 parts: features.0, "),
        ({"freeze": "head"}, "'freeze' parameter"),
        ({"unfreeze_after": 0}, "'unfreeze_after' parameter"),
        ({"image_size": 8}, "8 x 8 pixels.*image_size"),
        ({"image_size": 0}, "'image_size' parameter"),
        ({"feature_cache": -1}, "'feature_cache' parameter"),
        ({"backbone_lr": 0.0}, "'backbone_lr' parameter"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_by_name(params, told, few):
    with pytest.raises((ValueError, OSError), match=told):
        small(**params).fit(*few)


def test_images_of_four_channels_are_refused_with_what_to_do(rng):
    X = rng.integers(0, 256, (10, 8, 8, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        small().fit(X, np.arange(10) % 2)


@pytest.mark.parametrize(
    ("name", "value"), [("backbone", "resnet18"), ("image_size", 40), ("weights", "x.pt"), ("dropout", 0.5)]
)
def test_the_network_cannot_change_while_training_goes_on(name, value, few):
    clf = small(max_epochs=1).fit(*few)
    with pytest.raises(ValueError, match=f"{name}={value!r} cannot replace"):
        clf.set_params(**{name: value}).partial_fit(*few)


def test_what_is_frozen_and_its_rate_may_change_while_training_goes_on(few):
    clf = small(max_epochs=1).fit(*few)
    before = backbone_of(clf)
    assert is_same_backbone(before, clf.set_params(lr=0.01).partial_fit(*few))
    assert not is_same_backbone(before, clf.set_params(freeze=None, backbone_lr=1e-3).partial_fit(*few))


def test_it_works_in_a_pipeline_and_shows_itself(few):
    X, y = few
    pipeline = make_pipeline(FunctionTransformer(), small(max_epochs=1)).fit(X, y)
    assert pipeline.predict(X).shape == (60,)
    shown = pipeline[-1]._repr_html_()
    assert re.search(r"5,130 parameters and 7\d\d,\d\d\d frozen ones", shown)


def test_the_frozen_network_predicts_in_half_precision_too(few):
    X, y = few
    proba = small(precision="bf16", max_epochs=2).fit(X, y).predict_proba(X)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)


# ------------------------------------------------------------- features over fits


@pytest.fixture
def cache():
    FEATURE_CACHE.clear()
    yield FEATURE_CACHE
    PretrainedClassifier.clear_feature_cache()
    assert len(FEATURE_CACHE) == 0


def test_a_search_computes_the_features_of_an_image_once(few, cache, monkeypatch):
    from torchvision.models import SqueezeNet

    seen, forward = [], SqueezeNet.forward
    monkeypatch.setattr(SqueezeNet, "forward", lambda self, x: (seen.append(len(x)), forward(self, x))[1])
    X, y = few
    y = y % 3
    grid = {"lr": [0.01, 0.03, 0.1]}
    kept = GridSearchCV(small(feature_cache=10), grid, cv=3).fit(X, y)
    with_cache = sum(seen)
    seen.clear()
    without = GridSearchCV(small(), grid, cv=3).fit(X, y)
    assert len(cache) == 60
    assert with_cache < 60 + 5 * 16  # the company of a last batch, and a trial of each network
    assert sum(seen) > 9 * 60
    np.testing.assert_array_equal(kept.cv_results_["mean_test_score"], without.cv_results_["mean_test_score"])
    np.testing.assert_allclose(kept.predict_proba(X), without.predict_proba(X), atol=1e-4)


def test_features_are_kept_within_bounds(few, cache):
    small(feature_cache=1, max_epochs=1).fit(*few)
    assert cache.n_bytes == 60 * 512 * 4
    many = np.tile(few[0], (12, 1, 1))
    many = (many + np.arange(720)[:, None, None] % 11).astype(np.uint8)
    small(feature_cache=1, max_epochs=1).fit(many, np.tile(few[1], 12))
    assert cache.n_bytes <= 2**20


def test_threads_of_a_search_agree_with_one_at_a_time(few, cache):
    from joblib import parallel_config

    X, y = few
    scores = []
    for n_jobs in (1, 2):
        cache.clear()
        with parallel_config("threading", n_jobs=n_jobs):
            result = cross_validate(small(feature_cache=10, n_jobs=1), X, y % 3, cv=3, scoring="neg_log_loss")
        scores.append(result["test_score"])
    np.testing.assert_array_equal(*scores)


# -------------------------------------------------------------------- real photos


@pytest.mark.slow
def test_a_network_that_knows_other_photos_beats_one_from_scratch(shared_data, tmp_path):
    X, y = fetch_cifar10(data_home=shared_data, return_X_y=True)
    X_test, y_test = fetch_cifar10(data_home=shared_data, subset="test", return_X_y=True)
    new = ("bird", "dog", "horse", "ship", "truck")
    rows = {name: np.flatnonzero(y == name) for name in set(y)}
    before = np.concatenate([rows[name][:1000] for name in rows if name not in new])
    settings = {"image_size": 32, "n_jobs": 1, "random_state": 0, "backbone": "resnet18"}
    pretrained = PretrainedClassifier(
        weights=None, freeze=None, max_epochs=3, batch_size=64, lr=2e-3, lr_schedule="onecycle", **settings
    ).fit(X[before], y[before])
    torch.save(pretrained.net_.module_.state_dict(), tmp_path / "resnet18.pt")
    test = np.concatenate([np.flatnonzero(y_test == name)[:100] for name in new])
    gains = []
    for seed in range(2):
        few = np.concatenate([rows[name][20 * seed : 20 * seed + 20] for name in new])
        settings["random_state"] = seed
        transferred = PretrainedClassifier(weights=tmp_path / "resnet18.pt", max_epochs=20, **settings)
        scratch = PretrainedClassifier(weights=None, freeze=None, max_epochs=20, **settings)
        scores = [clf.fit(X[few], y[few]).score(X_test[test], y_test[test]) for clf in (transferred, scratch)]
        gains.append(scores[0] - scores[1])
    print(gains)
    assert np.mean(gains) >= 0.05

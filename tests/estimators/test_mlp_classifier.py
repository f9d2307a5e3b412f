import numpy as np
import pytest
from torch import nn

from skimgcls import MLPClassifier
from skimgcls.architectures import ACTIVATIONS

SHAPES = [(1, 1, 1), (1, 2, 1), (2, 1, 3), (3, 5, 4), (1, 64, 1), (8, 8, 1), (9, 31, 3), (32, 32, 3), (224, 224, 3)]


def small(**params):
    settings = {"hidden_units": (16, 8), "max_epochs": 2, "batch_size": 64, "random_state": 0}
    return MLPClassifier(**{**settings, **params})


def assert_sound(clf, X):
    proba = clf.predict_proba(X)
    assert proba.shape == (len(X), len(clf.classes_))
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
    assert clf.history_.drop(columns=["valid_loss", "valid_accuracy"]).notna().all(axis=None)


# ------------------------------------------------------------------- learning


def test_the_defaults_learn_digit_scans(digits):
    X, y = digits
    clf = MLPClassifier(random_state=0).fit(X[:150], y[:150])
    assert clf.n_epochs_ == 15
    assert clf.score(X[150:], y[150:]) > 0.8


def test_the_mixer_learns_digit_scans(digits):
    X, y = digits
    clf = MLPClassifier((32, 64, 64), patch_size=2, norm="batch", max_epochs=20, lr=0.003, random_state=0)
    assert clf.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.75


def test_images_sorted_by_class_are_learnt_as_well(digits):
    X, y = digits
    order = y.argsort()
    assert MLPClassifier(random_state=0).fit(X[order], y[order]).score(X, y) > 0.95


# ---------------------------------------------------------- every setting trains


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("patch_size", [None, 4])
def test_every_activation_and_norm_trains(activation, norm, patch_size, digits):
    X, y = digits
    assert_sound(small(activation=activation, norm=norm, patch_size=patch_size, dropout=0.2).fit(X, y), X)


@pytest.mark.parametrize("criterion", ["cross_entropy", "nll", "focal", nn.CrossEntropyLoss, nn.MultiMarginLoss])
@pytest.mark.parametrize(("precision", "dtype"), [("float32", "float32"), ("bf16", "float32"), ("auto", "float64")])
def test_every_criterion_trains_in_each_precision(criterion, precision, dtype, digits):
    X, y = digits
    clf = small(criterion=criterion, precision=precision, dtype=dtype).fit(X, y)
    assert_sound(clf, X)
    assert clf.predict_proba(X).dtype == np.dtype(dtype)


def test_nll_equals_cross_entropy_to_the_bit(digits):
    X, y = digits
    nll, cross_entropy = (small(criterion=name).fit(X, y) for name in ("nll", "cross_entropy"))
    np.testing.assert_array_equal(nll.predict_proba(X), cross_entropy.predict_proba(X))
    assert nll.history_.train_loss.equals(cross_entropy.history_.train_loss)


def test_label_smoothing_keeps_the_model_from_being_certain(digits):
    X, y = digits
    hard, soft = (
        MLPClassifier(label_smoothing=smoothing, max_epochs=30, random_state=0).fit(X, y).predict_proba(X).max(1)
        for smoothing in (0.0, 0.3)
    )
    assert soft.mean() < 0.85 < 0.95 < hard.mean()


# ---------------------------------------------------------------- image shapes


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("patch_size", [None, 4])
@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_images_of_any_shape_are_taken(shape, patch_size, norm, rng):
    X, y = rng.integers(0, 256, (6, *shape), dtype=np.uint8), np.arange(6) % 2
    clf = small(patch_size=patch_size, norm=norm, channels="last", max_epochs=1).fit(X, y)
    assert clf.image_shape_ == shape
    assert_sound(clf, X)


# ---------------------------------------------------------------- architecture


def test_the_network_has_a_visible_stem_backbone_and_classifier(digits):
    network = small().fit(*digits).net_.module_.network
    assert [name for name, _ in network.named_children()] == ["stem", "backbone", "classifier"]
    widths = [(layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert widths == [(64, 16), (16, 8), (8, 10)]


def test_a_patch_size_cuts_the_image_and_embeds_each_patch(digits):
    network = small(hidden_units=(16, 8), patch_size=4).fit(*digits).net_.module_.network
    (embedding,) = [layer for layer in network.stem.modules() if isinstance(layer, nn.Conv2d)]
    assert (embedding.out_channels, embedding.kernel_size, embedding.stride) == (16, (4, 4), (4, 4))
    assert network.classifier.in_features == 16


@pytest.mark.parametrize("patch_size", [1, 3, 5, 8, 9, 100])
def test_patches_need_not_fit_the_image(patch_size, digits):
    assert_sound(small(patch_size=patch_size, max_epochs=1).fit(*digits), digits[0])


@pytest.mark.parametrize("hidden_units", [(), (16,), 16])
def test_patches_need_a_width_to_embed_to_and_a_block_to_mix(hidden_units, digits):
    with pytest.raises(ValueError, match=r"hidden_units.*(at least two|patch_size)"):
        small(hidden_units=hidden_units, patch_size=4).fit(*digits)


def test_without_hidden_layers_the_model_is_linear(digits):
    X, y = digits
    clf = small(hidden_units=(), dtype="float64").fit(X, y)
    decision = clf.decision_function(np.stack([X[0] * 0.5 + X[1] * 0.5, X[0], X[1]]))
    assert clf.n_parameters_ == 64 * 10 + 10
    np.testing.assert_allclose(decision[0], decision[1:].mean(0), rtol=1e-8)


@pytest.mark.parametrize("hidden_units", [8, [8], np.array([8])])
def test_widths_may_be_given_as_one_integer_or_any_list(hidden_units, digits):
    expected = small(hidden_units=(8,)).fit(*digits).predict_proba(digits[0])
    np.testing.assert_array_equal(small(hidden_units=hidden_units).fit(*digits).predict_proba(digits[0]), expected)


@pytest.mark.parametrize("hidden_units", [0, (8, 0), (-1,), (8.5,), ("a",)])
def test_widths_that_are_none_are_refused_by_name(hidden_units, digits):
    with pytest.raises(ValueError, match="'hidden_units' parameter"):
        small(hidden_units=hidden_units).fit(*digits)


def test_parameters_of_the_layers_reach_them(digits):
    network = small(norm="batch", activation="silu", dropout=0.4, max_epochs=1).fit(*digits).net_.module_.network
    kinds = [type(layer) for layer in network.modules()]
    assert (kinds.count(nn.BatchNorm1d), kinds.count(nn.SiLU)) == (2, 2)
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} == {0.4}

import numpy as np
import pytest
import torch
from sklearn.naive_bayes import GaussianNB

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.inspection import integrated_gradients
from tests.inspection.explanations.conftest import mass_in_quadrant, striped


def gains(clf, X, targets, baseline):
    """What decision_function gains from the baseline to each image."""
    start = np.broadcast_to(baseline, X.shape).astype(float)
    scores, least = clf.decision_function(X), clf.decision_function(start)
    if scores.ndim == 1:
        return np.where(targets == clf.classes_[1], 1, -1) * (scores - least)
    rows, columns = np.arange(len(X)), np.searchsorted(clf.classes_, targets)
    return scores[rows, columns] - least[rows, columns]


@pytest.mark.parametrize("name", ["cnn", "resnet", "mlp", "colour_cnn"])
def test_shares_add_up_to_the_gain_in_score(name, request):
    clf = request.getfixturevalue(name)
    X, y = striped(*request.getfixturevalue("colour_quadrants" if name == "colour_cnn" else "quadrants"), n=4)
    for baseline in (0, None):
        shares = integrated_gradients(clf, X, y, baseline=baseline)
        assert shares.shape == (4, 16, 16)
        mean = clf.net_.module_.scaling.mean.flatten().numpy()
        start = 0 if baseline == 0 else mean if X.ndim == 4 else mean[0]
        expected = gains(clf, X, y, start)
        np.testing.assert_allclose(shares.sum((1, 2)), expected, atol=0.03 * np.abs(expected).max())


def test_more_steps_come_closer_to_the_sum(cnn, quadrants):
    X, y = striped(*quadrants)
    expected = gains(cnn, X, y, 0)
    errors = [
        np.abs(integrated_gradients(cnn, X, y, baseline=0, n_steps=n).sum((1, 2)) - expected).mean() for n in (2, 200)
    ]
    assert errors[1] < 0.2 * errors[0]
    assert errors[1] < 0.01 * np.abs(expected).mean()


def test_two_classes_have_opposite_shares_of_their_one_score(quadrants):
    X, y = quadrants
    X, y = X[y != "noise"][:60], y[y != "noise"][:60]
    clf = MLPClassifier(hidden_units=16, max_epochs=5, random_state=0).fit(X, y)
    rows, columns = (integrated_gradients(clf, X[:4], label, baseline=0, n_steps=100) for label in ("rows", "columns"))
    np.testing.assert_allclose(rows, -columns, atol=1e-5)
    expected = gains(clf, X[:4], np.full(4, "rows"), 0)
    np.testing.assert_allclose(rows.sum((1, 2)), expected, atol=0.02 * np.abs(expected).max())


def test_a_linear_network_has_exactly_weight_times_pixel(digits):
    X, y = digits
    clf = MLPClassifier(hidden_units=(), max_epochs=2, random_state=0).fit(X, y)
    module = clf.net_.module_
    weights = module.network.classifier.weight.detach()[3] / module.scaling.std.item()
    shares = integrated_gradients(clf, X[:5], 3, baseline=0, n_steps=1)
    np.testing.assert_allclose(shares.reshape(5, -1), X[:5].reshape(5, -1) * weights.numpy(), atol=1e-5)


def test_most_of_what_speaks_for_a_class_lies_where_it_is(cnn, mlp, quadrants):
    X, _ = striped(*quadrants)
    for clf in (cnn, mlp):
        assert mass_in_quadrant(integrated_gradients(clf, X)).min() > 0.6


def test_an_untrained_network_has_other_shares(mlp, quadrants):
    X, y = striped(*quadrants)
    untrained = MLPClassifier(hidden_units=32, lr=1e-12, max_epochs=1, random_state=1).fit(*quadrants)
    pairs = zip(integrated_gradients(mlp, X, y), integrated_gradients(untrained, X, y), strict=True)
    assert np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]) < 0.5


def test_batches_do_not_change_the_shares(cnn, quadrants, monkeypatch):
    X, y = striped(*quadrants)
    whole = integrated_gradients(cnn, X, y)
    for most in (120, 7):  # two images and their steps together, and less than one image's
        monkeypatch.setattr("skimgcls.inspection.explanations._explained_classifier.MOST_IMAGES", most)
        np.testing.assert_allclose(integrated_gradients(cnn, X, y), whole, atol=1e-4 * np.abs(whole).max())


def test_the_network_is_left_alone_and_a_second_call_says_the_same(digits):
    X, y = digits
    clf = CNNClassifier(conv_channels=(4,), dropout=0.5, max_epochs=1, random_state=0, dtype="float64").fit(X, y)
    module, state = clf.net_.module_.train(), torch.get_rng_state()
    first = integrated_gradients(clf, X[:4], n_steps=5)
    assert first.dtype == np.float64
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(integrated_gradients(clf, X[:4], n_steps=5), first)


def test_a_classifier_without_a_network_and_no_steps_are_refused(mlp, quadrants):
    rows = quadrants[0][:20].reshape(20, -1)
    clf = GaussianNB().fit(rows, quadrants[1][:20])
    with pytest.raises(ValueError, match=r"integrated_gradients needs the gradients of .* Use occlusion"):
        integrated_gradients(clf, rows)
    with pytest.raises(ValueError, match="n_steps == 0, must be >= 1"):
        integrated_gradients(mlp, quadrants[0][:2], n_steps=0)

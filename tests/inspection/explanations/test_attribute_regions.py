import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier

from skimgcls.inspection import lime, shap
from tests.inspection.explanations.conftest import mass_in_quadrant, striped

METHODS = pytest.mark.parametrize("method", [lime, shap], ids=["lime", "shap"])


@METHODS
@pytest.mark.parametrize("name", ["cnn", "mlp", "colour_cnn"])
def test_most_of_what_speaks_for_a_class_lies_where_it_is(method, name, request):
    X, _ = striped(*request.getfixturevalue("colour_quadrants" if name == "colour_cnn" else "quadrants"), n=4)
    values = method(request.getfixturevalue(name), X, random_state=0, n_samples=500)
    assert values.shape == (4, 16, 16)
    assert mass_in_quadrant(values).min() > 0.6


@METHODS
def test_a_seed_gives_the_same_values_whatever_else_is_explained(method, cnn, quadrants):
    X, _ = striped(*quadrants, n=3)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    values = method(cnn, X, n_samples=50, random_state=0)
    np.testing.assert_array_equal(method(cnn, X[1:2], n_samples=50, random_state=0)[0], values[1])
    assert np.abs(method(cnn, X, n_samples=50, random_state=1) - values).max() > 0
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


@METHODS
def test_all_pixels_of_a_region_have_its_value_and_few_regions_can_be_asked_for(method, cnn, quadrants):
    X, _ = striped(*quadrants, n=1)
    values = method(cnn, X, n_segments=4, n_samples=50, random_state=0)
    assert 2 <= len(np.unique(values)) <= 6


@METHODS
def test_the_one_region_of_a_tiny_image_makes_the_whole_difference(method):
    class Mean(DummyClassifier):
        def predict_proba(self, X):
            share = X.mean((1, 2)) / 255
            return np.stack([1 - share, share], axis=1)

    X = np.full((2, 2, 2), 200)
    values = method(Mean().fit(X, ["a", "b"]), X, "b", baseline=50)
    np.testing.assert_allclose(values, np.full((2, 2, 2), 150 / 255), rtol=1e-6)


@METHODS
@pytest.mark.parametrize("option", ["n_segments", "n_samples"])
def test_no_segments_and_no_samples_are_refused(method, option, cnn, quadrants):
    with pytest.raises(ValueError, match=f"{option} == 0, must be >= 1"):
        method(cnn, quadrants[0][:1], **{option: 0})


@METHODS
def test_an_untrained_network_has_other_regions(method, mlp, quadrants):
    from skimgcls import MLPClassifier

    X, y = striped(*quadrants, n=4)
    untrained = MLPClassifier(hidden_units=32, lr=1e-12, max_epochs=1, random_state=1).fit(*quadrants)
    values, others = (method(clf, X, y, n_samples=200, random_state=0) for clf in (mlp, untrained))
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(values, others, strict=True)]
    assert np.mean(alike) < 0.5


@METHODS
def test_the_network_is_left_as_it_was(method, cnn, quadrants):
    module = cnn.net_.module_.train()
    method(cnn, quadrants[0][:1], n_samples=20)
    assert module.training

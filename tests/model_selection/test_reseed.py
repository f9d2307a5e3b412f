import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from sklearn.tree import DecisionTreeClassifier

from skimgcls.model_selection._reseed import derive_seed, draw_seed, reseed


def test_every_place_has_its_own_seed_again_and_again():
    seeds = [derive_seed(seed, repetition, fold) for seed in (0, 1) for repetition in (0, 1) for fold in (0, 1)]
    assert len(set(seeds)) == 8
    assert seeds[0] == derive_seed(0, 0, 0)
    assert all(0 <= seed < 2**31 for seed in [*seeds, derive_seed(-5, 0)])


def test_equal_seeds_stay_equal_and_different_ones_different():
    first, second, other = (reseed(DecisionTreeClassifier(random_state=seed), 7, 0, 1) for seed in (3, 3, 4))
    assert first.random_state == second.random_state != other.random_state


def test_none_takes_the_seed_of_the_comparison():
    model = RandomForestClassifier()
    assert reseed(model, 7, 0, 1).random_state == derive_seed(7, 0, 1)
    assert model.random_state is None


def test_seeds_inside_a_pipeline_are_set():
    pipeline = make_pipeline(QuantileTransformer(random_state=1), LogisticRegression(random_state=2))
    seeded = reseed(pipeline, 0, 2, 3)
    assert seeded[0].random_state == derive_seed(1, 2, 3)
    assert seeded[1].random_state == derive_seed(2, 2, 3)
    assert pipeline[0].random_state == 1


def test_an_estimator_without_seed_is_cloned():
    model = GaussianNB(var_smoothing=0.5)
    seeded = reseed(model, 0, 0, 0)
    assert seeded is not model
    assert seeded.var_smoothing == 0.5


def test_a_random_state_of_the_users_is_not_drawn_from():
    state = np.random.RandomState(0)
    before = state.get_state()[2]
    first, second = (reseed(DecisionTreeClassifier(random_state=state), 0, fold).random_state for fold in (0, 1))
    assert isinstance(first, int)
    assert first != second
    assert state.get_state()[2] == before


def test_an_integer_seed_is_taken_and_others_are_drawn_from():
    assert draw_seed(np.int64(5)) == 5
    assert draw_seed(np.random.RandomState(0)) == draw_seed(np.random.RandomState(0))
    np.random.seed(0)
    assert draw_seed(None) != draw_seed(None)

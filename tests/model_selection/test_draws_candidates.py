import pytest
from scipy.stats import uniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB

from skimgcls.model_selection import EpochHalvingSearchCV, OptunaSearchCV
from skimgcls.model_selection._draws_candidates import draws_candidates, searched_values

GRID, DISTRIBUTIONS = {"var_smoothing": [1e-9, 1e-3]}, {"var_smoothing": uniform(0, 1)}


@pytest.mark.parametrize(
    ("search", "draws"),
    [
        (GridSearchCV(GaussianNB(), GRID), False),
        (RandomizedSearchCV(GaussianNB(), GRID), True),
        (HalvingGridSearchCV(GaussianNB(), GRID), True),  # images
        (HalvingGridSearchCV(GaussianNB(), GRID, resource="priors"), False),
        (HalvingRandomSearchCV(GaussianNB(), DISTRIBUTIONS, resource="priors"), True),
        (EpochHalvingSearchCV(GaussianNB(), GRID), False),
        (EpochHalvingSearchCV(GaussianNB(), GRID, n_candidates=1), True),
        (EpochHalvingSearchCV(GaussianNB(), [GRID, DISTRIBUTIONS, GRID]), True),
        (OptunaSearchCV(GaussianNB(), {}), True),
    ],
)
def test_only_what_draws_depends_on_chance(search, draws):
    assert draws_candidates(search) is draws


def test_all_spaces_are_read():
    assert searched_values(GridSearchCV(GaussianNB(), [GRID, {"priors": [None]}, GRID])) == [
        ("var_smoothing", [1e-9, 1e-3]), ("priors", [None]), ("var_smoothing", [1e-9, 1e-3]),
    ]  # fmt: skip
    assert searched_values(object()) == []

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection import compare
from skimgcls.model_selection.studies._run_study import check_values, find_network, run_study

NET = MLPClassifier(hidden_units=8, max_epochs=2, random_state=0)
LRS = {"slow": {"lr": 1e-3}, "fast": {"lr": 1e-2}}
OPTIONS = {"draw": None, "cv": 2, "random_state": 0}


def load_all(paths):
    return np.stack([np.load(path) for path in paths])


def test_scores_are_those_of_compare_and_curves_end_at_them(digits):
    study = run_study(NET, LRS, *digits, **OPTIONS)
    plain = compare((NET, {"lr": [1e-3, 1e-2]}), *digits, cv=2, random_state=0)
    assert study.comparison.scores["score"].tolist() == plain.scores["score"].tolist()
    assert study.frame["lr"].tolist() == [1e-3, 1e-2]
    last = study.curves[study.curves["epoch"] == 2]
    assert last["valid_accuracy"].tolist() == pytest.approx(plain.scores["score"].tolist())
    assert len(study.curves) == 2 * 2 * 2
    assert "estimator" not in study.comparison.scores  # networks would fill the memory


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_fits_at_a_time_give_the_same(digits, backend):
    alone = run_study(NET.set_params(n_jobs=1), LRS, *digits, **OPTIONS)
    with parallel_config(backend=backend):
        beside = run_study(NET, LRS, *digits, n_jobs=2, **OPTIONS)
    np.testing.assert_array_equal(alone.curves.drop(columns="candidate"), beside.curves.drop(columns="candidate"))


def test_files_are_read_by_a_transformer_before_the_network(digits, tmp_path):
    X, y = digits
    paths = np.array([str(tmp_path / f"{index}.npy") for index in range(len(X))])
    for path, image in zip(paths, X, strict=True):
        np.save(path, image)
    study = run_study(make_pipeline(FunctionTransformer(load_all), NET), LRS, paths, y, **OPTIONS)
    assert study.comparison.scores["score"].tolist() == run_study(NET, LRS, X, y, **OPTIONS).comparison.scores[
        "score"
    ].tolist()  # fmt: skip
    assert study.curves["valid_loss"].notna().all()


def test_candidates_leave_what_they_are_made_of_alone(digits):
    pipeline = Pipeline([("same", FunctionTransformer()), ("net", NET)])
    run_study(pipeline, LRS, *digits, **OPTIONS)
    assert not hasattr(NET, "net_")
    assert pipeline["net"].lr == NET.lr


def test_a_candidate_that_diverges_is_one_without_scores_and_curves(digits):
    settings = LRS | {"wild": {"lr": 1e30, "optimizer": "sgd"}}
    with pytest.warns(FitFailedWarning, match="2 of 6 fits failed"):
        study = run_study(NET, settings, *digits, columns=[{"n": n} for n in range(3)], **OPTIONS)
    assert study.frame.loc["wild", "verdict"] == "diverged in 2 of 2 fits"
    assert set(study.curves["candidate"]) == {"slow", "fast"}


def test_seconds_are_of_training_alone(digits):
    study = run_study(NET, LRS, *digits, **OPTIONS)
    plain = compare((NET, {"lr": [1e-3, 1e-2]}), *digits, cv=KFold(2), random_state=0, return_estimator=True)
    assert study.frame["fit_seconds"].gt(0).all()
    fits = plain.scores[["fit_seconds", "estimator"]].itertuples()
    assert all(fit.estimator.fit_time_ < fit.fit_seconds for fit in fits)


@pytest.mark.parametrize(
    ("estimator", "prefix"),
    [
        (NET, ""),
        (Pipeline([("a", FunctionTransformer()), ("net", NET)]), "net__"),
        (Pipeline([("outer", Pipeline([("net", NET)]))]), "outer__net__"),
    ],
)
def test_the_network_is_found(estimator, prefix):
    assert find_network(estimator) == (prefix, NET)


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (LogisticRegression(), ValueError, "LogisticRegression holds no network: nothing in it has max_epochs"),
        (Pipeline([("a", NET), ("b", NET)]), ValueError, r"several networks, with the parameters \['a__max_epochs'"),
        (MLPClassifier, TypeError, "got the class MLPClassifier"),
        (3, TypeError, "got int"),
    ],
)
def test_an_estimator_without_one_network_is_refused(digits, estimator, error, message):
    with pytest.raises(error, match=message):
        run_study(estimator, LRS, *digits, **OPTIONS)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"depth": 3}, "MLPClassifier has no parameter 'depth', which the candidate 'odd' sets"),
        ({"lr": -1.0}, "The 'lr' parameter of MLPClassifier must be"),
        ({"optimizer": "adamm"}, "The 'optimizer' parameter of MLPClassifier must be"),
    ],
)
def test_a_parameter_that_would_fail_in_every_fit_is_refused_before(digits, params, message):
    with pytest.raises(ValueError, match=message):
        run_study(make_pipeline(FunctionTransformer(), NET), LRS | {"odd": params}, *digits, **OPTIONS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("relu", "values must be a list of values, got 'relu'"),
        (0.1, "values must be a list of values, got 0.1"),
        ([0.1], "values must hold at least 2 values"),
        ([(1, 2), (3,), (1, 2)], r"values holds \(1, 2\) twice"),
    ],
)
def test_values_that_make_no_comparison_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        check_values("values", values)


def test_values_may_come_as_anything_that_can_be_gone_through():
    assert check_values("values", np.array([1, 2])) == [1, 2]
    assert check_values("values", range(1), at_least=1) == [0]

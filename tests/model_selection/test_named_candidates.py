import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.model_selection._named_candidates import named_candidates


def names_of(estimators):
    return [candidate.name for candidate in named_candidates(estimators)]


def test_a_dict_keeps_its_names():
    first, second = GaussianNB(), DecisionTreeClassifier()
    candidates = named_candidates({"bayes": first, 3: second})
    assert [(c.name, c.estimator, c.params) for c in candidates] == [("bayes", first, {}), ("3", second, {})]


@pytest.mark.parametrize(
    ("estimators", "names"),
    [
        ([MLPClassifier(), CNNClassifier()], ["MLPClassifier", "CNNClassifier"]),
        ([MLPClassifier(lr=0.1), MLPClassifier(lr=0.01)], ["lr=0.1", "lr=0.01"]),
        (
            [MLPClassifier(hidden_units=[8]), MLPClassifier(hidden_units=(8,))],
            ["MLPClassifier (1)", "MLPClassifier (2)"],
        ),
        (
            (MLPClassifier(lr=0.1), CNNClassifier(), MLPClassifier(optimizer="sgd", lr=0.1 + 0.2)),
            ["MLPClassifier lr=0.1, optimizer=adam", "CNNClassifier", "MLPClassifier lr=0.3, optimizer=sgd"],
        ),
    ],
)
def test_a_list_is_named_by_what_differs(estimators, names):
    assert names_of(estimators) == names


def test_pipelines_are_named_by_their_last_step_and_by_steps_that_differ():
    scaled = [Pipeline([("scale", scaler), ("net", MLPClassifier())]) for scaler in (StandardScaler(), MinMaxScaler())]
    assert names_of(scaled) == ["scale=StandardScaler", "scale=MinMaxScaler"]
    rates = [make_pipeline(StandardScaler(), MLPClassifier(lr=lr)) for lr in (0.1, 0.2)]
    assert names_of([*rates, GaussianNB()]) == ["MLPClassifier lr=0.1", "MLPClassifier lr=0.2", "GaussianNB"]


def test_a_grid_is_named_by_its_parameters():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": np.array([0.1, 1.0]), "standardscaler": [MinMaxScaler(), "passthrough"]}
    candidates = named_candidates((model, grid))
    assert [candidate.name for candidate in candidates] == [
        "C=0.1, standardscaler=MinMaxScaler",
        "C=0.1, standardscaler=passthrough",
        "C=1, standardscaler=MinMaxScaler",
        "C=1, standardscaler=passthrough",
    ]
    assert candidates[2].estimator.get_params()["logisticregression__C"] == 1.0
    assert candidates[0].estimator[0] is not candidates[2].estimator[0]
    assert candidates[1].params == {"logisticregression__C": 0.1, "standardscaler": "passthrough"}


def test_several_grids_may_leave_parameters_alone():
    grids = [{"lr": [0.1]}, {"momentum": [0.5], "optimizer": ["sgd"]}, {}]
    assert names_of((MLPClassifier(), grids)) == ["lr=0.1", "momentum=0.5, optimizer=sgd", "as given"]


@pytest.mark.parametrize(
    ("estimators", "error", "message"),
    [
        ([GaussianNB()], ValueError, "at least two candidates, got 1"),
        ((GaussianNB(), {"var_smoothing": [1e-9]}), ValueError, "at least two candidates, got 1"),
        ({}, ValueError, "at least two candidates, got 0"),
        (GaussianNB(), TypeError, "must be a dict of names.*got GaussianNB"),
        ([GaussianNB(), "svm"], TypeError, "got str"),
        ({"a": GaussianNB, "b": GaussianNB()}, TypeError, "got the class GaussianNB named 'a'. Pass an instance"),
    ],
)
def test_what_are_no_candidates_is_refused(estimators, error, message):
    with pytest.raises(error, match=message):
        named_candidates(estimators)

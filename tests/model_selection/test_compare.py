import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

import skimgcls
from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.model_selection import Comparison, compare

NET = MLPClassifier(hidden_units=16, max_epochs=1, random_state=0)


class FailsOn(ClassifierMixin, BaseEstimator):
    """Predicts a constant, but refuses some training sets."""

    def __init__(self, n_refused=0):
        self.n_refused = n_refused

    def fit(self, X, y):
        if int(np.asarray(X).sum()) % 3 < self.n_refused:
            raise RuntimeError("refused")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


@pytest.fixture
def flat(digits):
    X, y = digits
    return X.reshape(len(X), -1), y


def test_it_can_be_had_from_the_top():
    assert skimgcls.compare is compare


def test_scores_are_those_of_cross_validate_on_the_same_folds(flat):
    cv = StratifiedKFold(4, shuffle=True, random_state=3)
    models = {"bayes": GaussianNB(), "logistic": LogisticRegression(max_iter=200)}
    comparison = compare(models, *flat, cv=cv)
    for name, model in models.items():
        rows = comparison.scores[comparison.scores["candidate"] == name]
        assert rows["score"].tolist() == cross_validate(model, *flat, cv=cv)["test_score"].tolist()
    assert comparison.metric_label == "accuracy"
    assert comparison.scores["n_test"].tolist() == [50] * 8


def test_our_networks_tell_their_epochs_and_parameters(digits):
    comparison = compare({"mlp": NET, "cnn": make_pipeline(
        FunctionTransformer(), CNNClassifier(conv_channels=(4,), hidden_units=8, max_epochs=2, random_state=0)
    )}, *digits, cv=2, random_state=0)  # fmt: skip
    assert comparison.frame["epochs"].to_dict() == {"mlp": 1, "cnn": 2}
    assert comparison.frame.loc["mlp", "n_parameters"] == NET.fit(*digits).n_parameters_
    assert (comparison.frame[["fit_seconds", "predict_images_per_second"]] > 0).all(axis=None)


def test_losses_that_are_equal_by_construction_have_identical_scores(digits):
    comparison = compare((NET, {"criterion": ["cross_entropy", "nll"]}), *digits, cv=3, random_state=0)
    assert comparison.frame.loc[comparison.frame.index[1], "verdict"] == "identical scores"


def test_each_fit_has_a_seed_of_its_own_which_equal_candidates_share(flat):
    models = {"a": ExtraTreeClassifier(random_state=1), "b": ExtraTreeClassifier(random_state=1),
              "c": ExtraTreeClassifier(random_state=2), "d": ExtraTreeClassifier()}  # fmt: skip
    comparison = compare(models, *flat, cv=3, n_seeds=2, random_state=0, return_estimator=True)
    seeds = {
        name: [model.random_state for model in rows["estimator"]]
        for name, rows in comparison.scores.groupby("candidate")
    }
    assert seeds["a"] == seeds["b"]
    assert len({*seeds["a"], *seeds["c"], *seeds["d"]}) == 18
    assert models["a"].random_state == 1


def test_a_seed_makes_it_repeatable_and_repetitions_have_their_own_folds(flat):
    grid = (DecisionTreeClassifier(max_features=8), {"max_depth": [2, 5]})
    runs = [compare(grid, *flat, cv=3, n_seeds=2, random_state=seed).scores for seed in (0, 0, 1)]
    assert runs[0]["score"].tolist() == runs[1]["score"].tolist() != runs[2]["score"].tolist()
    assert runs[0]["split"].nunique() == 6
    assert compare(grid, *flat, cv=KFold(3), n_seeds=2, random_state=0).scores["split"].nunique() == 3


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize(
    ("backend", "grid"),
    [
        ("loky", (ExtraTreeClassifier(), {"max_depth": [2, 8]})),
        ("threading", (NET, {"lr": [1e-3, 1e-2], "n_jobs": [1]})),
    ],
)
def test_parallel_fits_give_the_same_scores(flat, backend, grid):
    alone = compare(grid, *flat, cv=2, random_state=0)
    with parallel_config(backend=backend):
        beside = compare(grid, *flat, cv=2, random_state=0, n_jobs=2)
    assert beside.scores["score"].tolist() == alone.scores["score"].tolist()


def test_of_several_metrics_the_first_decides(flat):
    models = [GaussianNB(), DummyClassifier()]
    comparison = compare(models, *flat, cv=3, scoring=["neg_log_loss", "accuracy"], random_state=0)
    assert comparison.metric == "neg_log_loss"
    assert comparison.metric_label == "neg log loss"
    assert comparison.frame["mean_accuracy"].between(0, 1).all()
    assert comparison.best == "DummyClassifier"  # bayes is far too sure
    assert Comparison(comparison.scores, metric="accuracy").best == "GaussianNB"


@pytest.mark.parametrize(
    ("scoring", "label"),
    [
        ("f1_macro", "f1 macro"),
        (make_scorer(accuracy_score), "score"),
        (lambda model, X, y: {"hits": model.score(X, y)}, "hits"),
        ({"hits": "accuracy"}, "hits"),
    ],
)
def test_any_scoring_of_scikit_learn_is_understood(flat, scoring, label):
    comparison = compare([GaussianNB(), DummyClassifier()], *flat, cv=3, scoring=scoring, random_state=0)
    assert comparison.metric_label == label
    assert comparison.best == "GaussianNB"


def test_training_scores_are_there_where_asked_for(flat):
    comparison = compare([DecisionTreeClassifier(), DummyClassifier()], *flat, cv=2, return_train_score=True)
    assert comparison.frame.loc["DecisionTreeClassifier", "train_mean"] == 1


def test_regressors_are_compared_too(flat):
    comparison = compare([LinearRegression(), Ridge(alpha=100)], *flat, cv=3, random_state=0)
    assert comparison.metric_label == "score"


def test_labels_may_be_strings_and_images_lists_or_paths(digits, tmp_path):
    X, y = digits
    X, y = X[:60], np.array([f"digit {label}" for label in y[:60]])
    paths = [str(tmp_path / f"{index}.npy") for index in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        np.save(path, image)
    loader = make_pipeline(FunctionTransformer(load_all), NET)
    of_paths = compare((loader, {"mlpclassifier__lr": [1e-3, 1e-2]}), np.array(paths), y, cv=KFold(2), random_state=0)
    of_lists = compare((NET, {"lr": [1e-3, 1e-2]}), X.tolist(), y.tolist(), cv=KFold(2), random_state=0)
    assert of_paths.scores["score"].tolist() == of_lists.scores["score"].tolist()
    assert of_paths.frame.index.tolist() == of_lists.frame.index.tolist()


def load_all(paths):
    return np.stack([np.load(path) for path in paths])


def test_failed_fits_are_named_and_the_others_compared(flat):
    models = {"fine": GaussianNB(), "other": DummyClassifier(), "broken": FailsOn(3)}
    with pytest.warns(FitFailedWarning, match=r"3 of 9 fits failed.* as nan.*'broken': RuntimeError: refused"):
        comparison = compare(models, *flat, cv=3, random_state=0)
    assert comparison.frame["verdict"].to_dict() == {
        "fine": "best", "other": "worse", "broken": "no score from 3 of 3 fits",
    }  # fmt: skip
    assert "broken: 3 fits failed, the first with RuntimeError: refused" in repr(comparison)


def test_failed_fits_may_count_as_a_number_or_stop_everything(flat):
    models = {"fine": GaussianNB(), "broken": FailsOn(3)}
    with pytest.warns(FitFailedWarning, match="count as 0.0"):
        comparison = compare(models, *flat, cv=3, error_score=0.0)
    assert comparison.frame.loc["broken", ["mean", "verdict"]].tolist() == [0.0, "worse"]
    with pytest.raises(RuntimeError, match="refused"):
        compare(models, *flat, cv=3, error_score="raise")


def test_nothing_to_compare_is_an_error_that_says_what_failed(flat):
    with (
        pytest.warns(FitFailedWarning),
        pytest.raises(ValueError, match=r"No candidate has a score.*The first error: RuntimeError: refused"),
    ):
        compare({"a": FailsOn(3), "b": FailsOn(4)}, *flat, cv=2)


def test_groups_reach_the_splitter_and_params_the_fit(flat):
    from sklearn.model_selection import GroupKFold

    X, y = flat
    comparison = compare([GaussianNB(), DummyClassifier()], X, y, cv=GroupKFold(2), groups=np.arange(len(y)) % 2)
    assert comparison.scores["n_test"].tolist() == [100] * 4
    only_zeros = {"sample_weight": (y == 0).astype(float)}
    weighted = compare(
        [DummyClassifier(), DecisionTreeClassifier()], X, y, cv=KFold(2), params=only_zeros, random_state=0
    )
    expected = np.mean([np.mean(y[test] == 0) for _, test in KFold(2).split(X)])
    assert weighted.frame["mean"].tolist() == pytest.approx([expected] * 2)


def test_metadata_is_routed_where_that_is_enabled(flat):
    X, y = flat
    with config_context(enable_metadata_routing=True):
        models = [
            make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
            for model in (
                DummyClassifier().set_fit_request(sample_weight=True),
                DecisionTreeClassifier().set_fit_request(sample_weight=True),
            )
        ]
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=False)
        only_zeros = {"sample_weight": (y == 0).astype(float)}
        comparison = compare(models, X, y, cv=KFold(2), scoring=scorer, params=only_zeros)
    assert comparison.frame["verdict"].tolist() == ["best", "identical scores"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"reference": "median"},
            r"reference='median' is no candidate. Choose one of \['GaussianNB', 'DummyClassifier'\]",
        ),
        ({"n_seeds": 0}, "'n_seeds' parameter of compare must be an int in the range"),
        ({"alpha": 1.5}, "'alpha' parameter of compare must be a float in the range"),
        ({"cv": [(np.arange(100), np.arange(100, 200))]}, "at least two different splits"),
    ],
)
def test_what_cannot_be_done_is_refused(flat, changed, message):
    with pytest.raises(ValueError, match=message):
        compare([GaussianNB(), DummyClassifier()], *flat, **changed)


def test_estimators_that_differ_only_in_seed_are_rarely_told_apart(flat):
    X, y = flat
    verdicts = [
        compare([ExtraTreeClassifier(random_state=s) for s in (run, run + 1000)], X, y, cv=3, random_state=run)
        .frame["verdict"]
        .iloc[1]
        for run in range(20)
    ]
    assert verdicts.count("worse") <= 3

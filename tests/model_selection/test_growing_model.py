import functools

import numpy as np
import pytest
import sklearn
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import accuracy_score, check_scoring, get_scorer, make_scorer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skimgcls import MLPClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.model_selection._growing_model import GrowingModel, is_of_sklearn, network_of
from skimgcls.model_selection._search_folds import search_folds

NET = {"hidden_units": (8,), "batch_size": 64, "max_epochs": 3, "random_state": 0, "n_jobs": 1}


def fold_of(X, y, **fit_params):
    return search_folds(X, y, KFold(2), split_params={}, fit_params=fit_params, score_params={})[0]


@pytest.fixture(name="fold")
def fold_of_digits(digits):
    return fold_of(*digits)


def own_scorer(estimator, X, y):
    return estimator.score(X, y)


# --------------------------------------------------------------------- train


def test_it_goes_on_from_where_it_stopped_and_ends_like_one_fit(fold, digits):
    X, y = digits
    model, network = GrowingModel(MLPClassifier(**NET), fold), MLPClassifier(**NET).fit(X[100:], y[100:])
    for epochs in (1, 3, 2, 3):
        model.train(epochs)
    assert model.epochs == 3
    np.testing.assert_array_equal(model.network.predict_proba(X), network.predict_proba(X))
    assert [row["train_loss"] for row in model.history] == network.history_["train_loss"].tolist()


def test_times_are_those_of_all_epochs(fold):
    model = GrowingModel(MLPClassifier(**NET), fold)
    model.train(1)
    first = model.facts()["fit_time"]
    model.train(2)
    assert model.facts()["fit_time"] > first > 0
    assert model.facts()["n_test_samples"] == 100


def test_an_error_ends_it_and_is_kept(fold):
    model = GrowingModel(MLPClassifier(**NET | {"lr": 1e30}), fold)
    model.train(2)
    error = model.error
    assert isinstance(error, DivergedError)
    assert "DivergedError: Training diverged in epoch 1" in model.facts()["fit_error"]
    model.train(3)
    assert model.error is error
    assert model.epochs == 0


def test_ctrl_c_is_no_error_of_the_candidate(fold):
    class Interrupted(MLPClassifier):
        def partial_fit(self, *args, **params):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        GrowingModel(Interrupted(), fold).train(1)


def test_parameters_of_fit_reach_every_epoch(digits):
    X, y = digits
    weights = np.arange(200.0)
    model = GrowingModel(MLPClassifier(**NET), fold_of(X, y, sample_weight=weights))
    model.train(3)
    expected = MLPClassifier(**NET).fit(X[100:], y[100:], sample_weight=weights[100:])
    np.testing.assert_array_equal(model.network.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("estimator", [SGDClassifier(random_state=0), SGDRegressor(random_state=0), MiniBatchKMeans(2)])
def test_estimators_of_others_get_arrays_and_the_classes(estimator, digits):
    X, y = digits[0].reshape(200, -1) / 16, digits[1]
    model = GrowingModel(make_pipeline(MinMaxScaler(), estimator), fold_of(X, y))
    model.train(2)
    assert model.error is None
    assert model.history is None
    assert not isinstance(estimator, SGDClassifier) or model.network.classes_.tolist() == list(range(10))
    assert np.isfinite(model.score(check_scoring(estimator), error_score="raise")["test_scores"])


# --------------------------------------------------------------------- score


@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss", own_scorer, ["accuracy", "neg_log_loss"]])
def test_scores_are_those_of_the_fitted_network(scoring, fold, digits):
    X, y = digits
    model, network = GrowingModel(MLPClassifier(**NET), fold), MLPClassifier(**NET).fit(X[100:], y[100:])
    model.train(3)
    scorer = check_scoring(MLPClassifier(), scoring)
    seen = model.score(scorer, error_score="raise", return_train_score=True)
    assert seen["test_scores"] == scorer(network, X[:100], y[:100])
    assert seen["train_scores"] == scorer(network, X[100:], y[100:])
    assert "train_scores" not in model.score(scorer, error_score="raise")


def test_scoring_in_between_does_not_change_what_is_learnt(digits):
    X, y = digits
    params = NET | {"norm": "batch", "dropout": 0.3}
    often, once = (GrowingModel(MLPClassifier(**params), fold_of(X, y)) for _ in range(2))
    for epochs in (1, 2, 3):
        often.train(epochs)
        often.score(get_scorer("accuracy"), error_score="raise", return_train_score=True)
    once.train(3)
    np.testing.assert_array_equal(often.network.predict_proba(X), once.network.predict_proba(X))


@pytest.mark.parametrize("steps", [1, 2])
def test_a_scorer_of_the_users_sees_the_whole_estimator_and_the_images_as_given(steps, digits):
    X, y = digits[0].reshape(200, -1), digits[1]
    seen = []

    def scorer(estimator, X, y):
        seen.append((estimator, X))
        return estimator.score(X, y)

    scaler = [("scaler", StandardScaler())][: steps - 1]
    model = GrowingModel(Pipeline([*scaler, ("clf", MLPClassifier(**NET))]), fold_of(X, y))
    model.train(3)
    scores = model.score(scorer, error_score="raise", return_train_score=True)
    whole = Pipeline([*scaler, ("clf", MLPClassifier(**NET))]).fit(X[100:], y[100:])
    assert (scores["test_scores"], scores["train_scores"]) == (
        whole.score(X[:100], y[:100]),
        whole.score(X[100:], y[100:]),
    )
    assert list(seen[0][0].named_steps) == ["scaler", "clf"][2 - steps :]
    np.testing.assert_array_equal(seen[0][1], X[:100])
    np.testing.assert_array_equal(seen[1][1], X[100:])


def test_a_scorer_that_fails_gives_the_error_score_with_a_warning(fold):
    def scorer(estimator, X, y):
        raise RuntimeError("mine")

    model = GrowingModel(MLPClassifier(**NET), fold)
    model.train(1)
    with pytest.warns(UserWarning, match="mine"):
        assert model.score(scorer, error_score=-1)["test_scores"] == -1
    with pytest.raises(RuntimeError, match="mine"):
        model.score(scorer, error_score="raise")


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (get_scorer("accuracy"), True),
        (make_scorer(accuracy_score), True),
        (check_scoring(MLPClassifier()), True),
        (check_scoring(MLPClassifier(), ["accuracy", "neg_log_loss"]), True),
        (own_scorer, False),
        (functools.partial(own_scorer), False),
        (lambda estimator, X, y: 0.0, False),
        (check_scoring(MLPClassifier(), {"a": "accuracy", "b": own_scorer}), False),
    ],
)
def test_scorers_of_sklearn_are_told_from_those_of_the_user(scorer, expected):
    assert is_of_sklearn(scorer) is expected


# ------------------------------------------------------------------ pipelines


def test_the_network_of_a_pipeline_is_its_last_step():
    network = MLPClassifier()
    assert network_of(network) is network
    assert network_of(make_pipeline(StandardScaler(), network)) is network


@pytest.mark.parametrize("estimator", [KMeans(), make_pipeline(StandardScaler(), KMeans()), Pipeline([("a", None)])])
def test_what_cannot_be_trained_by_epochs_is_refused_by_name(estimator):
    with pytest.raises(TypeError, match=r"(KMeans|NoneType) cannot be trained epoch by epoch: it has no partial_fit"):
        network_of(estimator)


@pytest.mark.parametrize("routing", [False, True])
def test_parameters_of_fit_are_divided_between_the_steps(routing, digits):
    X, y = digits[0].reshape(200, -1).astype(float), digits[1]
    weights = np.arange(200.0)
    with sklearn.config_context(enable_metadata_routing=routing):
        scaler, network = StandardScaler(), MLPClassifier(**NET)
        if routing:
            scaler.set_fit_request(sample_weight=True)
            network.set_fit_request(sample_weight=True)
            params = {"sample_weight": weights}
        else:
            params = {"scaler__sample_weight": weights, "clf__sample_weight": weights}
        pipeline = Pipeline([("scaler", scaler), ("clf", network)])
        model = GrowingModel(sklearn.clone(pipeline), fold_of(X, y, **params))
        model.train(3)
        assert model.error is None
        pipeline.fit(X[100:], y[100:], **dict.fromkeys(params, weights[100:]))
    np.testing.assert_array_equal(model._whole().predict_proba(X), pipeline.predict_proba(X))


def test_transformers_that_fail_end_the_candidate(digits):
    X = np.full((200, 64), "image")
    model = GrowingModel(make_pipeline(StandardScaler(), MLPClassifier()), fold_of(X, digits[1]))
    model.train(1)
    assert "could not convert string to float" in model.facts()["fit_error"]


# ---------------------------------------------------------------- recognising


def test_results_are_found_again_by_parameters_data_epochs_and_whatever_else_counts(digits):
    X, y = digits

    def key(X=X, epochs=2, what="accuracy", **params):
        return GrowingModel(MLPClassifier(**NET | params), fold_of(X, y)).key(epochs, what)

    others = [key(X + 1), key(epochs=3), key(what="f1"), key(lr=0.5), key(max_epochs=9)]
    assert key() == key()
    assert len({key(), *others}) == 6

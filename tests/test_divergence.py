"""Where training diverges or images are not finite there is an error, and never a score that looks plausible."""

import re

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from skimgcls import CNNClassifier, MLPClassifier, PretrainedClassifier
from skimgcls.exceptions import DivergedError

SMALL = {"batch_size": 16, "n_jobs": 1, "random_state": 0}
ESTIMATORS = {
    "MLP": MLPClassifier((16,), max_epochs=2, **SMALL),
    "CNN": CNNClassifier((8,), hidden_units=(16,), max_epochs=2, **SMALL),
    "Pretrained": PretrainedClassifier(
        "squeezenet1_1", weights=None, freeze=None, image_size=32, max_epochs=2, **SMALL
    ),
}
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
DIVERGING = [("sgd", 1e30), ("adam", 1e30)]
every_rate = pytest.mark.parametrize(("optimizer", "lr"), DIVERGING, ids=lambda value: f"{value}")
REMEDY = r"Lower lr \(try .*\), set gradient_clip=1.0, or look for extreme values in X"


@pytest.fixture
def images(digits):
    X, y = digits
    return X[:48], y[:48] % 3


def weights_of(model):
    return {name: value.clone() for name, value in model.net_.module_.state_dict().items()}


def assert_same_weights(model, weights):
    kept = model.net_.module_.state_dict()
    assert kept.keys() == weights.keys()
    assert all(torch.equal(kept[name], value) for name, value in weights.items())


# ---------------------------------------------------------------------- one fit


class KeepStart(Callback):
    """Keeps the weights that the last epoch started with, and of how many there were starts."""

    def __init__(self, starts):
        self.starts = starts

    def on_epoch_begin(self, net, **kwargs):
        self.starts.append({name: value.clone() for name, value in net.module_.state_dict().items()})


@every_rate
@every_estimator
def test_a_fit_ends_at_its_first_bad_epoch_with_the_weights_that_this_epoch_started_with(
    estimator, optimizer, lr, images
):
    starts = []
    params = {"optimizer": optimizer, "lr": lr, "max_epochs": 30, "callbacks": [KeepStart(starts)]}
    model = clone(estimator).set_params(**params)
    with pytest.raises(
        DivergedError, match=rf"Training diverged in epoch \d+: .*lr={re.escape(f'{lr:g}')}\..*{REMEDY}"
    ) as raised:
        model.fit(*images)
    assert f"epoch {len(starts)}:" in str(raised.value)
    assert model.n_epochs_ == len(model.history_) == len(starts) - 1 < 29
    assert all(np.isfinite(row["train_loss"]) for row in model.net_.history)
    assert_same_weights(model, starts[-1])
    assert all(value.isfinite().all() for value in starts[-1].values())


@every_rate
@every_estimator
@pytest.mark.parametrize("going_on", ["partial_fit", "warm start"])
def test_a_trained_model_predicts_as_before_and_trains_on_after_going_on_has_diverged(
    estimator, optimizer, lr, going_on, images
):
    X, y = images
    model = clone(estimator).set_params(optimizer=optimizer, lr=1e-3).fit(X, y)
    expected, weights = model.predict_proba(X), weights_of(model)
    model.set_params(lr=lr, warm_start=going_on == "warm start")
    with pytest.raises(DivergedError, match=rf"epoch 3: .*{REMEDY}"):
        getattr(model, "partial_fit" if going_on == "partial_fit" else "fit")(X, y)
    assert model.n_epochs_ == 2
    assert_same_weights(model, weights)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    assert model.set_params(lr=1e-3).partial_fit(X, y).n_epochs_ == 3
    model.set_params(warm_start=False).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@every_estimator
@pytest.mark.parametrize("lr", [1e4, 1e6, 1e8])
def test_a_rate_that_is_far_too_high_is_never_trained_with_in_silence(estimator, lr, images):
    model = clone(estimator).set_params(optimizer="sgd", lr=lr, max_epochs=10)
    with pytest.raises((DivergedError, ConvergenceWarning), match="Lower lr"):  # which is an error in tests
        model.fit(*images)
    try:
        assert np.isfinite(model.predict_proba(images[0])).all()
    except ValueError as error:
        assert "predicted values that are not finite" in str(error)  # noqa: PT017 either will do


class SpoilWeights(Callback):
    """Does to the network, in the middle of an epoch, what an overflow would."""

    def __init__(self, epoch, value, kind):
        self.epoch = epoch
        self.value = value
        self.kind = kind

    def on_batch_end(self, net, training=None, **kwargs):
        if training and len(net.history) == self.epoch:
            tensors = net.module_.parameters() if self.kind == "parameter" else net.module_.buffers()
            with torch.no_grad():
                next(each for each in tensors if each.is_floating_point()).view(-1)[0] = self.value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["parameter", "buffer"])
def test_one_value_in_a_parameter_or_a_buffer_is_enough(kind, value, images):
    model = clone(ESTIMATORS["CNN"]).set_params(max_epochs=5, callbacks=[SpoilWeights(3, value, kind)])
    with pytest.raises(DivergedError, match="epoch 3"):
        model.fit(*images)
    until_then = clone(ESTIMATORS["CNN"]).set_params(max_epochs=2).fit(*images)
    np.testing.assert_array_equal(model.predict_proba(images[0]), until_then.predict_proba(images[0]))


# ------------------------------------------------------------- searches and pipelines


def in_pipeline(estimator):
    return make_pipeline(FunctionTransformer(), estimator)


WAYS = {"alone": (lambda estimator: estimator, "lr"), "in a pipeline": (in_pipeline, "mlpclassifier__lr")}
every_way = pytest.mark.parametrize(("wrap", "name"), WAYS.values(), ids=WAYS)
SGD = clone(ESTIMATORS["MLP"]).set_params(optimizer="sgd", max_epochs=20)


@every_way
@pytest.mark.filterwarnings("ignore:One or more of the (test|train) scores are non-finite")
def test_a_search_gives_a_diverged_candidate_no_score_and_goes_on(wrap, name, images):
    search = GridSearchCV(wrap(SGD), {name: [1e30, 0.01, 1e35]}, cv=2, error_score=np.nan, return_train_score=True)
    with pytest.warns(FitFailedWarning, match=r"(?s)4 fits failed out of a total of 6.*DivergedError.*Lower lr"):
        search.fit(*images)
    for column in ("mean_test_score", "split0_test_score", "split1_test_score", "mean_train_score"):
        np.testing.assert_array_equal(np.isnan(search.cv_results_[column]), [True, False, True])
    assert search.best_params_ == {name: 0.01}
    assert search.predict(images[0]).shape == (48,)


@every_way
def test_a_number_as_error_score_is_what_a_diverged_candidate_gets(wrap, name, images):
    search = GridSearchCV(wrap(SGD), {name: [1e30, 0.01]}, cv=2, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="will be set to -1.0"):
        search.fit(*images)
    assert search.cv_results_["mean_test_score"][0] == -1.0
    assert search.best_params_ == {name: 0.01}


@every_way
def test_where_errors_are_to_be_raised_the_search_raises_the_divergence(wrap, name, images):
    search = GridSearchCV(wrap(SGD), {name: [0.01, 1e30]}, cv=2, error_score="raise")
    with pytest.raises(DivergedError, match=REMEDY):
        search.fit(*images)
    assert not hasattr(search, "best_estimator_")


@every_way
def test_a_cross_validation_that_diverges_in_each_fold_has_no_scores(wrap, name, images):
    model = wrap(SGD).set_params(**{name: 1e30})
    with pytest.raises(ValueError, match=r"(?s)All the 2 fits failed.*DivergedError.*Lower lr"):
        cross_validate(model, *images, cv=2)
    with pytest.raises(DivergedError, match=REMEDY):
        cross_validate(model, *images, cv=2, error_score="raise")


# ---------------------------------------------------------------- images that are not finite

FORMS = {
    "array": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "rows": lambda X: X.reshape(len(X), -1),
    "tensor": torch.from_numpy,
    "list": lambda X: X.tolist(),
}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("form", FORMS)
@every_way
def test_one_bad_pixel_gives_no_fold_a_score(wrap, name, form, value, images):
    X = images[0].astype(np.float64)
    X[30, 3, 4] = value
    X, y = FORMS[form](X), images[1]
    with pytest.warns() as warned:  # one fold cannot be fitted, and the other not be scored
        scores = cross_validate(wrap(ESTIMATORS["MLP"]), X, y, cv=2)["test_score"]
    assert np.isnan(scores).all()
    told = "\n".join(str(each.message) for each in warned)
    assert "1 fits failed" in told
    assert "Scoring failed" in told
    assert told.count("Input X contains") >= 2


@every_way
def test_a_trained_model_scores_no_image_that_is_not_finite(wrap, name, images):
    X, y = images
    model = wrap(clone(ESTIMATORS["MLP"])).fit(X, y)
    X = X.astype(np.float64)
    X[5, 0, 0] = np.nan
    for call in (lambda: model.predict(X), lambda: model.predict_proba(X), lambda: model.score(X, y)):
        with pytest.raises(ValueError, match=r"Input X contains NaN.* 1 of 48 images, the first is X\[5\]"):
            call()


def test_weights_that_overflow_at_predict_are_an_error_and_no_score(images):
    model = clone(ESTIMATORS["CNN"]).fit(*images)
    with torch.no_grad():
        for parameter in model.net_.module_.parameters():
            parameter.fill_(1e30)
    for call in (model.predict, model.predict_proba, lambda X: model.score(X, images[1])):
        with pytest.raises(
            ValueError, match=r"predicted values that are not finite for \d+ of 48 images.*extreme values"
        ):
            call(images[0])

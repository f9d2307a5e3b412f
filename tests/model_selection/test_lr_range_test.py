import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import CNNClassifier, MLPClassifier
from skimgcls.exceptions import DivergedError
from skimgcls.model_selection import _lr_range_test, lr_range_test

SMALL = {"hidden_units": 32, "batch_size": 32, "random_state": 0}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_suggestion_trains_better_than_rates_far_from_it(digits, optimizer):
    model = MLPClassifier(optimizer=optimizer, max_epochs=3, **SMALL)
    found = lr_range_test(model, *digits).suggestion_
    scores = [model.set_params(lr=lr).fit(*digits).score(*digits) for lr in (found / 1000, found)]
    assert scores[1] > scores[0] + 0.3


def test_the_estimator_and_its_callbacks_are_left_alone(digits):
    class Forbidden:
        def on_epoch_end(self, *args, **kwargs):
            raise AssertionError

    model = MLPClassifier(
        callbacks=[Forbidden()], early_stopping=True, lr_schedule="onecycle", time_limit=1e-9, **SMALL
    )
    before = model.get_params()
    display = lr_range_test(model, *digits, n_steps=30)
    assert model.get_params() == before
    assert not hasattr(model, "net_")
    assert len(display.frame) > 10


def test_equal_seeds_give_equal_courses_and_rates_are_even_on_a_logarithmic_scale(digits):
    first, second = (lr_range_test(MLPClassifier(**SMALL), *digits, n_steps=50).frame for _ in range(2))
    assert first.equals(second)
    np.testing.assert_allclose(first["lr"], np.geomspace(1e-6, 1, 50)[: len(first)])


def test_in_pipelines_the_steps_before_are_fitted_once(digits):
    calls = []

    def halve(X):
        calls.append(len(X))
        return X // 2

    inner = make_pipeline(FunctionTransformer(halve), CNNClassifier(conv_channels=(4,), **SMALL))
    display = lr_range_test(make_pipeline(inner), *digits, n_steps=40)
    assert calls == [200]
    assert display.suggestion_ > 0


@pytest.mark.filterwarnings("ignore:lr_range_test")
def test_weights_reach_fit_and_any_optimizer_will_do(digits):
    import torch

    X, y = digits
    model = MLPClassifier(optimizer=torch.optim.Adagrad, **SMALL)
    plain = lr_range_test(model, X, y, n_steps=20).frame["loss"]
    weighted = lr_range_test(model, X, y, n_steps=20, sample_weight=np.where(y < 5, 1.0, 3.0)).frame["loss"]
    assert not np.allclose(plain, weighted[: len(plain)])


def test_a_course_that_is_not_complete_is_warned_of(digits):
    with pytest.warns(UserWarning, match=r"still fell at the end\. Raise max_lr"):
        lr_range_test(MLPClassifier(**SMALL), *digits, max_lr=3e-3)
    with pytest.warns(UserWarning, match="never fell"):
        lr_range_test(MLPClassifier(**SMALL), *digits, max_lr=1e-5)


def test_weights_that_explode_at_the_end_of_an_epoch_are_an_end_like_any_other(digits, monkeypatch):
    fit = MLPClassifier.fit

    def fit_and_diverge(self, *args):
        fit(self, *args)
        raise DivergedError("weights")

    monkeypatch.setattr(MLPClassifier, "fit", fit_and_diverge)
    assert lr_range_test(MLPClassifier(**SMALL), *digits).suggestion_ > 0


def test_a_loss_that_explodes_at_once_is_an_error(digits, monkeypatch):
    monkeypatch.setattr(_lr_range_test, "_losses_at", lambda *_: [2.3, np.inf])
    with pytest.raises(ValueError, match=r"exploded at batch 2, with lr=1\.1e-06.* Lower min_lr \(try 1e-09\)"):
        lr_range_test(MLPClassifier(**SMALL), *digits)


@pytest.mark.parametrize("estimator", [LogisticRegression(), GridSearchCV(MLPClassifier(), {}), MLPClassifier])
def test_what_is_no_network_is_refused(estimator, digits):
    with pytest.raises(TypeError, match="image classifier of this library"):
        lr_range_test(estimator, *digits)


@pytest.mark.parametrize("params", [{"min_lr": 1.0}, {"n_steps": 9}, {"max_lr": 0}])
def test_bad_parameters_are_refused(params, digits):
    with pytest.raises(ValueError, match=next(iter(params))):
        lr_range_test(MLPClassifier(), *digits, **params)


def test_weights_are_routed_to_the_network(digits):
    X, y = digits
    weights = np.where(y < 5, 1.0, 3.0)
    with config_context(enable_metadata_routing=True):
        network = MLPClassifier(**SMALL).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), network)
        routed = lr_range_test(pipeline, X, y, n_steps=20, sample_weight=weights).frame["loss"]
    plain = lr_range_test(MLPClassifier(**SMALL), X, y, n_steps=20, sample_weight=weights).frame["loss"]
    assert routed.tolist() == plain.tolist()

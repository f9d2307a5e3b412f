"""Searches of every kind on the digits, each over in a fraction of a second, reports, and a reader of pages."""

import re

import numpy as np
import optuna
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier, evaluate
from skimgcls.datasets import load_digit_images
from skimgcls.preprocessing import Compose, RandomCrop, RandomFlip
from skimgcls.reports import evaluate_cv


@pytest.fixture(scope="session")
def digits():
    """400 images (400, 8, 8) and their labels."""
    X, y = load_digit_images(return_X_y=True)
    return X[:400], y[:400]


@pytest.fixture(scope="session")
def mlp():
    return MLPClassifier(hidden_units=(16,), max_epochs=2, random_state=0)


@pytest.fixture(scope="session")
def grid_search(mlp, digits):
    return GridSearchCV(mlp, {"optimizer": ["sgd", "adam"], "lr": [1e-3, 1e-2, 1e-1]}, cv=2).fit(*digits)


@pytest.fixture(scope="session")
def random_search(mlp, digits):
    space = {
        "lr": loguniform(1e-3, 1e-1),
        "hidden_units": [(8,), (16, 8)],
        "batch_size": [32, 64],
        "augment": [None, "light", Compose([RandomFlip(), RandomCrop(padding=1)])],
    }
    return RandomizedSearchCV(mlp, space, n_iter=24, cv=2, random_state=0).fit(*digits)


@pytest.fixture(scope="session")
def several_metrics(mlp, digits):
    scoring = ["accuracy", "f1_macro", "neg_log_loss"]
    return GridSearchCV(mlp, {"lr": [1e-3, 1e-1]}, cv=2, scoring=scoring, refit="f1_macro").fit(*digits)


@pytest.fixture(scope="session")
def pipeline_search(mlp, digits):
    pipeline = make_pipeline(FunctionTransformer(), mlp)
    space = {"functiontransformer__func": [None, np.sqrt], "mlpclassifier__hidden_units": [(8,), (32,)]}
    return GridSearchCV(pipeline, space, cv=2).fit(*digits)


@pytest.fixture(scope="session")
def one_candidate(mlp, digits):
    return GridSearchCV(mlp, {"lr": [0.01]}, cv=2).fit(*digits)


@pytest.fixture(scope="session")
def halving_search(mlp, digits):
    space = {"optimizer": ["sgd", "adam"], "lr": [1e-3, 1e-1]}
    return HalvingGridSearchCV(mlp, space, cv=2, factor=2, min_resources=200, random_state=0).fit(*digits)


@pytest.fixture(scope="session")
def cross_validated(mlp, digits):
    return cross_validate(mlp, *digits, cv=2, return_estimator=True)


@pytest.fixture(scope="session")
def fitted_mlp(digits):
    X, y = digits
    return MLPClassifier(hidden_units=(32,), lr=0.01, max_epochs=5, validation_fraction=0.2, random_state=0).fit(
        X[:250], y[:250]
    )


@pytest.fixture(scope="session")
def report(fitted_mlp, digits):
    X, y = digits
    return evaluate(fitted_mlp, X[250:], y[250:], n_bootstrap=50)


@pytest.fixture(scope="session")
def report_html(report):
    return report.to_html()


@pytest.fixture(scope="session")
def cv_report(mlp, digits):
    result = cross_validate(mlp, *digits, cv=3, return_estimator=True, return_indices=True)
    return evaluate_cv(result, *digits, n_bootstrap=50)


@pytest.fixture(scope="session")
def study():
    """Twelve trials of three values each, of which the worse ones were pruned after the first."""

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        quality = (
            0.9
            - 0.1 * abs(np.log10(lr) + 2)
            - 0.05 * (trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd")
        )
        quality += 0.001 * trial.suggest_int("batch_size", 16, 64, step=16)
        for step in range(3):
            trial.report(quality * (step + 1) / 3, step)
            if trial.number > 3 and quality < 0.8:
                raise optuna.TrialPruned
        return quality

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=12)
    optuna.logging.set_verbosity(verbosity)
    return study


@pytest.fixture(scope="session")
def failed_search(mlp, digits):
    """Two candidates that no scorer could score."""

    def no_score(estimator, X, y):
        raise RuntimeError("no score")

    search = GridSearchCV(mlp, {"lr": [0.01, 0.1]}, cv=2, scoring=no_score, refit=False)
    with pytest.warns(UserWarning, match=r"Scoring failed|scores are non-finite"):
        search.fit(*digits)
    return search


@pytest.fixture(scope="session")
def text_of():
    """The text of a page, in one line."""

    def read(html):
        body = re.sub(r"<(style|title)>.*?</\1>", "", html, flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]*>", " ", body).split())

    return read

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import optuna
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection import CandidateCurvesDisplay


def history(n_epochs=4, speed=1.0, valid=True):
    epochs = np.arange(1, n_epochs + 1)
    table = {"epoch": epochs, "train_loss": 1 / (speed * epochs), "train_accuracy": 1 - 0.5 / (speed * epochs)}
    table |= {"valid_loss": 1.1 / (speed * epochs), "valid_accuracy": 0.9 - 0.5 / (speed * epochs)} if valid else {}
    return pd.DataFrame(table)


def test_validation_is_drawn_where_all_have_it():
    display = CandidateCurvesDisplay({"slow": history(), "fast": history(speed=2)}).plot()
    assert [ax.get_ylabel() for ax in display.axes_] == ["validation loss (nats)", "validation accuracy"]
    np.testing.assert_allclose(display.curves_["loss"]["slow"], history()["valid_loss"])
    display = CandidateCurvesDisplay({"slow": history(), "fast": history(valid=False)}).plot()
    assert [ax.get_ylabel() for ax in display.axes_] == ["training loss (nats)", "training accuracy"]


def test_folds_are_averaged_as_far_as_all_went():
    folds = [history(4), history(3, speed=2)]
    curve = CandidateCurvesDisplay({"a": folds}).plot().curves_["loss"]["a"]
    np.testing.assert_allclose(curve, (folds[0]["valid_loss"][:3] + folds[1]["valid_loss"]) / 2)
    assert curve.index.tolist() == [1, 2, 3]


def test_the_best_six_are_in_colour_and_named():
    display = CandidateCurvesDisplay({f"candidate {i}": history(speed=i) for i in range(1, 31)}).plot()
    names = [text.get_text() for text in display.axes_[1].texts]
    assert names == [f"candidate {i}" for i in range(30, 24, -1)]
    assert "30 candidates; the best 6 in colour" in display.axes_[0].get_title(loc="left")
    assert len(display.axes_[1].lines) == 30


def test_names_do_not_overlap(overlaps):
    display = CandidateCurvesDisplay({f"a rather long name of candidate {i}": history() for i in range(8)}).plot()
    assert not overlaps(display.axes_[1])


def test_loss_alone_makes_one_panel_and_the_lowest_is_best():
    only_loss = {f"{i}": history(speed=i)[["train_loss"]] for i in range(1, 9)}
    ax = plt.subplots()[1]
    display = CandidateCurvesDisplay(only_loss).plot(ax=ax)
    assert display.axes_.tolist() == [ax]
    assert ax.texts[0].get_text() == "8"


def test_estimators_are_named_for_what_differs(digits):
    X, y = digits
    models = [MLPClassifier((8,), max_epochs=2, lr=lr, random_state=0).fit(X, y) for lr in (0.001, 0.01)]
    display = CandidateCurvesDisplay.from_estimators(models)
    assert list(display.curves_["loss"]) == ["lr=0.001", "lr=0.01"]
    inside = make_pipeline(FunctionTransformer(), models[0])
    display = CandidateCurvesDisplay.from_estimators({"one": [inside, models[1]], "two": models[1]})
    assert list(display.curves_["loss"]) == ["one", "two"]
    same = CandidateCurvesDisplay.from_estimators([models[0], models[0]])
    assert len(same.curves_["loss"]) == 2


def test_the_folds_of_cross_validate_are_lines(digits):
    results = cross_validate(MLPClassifier((8,), max_epochs=2), *digits, cv=2, return_estimator=True)
    assert list(CandidateCurvesDisplay.from_search(results).curves_["loss"]) == ["fold 1", "fold 2"]


def test_what_trials_reported_is_drawn():
    study = optuna.create_study(direction="maximize")
    for lr, values in ((0.1, {0: 0.5, 1: 0.7}), (0.2, {0: 0.3})):
        space = {"lr": optuna.distributions.FloatDistribution(0, 1)}
        study.add_trial(
            optuna.trial.create_trial(value=0.5, params={"lr": lr}, distributions=space, intermediate_values=values)
        )
    display = CandidateCurvesDisplay.from_search(study)
    assert display.curves_["score"]["lr=0.1"].to_dict() == {1: 0.5, 2: 0.7}
    assert display.axes_[0].get_ylabel() == "score so far"
    silent = optuna.create_study()
    silent.add_trial(optuna.trial.create_trial(value=0.5))
    with pytest.raises(ValueError, match="No trial reported"):
        CandidateCurvesDisplay.from_search(silent)


def test_a_search_that_kept_histories_is_drawn(guesser, blank_images):
    search = GridSearchCV(guesser(), {"quality": [0.1, 0.2]}, cv=2).fit(*blank_images)
    with pytest.raises(ValueError, match="kept no learning curves"):
        CandidateCurvesDisplay.from_search(search)
    search.histories_ = [[history(), history()], [history(speed=2)] * 2]
    assert list(CandidateCurvesDisplay.from_search(search).curves_["loss"]) == ["quality=0.1", "quality=0.2"]


def test_a_diverged_candidate_does_not_squeeze_the_others():
    diverged = history().assign(valid_loss=[2.0, 50.0, 500.0, 5000.0])
    display = CandidateCurvesDisplay({"good": history(), "better": history(speed=2), "bad": diverged}).plot()
    assert display.axes_[0].get_ylim()[1] < 10


def test_what_has_no_history_is_refused():
    with pytest.raises(ValueError, match="SimpleNamespace has no training history"):
        CandidateCurvesDisplay.from_estimators({"a": SimpleNamespace()})
    for empty in ({}, {"a": pd.DataFrame({"seconds": [1.0]})}):
        with pytest.raises(ValueError, match="share no loss"):
            CandidateCurvesDisplay(empty).plot()

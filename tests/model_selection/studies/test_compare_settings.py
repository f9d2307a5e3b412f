import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection import compare_settings

NET = MLPClassifier(hidden_units=8, max_epochs=2, random_state=0)
PIPELINE = make_pipeline(FunctionTransformer(), NET)
OPTIONS = {"cv": 2, "random_state": 0}


def test_losses_that_are_equal_by_construction_are_said_to_be_so(digits):
    pipeline = clone(PIPELINE).set_params(mlpclassifier__lr=0.05, mlpclassifier__batch_size=16)
    study = compare_settings(pipeline, *digits, "criterion", ["cross_entropy", "nll", "focal"], **OPTIONS)
    assert study.frame.index.tolist() == ["cross_entropy", "nll", "focal"]
    verdict = study.frame.loc["nll", "verdict"]
    assert verdict == "identical scores" or verdict.endswith("same scores as cross_entropy")
    axes = study.plot().axes_
    assert "each by its own loss" in axes["loss"].get_title(loc="left")
    assert [text.get_text() for text in axes["accuracy"].texts] == ["cross_entropy, nll", "focal"]


def test_epochs_are_a_number_on_an_axis_and_longer_training_goes_on_where_shorter_ended(digits):
    study = compare_settings(NET, *digits, "max_epochs", [4, 1], **OPTIONS)
    assert study.frame["epochs"].tolist() == [4, 1]
    curves = study.curves.set_index(["candidate", "fold", "epoch"])["train_loss"]
    assert curves["max_epochs=4", 0, 1] == curves["max_epochs=1", 0, 1]
    axes = study.plot().axes_
    assert [label.get_text() for label in axes["scores"].get_xticklabels()] == ["1", "4"]
    assert axes["loss"].get_title(loc="left") == "lines: validation; dashes: training"


def test_the_picture_has_scores_of_training_and_test(digits):
    study = compare_settings(NET, *digits, "activation", ["relu", "tanh"], **OPTIONS)
    ax = study.plot().axes_["scores"]
    shown = [container.lines[0].get_ydata().tolist() for container in ax.containers]
    assert shown == [study.frame["train_score"].tolist(), study.frame["score"].tolist()]
    assert ax.get_ylabel() == "accuracy"


@pytest.mark.parametrize("parameter", ["hidden_units", "mlpclassifier__hidden_units"])
def test_any_parameter_will_do_with_or_without_what_the_pipeline_puts_before_it(digits, parameter):
    study = compare_settings(PIPELINE, *digits, parameter, [(8,), (8, 4)], **OPTIONS)
    assert study.frame["hidden_units"].tolist() == ["(8,)", "(8, 4)"]
    assert study.plot().axes_["scores"].get_xlabel() == "hidden_units"


def test_scoring_and_seeds_are_those_of_compare(digits):
    study = compare_settings(NET, *digits, "lr", [1e-3, 1e-2], scoring="neg_log_loss", n_seeds=2, **OPTIONS)
    assert len(study.comparison.scores) == 2 * 2 * 2
    assert (study.frame["score"] < 0).all()
    assert study.plot().axes_["scores"].get_ylabel() == "neg log loss"


@pytest.mark.parametrize(
    ("parameter", "values", "message"),
    [
        ("activation", "relu", "values must be a list of values"),
        ("activation", ["relu"], "at least 2 values"),
        ("activation", ["relu", "softmax"], "'activation' parameter of MLPClassifier must be"),
        ("activations", ["relu", "tanh"], "MLPClassifier has no parameter 'activations'"),
    ],
)
def test_what_cannot_be_compared_is_refused(digits, parameter, values, message):
    with pytest.raises(ValueError, match=message):
        compare_settings(NET, *digits, parameter, values)


def test_a_parameter_is_a_name(digits):
    with pytest.raises(TypeError, match="parameter must be the name of one"):
        compare_settings(NET, *digits, ["relu"], ["relu", "tanh"])

import warnings

import pytest
import torch
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skimgcls import MLPClassifier
from skimgcls.model_selection import SearchHeatMapDisplay, compare_optimizers

NET = MLPClassifier(hidden_units=8, max_epochs=2, random_state=0)
OPTIONS = {"cv": 2, "random_state": 0}


@pytest.fixture(scope="module")
def study(digit_scans):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        return compare_optimizers(
            make_pipeline(FunctionTransformer(), NET), *digit_scans, optimizers=["sgd", "adam"], lrs=[1e30, 1e-2, 1e-1],
            **OPTIONS,
        )  # fmt: skip


def test_each_optimizer_meets_each_learning_rate(study):
    pairs = [(optimizer, lr) for optimizer in ("sgd", "adam") for lr in (1e30, 1e-2, 1e-1)]
    assert study.frame[["optimizer", "lr"]].apply(tuple, axis=1).tolist() == pairs
    assert study.frame.index[1] == "sgd, lr=0.01"
    assert study.frame.loc["sgd, lr=1e30", "verdict"] == "diverged in 2 of 2 fits"


def test_the_picture_has_a_map_and_curves_of_each_optimizer_named_by_learning_rate(study, overlaps):
    axes = study.plot().axes_
    assert set(axes) == {"scores", "sgd loss", "sgd accuracy", "adam loss", "adam accuracy"}
    assert "diverged" in [text.get_text() for text in axes["scores"].texts]
    assert sorted(text.get_text() for text in axes["sgd accuracy"].texts) == ["0.01", "0.1"]
    assert axes["sgd accuracy"].get_ylim() == axes["adam accuracy"].get_ylim()
    assert overlaps(axes["adam accuracy"]) == []


def test_the_frame_can_go_to_the_displays_of_searches(study):
    cells = SearchHeatMapDisplay.from_frame(study.frame, x="lr", y="optimizer").cells_
    assert cells.loc["adam", "0.1"] == study.frame.loc["adam, lr=0.1", "score"]


def test_one_optimizer_at_several_rates_has_no_map(digits):
    study = compare_optimizers(NET, *digits, optimizers=[torch.optim.SGD], lrs=[1e-2, 1e-1], **OPTIONS)
    assert study.frame.index.tolist() == ["SGD, lr=0.01", "SGD, lr=0.1"]
    assert study.plot().axes_["scores"].get_xlabel() == "lr"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"optimizers": "adam"}, "optimizers must be a list"),
        ({"lrs": 0.1}, "lrs must be a list"),
        ({"lrs": [0.1, 0.1]}, "lrs holds 0.1 twice"),
        ({"lrs": ["0.1", 0.2]}, "The 'lr' parameter of MLPClassifier must be"),
        ({"lrs": []}, "lrs must hold at least 1"),
        ({"optimizers": ["adam"], "lrs": [0.1]}, "at least two candidates"),
    ],
)
def test_what_is_no_comparison_is_refused(digits, changed, message):
    with pytest.raises(ValueError, match=message):
        compare_optimizers(NET, *digits, **changed)

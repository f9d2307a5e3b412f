import pickle

import numpy as np
import pandas as pd
import pytest

from skimgcls.model_selection import Comparison
from skimgcls.model_selection.studies import Study
from skimgcls.model_selection.studies._study import CURVE_COLUMNS

SCORES = {"first": [0.80, 0.82, 0.84], "second": [0.70, 0.73, 0.75], "again": [0.70, 0.73, 0.75]}


def draw_nothing(study, ax):
    import matplotlib.pyplot as plt

    return {"only": plt.subplots()[1] if ax is None else ax}


def make_study(errors=None, scores=SCORES):
    rows = [
        {
            "candidate": name, "seed": 0, "fold": fold, "split": fold, "n_train": 20, "n_test": 10, "score": score,
            "train_score": 0.9, "fit_seconds": 1.0 + fold, "score_seconds": 0.1, "epochs": 2,
        }
        for name, own in scores.items()
        for fold, score in enumerate(own)
    ]  # fmt: skip
    for fold, error in enumerate(errors or ()):
        rows.append(
            rows[0] | {"candidate": "broken", "fold": fold, "split": fold, "score": np.nan, "train_score": np.nan,
                       "error": error}
        )  # fmt: skip
    names = [*scores, *(["broken"] if errors else [])]
    comparison = Comparison(pd.DataFrame(rows), metric_label="accuracy")
    curves = pd.DataFrame(columns=CURVE_COLUMNS)
    return Study(comparison, curves, candidates=names[::-1], parameters={"lr": range(len(names))}, draw=draw_nothing)


def test_the_frame_has_a_row_for_each_candidate_in_the_order_given():
    frame = make_study().frame
    assert frame.index.tolist() == ["again", "second", "first"]
    assert frame.columns.tolist() == [
        "lr", "score", "score_std", "train_score", "train_score_std", "gap", "epochs", "epochs_std", "fit_seconds",
        "fit_seconds_std", "seconds_per_epoch", "difference", "verdict",
    ]  # fmt: skip
    first = frame.loc["first"]
    assert first[["score", "score_std", "train_score", "gap"]].tolist() == pytest.approx([0.82, 0.02, 0.9, 0.08])
    assert first[["fit_seconds", "fit_seconds_std", "seconds_per_epoch"]].tolist() == [2.0, 1.0, 1.0]


def test_candidates_of_equal_scores_are_said_to_be_so():
    verdicts = make_study().frame["verdict"]
    assert verdicts["first"] == "best"
    assert verdicts["second"] == f"{verdicts['again']}; same scores as again"


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        (["DivergedError: loss is nan"] * 3, "diverged in 3 of 3 fits"),
        (["ValueError: no", "DivergedError: nan", "ValueError: no"], "no score from 3 of 3 fits"),
    ],
)
def test_candidates_that_failed_say_how(errors, verdict):
    study = make_study(errors)
    assert study.frame.loc["broken", "verdict"] == verdict
    assert np.isnan(study.frame.loc["broken", "gap"])
    (line,) = [line for line in repr(study).splitlines() if line.startswith("broken")]
    assert "–" in line
    assert verdict in line


def test_it_shows_a_table_and_a_picture_and_leaves_no_figure_open():
    import matplotlib.pyplot as plt

    html = make_study()._repr_html_()
    assert html.count("<tr") == 4
    assert '<img src="data:image/png;base64,' in html
    assert plt.get_fignums() == []


def test_few_splits_that_found_nothing_say_what_would():
    scores = {"first": [0.8, 0.7, 0.9], "second": [0.7, 0.8, 0.8]}
    assert "n_seeds=3 finds smaller ones" in repr(make_study(scores=scores))
    assert "n_seeds" not in repr(make_study(scores={name: [*each, *each] for name, each in scores.items()}))


def test_it_can_be_pickled():
    study = pickle.loads(pickle.dumps(make_study()))
    assert list(study.plot().axes_) == ["only"]

import pandas as pd
import pytest

from skimgcls.model_selection import CostEstimate
from skimgcls.model_selection._cost_estimate import _duration


def estimate(**changes):
    fields = {
        "n_candidates": 12,
        "n_folds": 3,
        "n_fits": 36,
        "epochs": 9.0,
        "seconds_per_epoch": 0.12,
        "seconds_beside": 0.05,
        "n_parallel": 1,
        "seconds": 40.68,
        "refit_seconds": 3.0,
        "at_most": False,
        "device": "cpu",
        "n_threads": 2,
        "frame": pd.DataFrame({"batch_size": [64, 256], "seconds_per_epoch": [0.16, 0.08]}),
    }
    return CostEstimate(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "36 fits x (9 epochs x 0.12 s + 0.05 s) = 41 s on cpu (2 threads), 44 s with the refit"),
        ({"refit_seconds": 0.0, "device": "cuda:0", "n_threads": None},
         "36 fits x (9 epochs x 0.12 s + 0.05 s) = 41 s on cuda:0"),
        ({"n_parallel": 2, "seconds": 20.3, "n_threads": None},
         "36 fits x (9 epochs x 0.12 s + 0.05 s), 2 at a time: 20 s on cpu, 23 s with the refit"),
        ({"at_most": True, "epochs": 4.5, "n_threads": 1, "refit_seconds": 0.0},
         "36 fits x (up to 4.5 epochs x 0.12 s + 0.05 s) = up to 41 s on cpu (1 thread)"),
        ({"epochs": None, "device": None, "n_threads": None, "seconds_beside": 1.13, "n_fits": 1, "refit_seconds": 0.0},
         "1 fit x 1.1 s = 41 s"),
    ],
)  # fmt: skip
def test_it_reads_as_a_sentence(changes, text):
    assert repr(estimate(**changes)) == text


def test_in_a_notebook_the_combinations_that_were_measured_follow():
    assert "<td>256</td>" in estimate()._repr_html_()
    assert "<table" not in estimate(frame=estimate().frame.head(1))._repr_html_()
    assert "&lt;x&gt;" in estimate(device="<x>")._repr_html_()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123, "0.012 s"), (9.96, "10 s"), (119.4, "119 s"), (200, "3.3 min"), (3600, "60 min"), (9000, "2.5 h"),
     (10 * 86400, "10 days")],
)  # fmt: skip
def test_durations_have_a_unit_that_suits_them(seconds, text):
    assert _duration(seconds) == text

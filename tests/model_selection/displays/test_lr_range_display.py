import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skimgcls.model_selection import LrRangeDisplay


def course(lowest=1e-2, highest=1.0, n=100, noise=0.02):
    """A loss that is level, falls to a minimum, and explodes a decade later."""
    lrs = np.geomspace(1e-6, highest, n)
    decades = np.log10(lrs / lowest)
    losses = 0.7 + 1.7 / (1 + np.exp(4 * (decades + 1))) + np.exp(4 * (decades - 1))
    return pd.DataFrame({"lr": lrs, "loss": losses + np.random.default_rng(0).normal(0, noise, n)})


def test_both_suggestions_are_where_they_should_be():
    display = LrRangeDisplay(course())
    assert display.suggestions_["steepest descent"] == pytest.approx(1e-3, rel=0.5)
    assert display.suggestions_["a tenth of the lowest"] == pytest.approx(1e-3, rel=0.5)
    assert display.suggestion_ == pytest.approx(3e-3, rel=0.5)
    assert "suggestion 0.003" in repr(display)
    assert "100 batches, lr from 1e-6 to 1" in repr(display)


def test_a_lower_minimum_beyond_a_hill_is_not_taken():
    frame = course(highest=1.0)
    frame["loss"] -= 0.05 * np.exp(-0.5 * (np.log10(frame["lr"] / 0.2) / 0.1) ** 2)
    frame.loc[frame["lr"] > 3e-2, "loss"] = frame["loss"].where(frame["lr"] < 0.15, 0.65)
    assert LrRangeDisplay(frame).suggestions_["a tenth of the lowest"] < 2e-3


def test_where_the_loss_still_falls_the_lowest_is_not_known():
    display = LrRangeDisplay(course(lowest=1.0, highest=0.05))
    assert display.suggestions_ == {"steepest descent": display.suggestion_}
    assert [text.get_text().split(" 0")[0] for text in display.plot().ax_.texts][1:] == ["steepest descent"]
    assert display.note.endswith("the loss still fell at the end")


@pytest.mark.parametrize("slope", [0.0, 1e-3])
def test_where_the_loss_never_fell_there_is_no_suggestion(slope):
    frame = course(noise=0.0).assign(loss=2.3 + slope * np.arange(100))
    frame["loss"] += np.random.default_rng(0).normal(0, 0.05, 100)
    display = LrRangeDisplay(frame)
    assert display.suggestions_ == {}
    assert np.isnan(display.suggestion_)
    assert "no suggestion; 100 batches" in repr(display)
    assert display.plot().note.endswith("the loss never fell")


def test_names_do_not_overlap_and_the_explosion_is_cut(overlaps):
    display = LrRangeDisplay(course()).plot()
    names = [text.get_text().rstrip("0123456789.").strip() for text in display.ax_.texts]
    assert sorted(names) == ["a tenth of the lowest", "lowest", "steepest descent", "suggestion"]
    assert not overlaps(display.ax_)
    assert display.ax_.get_ylim()[1] < display.frame["loss"].max()
    assert display.ax_.get_xscale() == "log"


def test_it_draws_where_it_is_told_and_leaves_the_table_alone():
    frame, ax = course(), plt.subplots()[1]
    display = LrRangeDisplay(frame).plot(ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert list(frame) == ["lr", "loss"]
    assert list(display.frame) == ["lr", "loss", "smoothed_loss"]

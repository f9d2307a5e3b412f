"""The pictures of a report: those that say something about the parameters that were searched."""

import numpy as np

from skimgcls.model_selection import (
    CandidateCurvesDisplay,
    ParallelCoordinatesDisplay,
    ParetoDisplay,
    ScoreByParameterDisplay,
    SearchHeatMapDisplay,
)
from skimgcls.model_selection.displays._plotted_results import read_results
from skimgcls.model_selection.displays._score_by_parameter_display import MOST_GROUPS
from skimgcls.reports._search_facts import score_text

HALF_WIDTH = (4.5, 3.6)  # inches: two stand side by side on a page
WIDEST = 7.5  # inches: what a telephone can still shrink
MOST_PARAMETERS = 6
EMPTIEST = 0.5  # share of the cells of a heat map; of two values and many numbers in no order half are empty


def add_search_pictures(page, facts):
    """Add the displays that suit a search to a page, under a heading, if there are any.

    Parameters
    ----------
    page : HtmlPage
        Where to.
    facts : SearchFacts
        The search.
    """
    import matplotlib.pyplot as plt

    # Displays are dark on white, whatever style the session has; and no window opens.
    with plt.style.context("default", after_reset=True), plt.ioff():
        pictures = list(_draw(facts))
        if pictures:
            page.add_heading("Pictures")
        for figure, alt in pictures:
            page.add_figure(figure, alt=f"{alt} {_winner(facts)}")
            plt.close(figure)


def _draw(facts):
    """Figures, and what they say."""
    if facts.is_scored.sum() > 1:
        results = read_results(facts.frame)
        yield from _parameter_pictures(facts, results)
        if len(results.frame) > 1 and _has_cost(results):
            display = ParetoDisplay.from_frame(facts.frame, ax=_axes(HALF_WIDTH))
            cost = display.ax_.get_xlabel()
            yield display.figure_, f"{facts.label} against {cost}: {len(display.front_)} on the Pareto front."
    try:
        display = CandidateCurvesDisplay.from_search(facts.search)
    except ValueError:  # it kept no curves, as most searches
        return
    if len(display.axes_) == 1:
        _redraw(display, HALF_WIDTH)
    names = " and ".join(ax.get_ylabel() for ax in display.axes_)
    yield display.figure_, f"{names[:1].upper()}{names[1:]} over epochs, one line per candidate."


def _parameter_pictures(facts, results):
    import matplotlib.pyplot as plt

    varied = results.varied
    if len(varied) == 1:
        display = ScoreByParameterDisplay.from_frame(facts.frame)
        yield display.figure_, f"{facts.label} by {varied[0]}."
    if len(varied) > 2:
        axes = _axes((min(1.6 * len(varied) + 1.6, WIDEST), 4.4))
        display = ParallelCoordinatesDisplay.from_frame(facts.frame, ax=axes)
        yield display.figure_, f"Parallel coordinates of {', '.join(display.parameters_)} and the {facts.label}."
    is_full = False
    if len(varied) > 1:
        display = SearchHeatMapDisplay.from_frame(facts.frame)
        is_full = display.cells_.isna().to_numpy().mean() < EMPTIEST
        if is_full:
            if display.figure_.get_figwidth() > WIDEST:
                _redraw(display, (WIDEST, display.figure_.get_figheight()))
            x, y = display.ax_.get_xlabel(), display.ax_.get_ylabel()
            yield display.figure_, f"Heat map of the {facts.label} over {x} and {y}."
        else:
            plt.close(display.figure_)
    if len(varied) == 2 and is_full:
        yield from _grouped(facts, results)
    elif len(varied) > 1:
        for name in varied[:MOST_PARAMETERS]:
            yield _by_parameter(facts, name, None)


def _grouped(facts, results):
    """The score by a number, with a line for each value of the other parameter."""
    numbers = [name for name in results.varied if results.frame[name].dtype.kind in "iuf"]
    for name in sorted(numbers, key=lambda name: -results.frame[name].nunique())[:1]:
        (other,) = (each for each in results.varied if each != name)
        yield _by_parameter(facts, name, other if results.frame[other].nunique() <= MOST_GROUPS else None)


def _by_parameter(facts, name, group):
    display = ScoreByParameterDisplay.from_frame(facts.frame, parameter=name, group=group, ax=_axes(HALF_WIDTH))
    return display.figure_, f"{facts.label} by {name}{f', a line for each {group}' if group else ''}."


def _has_cost(results):
    costs = [results.frame[name] for name in ("fit_seconds", "trial_seconds") if name in results.frame]
    return bool(costs) and np.isfinite(results.scores * costs[0].to_numpy(dtype=float)).sum() > 1


def _winner(facts):
    name = facts.name(facts.chosen)
    return f"The winner{f', {name},' if name else ''} has {score_text(facts.scores[facts.chosen])}."


def _axes(size):
    from matplotlib.figure import Figure

    return Figure(size, layout="constrained").subplots()


def _redraw(display, size):
    import matplotlib.pyplot as plt

    plt.close(display.figure_)
    display.plot(ax=_axes(size))

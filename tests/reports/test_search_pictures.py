"""Which pictures a search gets."""

import re
import warnings

import matplotlib
import matplotlib.pyplot as plt
import pytest

from skimgcls.reports._report_page import ReportPage
from skimgcls.reports._search_facts import read_search
from skimgcls.reports._search_pictures import add_search_pictures


def pictures_of(search):
    """Alternative texts, without the sentence about the winner."""
    page = ReportPage("t")
    add_search_pictures(page, read_search(search))
    html = page.render()
    assert ("Pictures" in html) == ("<img" in html)
    return re.findall(r'alt="(.*?) The winner[^"]*"', html)


def test_a_grid_of_two_gets_a_heat_map_lines_for_each_value_and_costs(grid_search):
    assert [text.partition(":")[0] for text in pictures_of(grid_search)] == [
        "Heat map of the accuracy over optimizer and lr.",
        "accuracy by lr, a line for each optimizer.",
        "accuracy against time of a fit (s)",
    ]


def test_more_parameters_get_parallel_coordinates_and_a_panel_each(random_search):
    texts = pictures_of(random_search)
    assert texts[0] == "Parallel coordinates of augment, batch_size, hidden_units, lr and the accuracy."
    assert [text for text in texts if " by " in text] == [
        f"accuracy by {name}." for name in ("augment", "batch_size", "hidden_units", "lr")
    ]


def test_one_parameter_gets_one_panel(several_metrics):
    texts = pictures_of(several_metrics)
    assert texts[0] == "f1 macro by lr."
    assert texts[1].startswith("f1 macro against time of a fit")
    assert len(texts) == 2


def test_a_study_that_reported_gets_its_curves(study):
    texts = pictures_of(study)
    assert texts[-1] == "Score so far over epochs, one line per candidate."
    assert any(text.startswith("value against time of a trial") for text in texts)


def test_networks_that_were_kept_get_their_curves(cross_validated):
    assert pictures_of(cross_validated) == [
        "Training loss (nats) and training accuracy over epochs, one line per candidate."
    ]


@pytest.mark.parametrize("name", ["one_candidate", "failed_search"])
def test_what_has_nothing_to_compare_gets_no_picture(name, request):
    assert pictures_of(request.getfixturevalue(name)) == []


def test_the_style_of_the_session_is_left_alone_and_no_figure_stays_open(grid_search):
    with plt.style.context("dark_background"):
        before = dict(matplotlib.rcParams)
        page = ReportPage("t")
        add_search_pictures(page, read_search(grid_search))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert dict(matplotlib.rcParams) == before
    plain = ReportPage("t")
    add_search_pictures(plain, read_search(grid_search))
    assert page.render() == plain.render()
    assert plt.get_fignums() == []

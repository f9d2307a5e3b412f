"""All pictures on one page."""

import io

import matplotlib.image
import matplotlib.pyplot as plt
import pytest

from skimgcls.reports._evaluation_panels import panels_of


@pytest.mark.parametrize("which", ["report", "cv_report"])
def test_the_page_holds_every_panel_under_its_heading(which, request):
    report = request.getfixturevalue(which)
    display = report.plot()
    panels = panels_of(report._evaluation)
    assert list(display.panels_) == [panel.name for panel in panels]
    assert all(each.figure_ is display.figure_ for each in display.panels_.values())
    png = io.BytesIO()
    display.figure_.savefig(png, dpi=50)
    png.seek(0)
    assert matplotlib.image.imread(png).std() > 0.01
    assert plt.get_fignums() == [display.figure_.number]


def test_no_panel_lies_over_another(report):
    display = report.plot()
    display.figure_.draw_without_rendering()
    places = [strip.bbox for row in display.figure_.subfigs for strip in row.subfigs]
    assert len(places) == len(display.panels_)
    for subfigure in (strip for row in display.figure_.subfigs for strip in row.subfigs):
        for ax in subfigure.axes:
            box = ax.get_tightbbox()
            assert box.x0 >= subfigure.bbox.x0 - 1
            assert box.x1 <= subfigure.bbox.x1 + 1
            assert box.y0 >= subfigure.bbox.y0 - 1
            assert box.y1 <= subfigure.bbox.y1 + 1

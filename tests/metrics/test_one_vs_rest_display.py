import numpy as np
import pytest

from skimgcls.metrics import PrecisionRecallDisplay, RocCurveDisplay


@pytest.mark.parametrize("display", [RocCurveDisplay, PrecisionRecallDisplay])
def test_displays_share_their_colours_and_their_order(display, predictions):
    drawn = display.from_predictions(*predictions(["a", "b", "c", "d", "e"], skill=1)[:2])
    lines = [line for line in drawn.ax_.lines if line.get_linewidth() > 1]
    assert [line.get_color() for line in lines[::-1]] == ["#222222", "#222222", "#D55E00", "#0072B2", "#009E73"]
    assert [line.get_linestyle() for line in lines[::-1][:2]] == ["-", "--"]
    worst = min(drawn.curves.values(), key=lambda curve: curve.area)
    np.testing.assert_array_equal(lines[2].get_xdata(), worst.x)

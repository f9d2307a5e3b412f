import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from skimgcls.metrics._draw_key import draw_key


@pytest.fixture
def key():
    ax = plt.subplots(figsize=(4, 4), layout="constrained")[1]
    rows = [("0.9", "$a$ b"), ("0.8", "a name that goes on and on and ends at last with 7"), ("0.7", "كلب")]
    draw_key(ax, [Line2D([], [])] * 3, rows, title="AUC", loc="lower left", colours=["#000000", "#D55E00", "#0072B2"])
    return ax.get_legend()


def test_numbers_stand_before_names_and_long_names_are_shortened(key, png_complaints):
    texts = [text.get_text() for text in key.get_texts()]
    assert texts[0] == "\u200e0.9\xa0 $a$ b"
    assert "…" in texts[1]
    assert texts[1].endswith("7")
    assert key.get_title().get_text() == "AUC"
    assert key.get_window_extent().width < 0.75 * key.axes.get_window_extent().width
    assert png_complaints(key.axes.figure) == []


def test_texts_have_their_colours_and_start_no_formula(key):
    assert [to_hex(text.get_color()) for text in key.get_texts()] == ["#000000", "#d55e00", "#0072b2"]
    assert not any(text.get_parse_math() for text in key.get_texts())

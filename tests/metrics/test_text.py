import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from matplotlib import font_manager

from skimgcls.metrics import _text
from skimgcls.metrics._text import font_families, text_width

FONTS = {"Plain": "aeo", "Noto Sans": "aβ", "PingFang SC": "猫犬", "Yu Gothic": "猫", "Zapf": "☃β", "Slanted": "☂"}


@pytest.fixture
def installed_fonts(monkeypatch):
    """Pretend that exactly the fonts above are installed."""
    entries = [
        SimpleNamespace(name=name, fname=name, style="italic" if name == "Slanted" else "normal") for name in FONTS
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    monkeypatch.setattr(font_manager, "findfont", lambda properties: "Plain")
    monkeypatch.setattr(_text, "_characters_of", lambda path: {ord(character) for character in FONTS[path]})
    monkeypatch.setitem(plt.rcParams, "font.family", ["Plain"])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a e", "o\t\xa0\u200e"], ["Plain"]),
        (["aβ"], ["Plain", "Noto Sans"]),
        (["猫", "犬"], ["Plain", "PingFang SC"]),  # not Yu Gothic, which has one of them
        (["☃"], ["Plain", "Zapf"]),
        (["☃猫β"], ["Plain", "Noto Sans", "PingFang SC", "Zapf"]),
        ([], ["Plain"]),
    ],
)
def test_adds_the_fonts_that_have_what_is_missing(texts, expected, installed_fonts):
    assert sorted(font_families(texts)) == sorted(expected)
    assert font_families(texts)[0] == "Plain"


def test_warns_once_of_characters_that_no_font_has(installed_fonts):
    with pytest.warns(UserWarning, match="the 2 characters '☂鼠'; boxes are drawn") as record:
        font_families(["鼠☂", "鼠"])
    assert len(record) == 1


def test_long_lists_of_characters_are_cut_in_the_warning(installed_fonts):
    with pytest.warns(UserWarning, match=r"the 15 characters '.{10}\.\.\.'"):
        font_families([chr(code) for code in range(0x4E00, 0x4E0F)])


def test_with_real_fonts_common_text_needs_no_other_font():
    assert font_families(["cat", "Кот", "γάτα", "✓ ✗"]) == list(plt.rcParams["font.family"])


@pytest.mark.filterwarnings("ignore:No installed font:UserWarning")
def test_drawing_a_character_without_a_font_adds_no_warnings_of_matplotlib():
    families = font_families(["\U0001f9ff"])  # an emoji that text fonts lack
    figure = plt.figure()
    figure.text(0.5, 0.5, "\U0001f9ff", fontfamily=families)
    if _text.LAST_RESORT not in {entry.name for entry in font_manager.fontManager.ttflist}:
        pytest.skip("this matplotlib comes without the font")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


def test_width_grows_with_the_text_and_its_size():
    assert text_width("cat cat", 10) > text_width("cat", 10) > 10
    assert text_width("cat", 20) == pytest.approx(2 * text_width("cat", 10), rel=0.02)


def test_width_is_what_is_drawn():
    figure = plt.figure(dpi=72)
    drawn = figure.text(0, 0, "golden retriever", fontsize=12).get_window_extent().width
    assert text_width("golden retriever", 12) == pytest.approx(drawn, rel=0.05)


def test_dollars_are_measured_as_they_are():
    assert text_width("$a$", 10) > text_width("a", 10) + 5

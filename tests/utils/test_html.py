import base64
import io
import os
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skimgcls.utils import _html
from skimgcls.utils._html import HtmlPage

VOID = {"meta", "link", "img"}
NASTY = "</script><img src=x onerror=alert(1)> & \"quotes\" 'single' {title}"


class Document(HTMLParser):
    """Parse a page: its elements in order, its text, and whether every tag is closed where it should be."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def cells(html):
    return re.findall(r"<td[^>]*>(.*?)</td>", html)


def table(frame, caption="A table", **kwargs):
    return HtmlPage("t").add_table(frame, caption, **kwargs).render()


@pytest.fixture
def png():
    buffer = io.BytesIO()
    Image.new("L", (30, 20)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def full_page(png):
    page = HtmlPage(NASTY, subtitle=NASTY)
    for level in (2, 3, 4, 2, 2):
        page.add_heading(NASTY, level)
    page.add_text(NASTY).add_pre(NASTY).add_figure(png, alt=NASTY, caption=NASTY)
    return page.add_table(pd.DataFrame({NASTY: [NASTY]}, index=pd.Index([NASTY], name=NASTY)), NASTY)


def test_whatever_is_handed_in_shows_as_text_and_never_becomes_an_element(full_page):
    document = Document(full_page.render())
    assert document.all("script") == []
    assert [image["alt"] for image in document.all("img")] == [NASTY]
    assert all(not name.startswith("on") for _, attrs in document.elements for name in attrs)
    # title, h1, subtitle, 5 headings, 3 links, text, pre, figcaption, caption, index name, column, row, cell
    assert document.text.count(NASTY) == 19


def test_the_page_loads_nothing_from_outside_itself(full_page):
    html = full_page.render()
    sources = [attrs.get("src") or attrs.get("href") for _, attrs in Document(html).elements]
    assert all(source.startswith(("data:", "#")) for source in sources if source)
    assert not re.search(r"url\(|@import|https?:", html)
    assert "default-src 'none'" in html


def test_the_page_has_one_main_one_title_and_one_heading_of_level_1():
    document = Document(HtmlPage("Digits").render())
    assert [len(document.all(tag)) for tag in ("main", "title", "h1")] == [1, 1, 1]
    assert document.all("html") == [{"lang": "en"}]


def test_the_page_follows_light_and_dark_and_the_width_of_the_window():
    html = HtmlPage("Digits").render()
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html


def test_three_sections_get_links_that_lead_to_them_and_two_get_none():
    page = HtmlPage("t").add_heading("One").add_heading("deeper", 3).add_heading("Two")
    assert Document(page.render()).all("nav") == []
    document = Document(page.add_heading("Two").render())
    targets = [attrs["href"].removeprefix("#") for attrs in document.all("a")]
    assert targets == [attrs["id"] for attrs in document.all("h2")]
    assert len(set(targets)) == 3


@pytest.mark.parametrize("level", [0, 1, 5, "2"])
def test_a_heading_of_an_unknown_level_is_refused(level):
    with pytest.raises(ValueError, match=r"level must be 2, 3 or 4 .* got"):
        HtmlPage("t").add_heading("x", level)


def test_a_blank_line_starts_a_new_paragraph():
    html = HtmlPage("t").add_text("one\nstill one\n \n\n two\n").render()
    assert re.findall(r"<p>(.*?)</p>", html, flags=re.DOTALL) == ["one\nstill one", "two"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.5, 0.98761], ["0.5000", "0.9876"]),
        ([0.5, 1.0], ["0.5000", "1.0000"]),
        ([1.234, 12.81], ["1.23", "12.81"]),
        ([182345.2, 10411.7], ["182,345", "10,412"]),
        ([3, 1234567], ["3", "1,234,567"]),
        ([2**60 + 1], ["1,152,921,504,606,846,977"]),
        ([1.0, 20.0], ["1", "20"]),
        ([0.5, 3e-7, 0.0], ["0.5000", "3.0e-07", "0.0000"]),
        ([-0.25, float("inf")], ["-0.2500", "inf"]),
        ([float("inf"), 1.0], ["inf", "1"]),
        ([0.5, float("nan")], ["0.5000", "–"]),
        ([float("nan")], ["–"]),
    ],
)
def test_a_column_of_numbers_shares_its_decimals_and_keeps_small_values_visible(values, shown):
    assert cells(table(pd.DataFrame({"x": values}))) == shown


@pytest.mark.parametrize(
    ("column", "shown", "is_number"),
    [
        (pd.array([1, None], dtype="Int64"), ["1", "–"], True),
        (pd.Series([1.5, 2], dtype="float32"), ["1.500", "2.000"], True),
        (pd.Series(["a", None]), ["a", "–"], False),
        (pd.Series([True, False]), ["True", "False"], False),
        (pd.Categorical(["cat"]), ["cat"], False),
        (pd.Series([(1, 2), "x"]), ["(1, 2)", "x"], False),
    ],
)
def test_every_type_of_column_is_shown_and_only_numbers_stand_to_the_right(column, shown, is_number):
    html = table(pd.DataFrame({"x": column}))
    assert cells(html) == shown
    assert html.count('class="number"') == (len(shown) + 1 if is_number else 0)


def test_a_format_of_the_callers_own_wins():
    assert cells(table(pd.DataFrame({"lr": [0.001]}), formats={"lr": "{:.0e}"})) == ["1e-03"]


def test_an_index_that_means_something_becomes_the_row_headings_and_one_that_counts_is_left_out():
    named = Document(table(pd.DataFrame({"x": [1, 2]}, index=pd.Index(["MLP", "CNN"], name="model"))))
    assert [attrs["scope"] for attrs in named.all("th")] == ["col", "col", "row", "row"]
    counting = Document(table(pd.DataFrame({"x": [1, 2]})))
    assert [attrs["scope"] for attrs in counting.all("th")] == ["col"]


def test_indexes_and_columns_of_several_levels_are_shown():
    index = pd.MultiIndex.from_tuples([("CNN", 1), ("MLP", 2)], names=["model", None])
    columns = pd.MultiIndex.from_tuples([("score", "mean"), ("score", "sd")])
    html = table(pd.DataFrame(np.eye(2), index=index, columns=columns))
    assert re.findall(r"<th\b[^>]*>(.*?)</th>", html) == [
        "model",
        "",
        "score, mean",
        "score, sd",
        "CNN",
        "1",
        "MLP",
        "2",
    ]
    assert cells(html) == ["1", "0", "0", "1"]


def test_columns_of_the_same_name_and_an_empty_table_are_shown():
    assert cells(table(pd.DataFrame([[1, 2]], columns=["x", "x"]))) == ["1", "2"]
    assert cells(table(pd.DataFrame({"x": []}))) == []


def test_a_table_has_a_caption_and_scrolls_in_a_region_that_the_keyboard_reaches():
    document = Document(table(pd.DataFrame({"x": [1]}), "Scores"))
    assert len(document.all("caption")) == 1
    assert {"class": "scroll", "role": "region", "aria-label": "Scores", "tabindex": "0"} in document.all("div")


@pytest.mark.parametrize("blank", ["", "  \n", None])
def test_a_table_without_a_caption_and_a_figure_without_an_alternative_text_are_refused(png, blank):
    with pytest.raises(ValueError, match="caption must be a text that is not blank"):
        HtmlPage("t").add_table(pd.DataFrame({"x": [1]}), blank)
    with pytest.raises(ValueError, match="alt must be a text that is not blank"):
        HtmlPage("t").add_figure(png, alt=blank)


def test_a_drawn_figure_is_embedded_at_its_size_in_inches_and_left_open():
    figure = plt.figure(figsize=(4, 2))
    figure.add_axes((0, 0, 1, 1)).axis("off")
    sizes = []
    for dpi in (100, 300):
        document = Document(HtmlPage("t").add_figure(figure, alt="nothing", dpi=dpi).render())
        image = document.all("img")[0]
        data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert Image.open(io.BytesIO(data)).format == "PNG"
        sizes.append((int(image["width"]), int(image["height"])))
    assert np.abs(np.array(sizes) - [4 * 96, 2 * 96]).max() <= 20  # 96 CSS pixels an inch, and matplotlib's margin
    assert plt.fignum_exists(figure.number)


def test_the_same_figure_gives_the_same_page():
    figure, ax = plt.subplots()
    ax.plot([1, 2, 3])
    assert len({HtmlPage("t").add_figure(figure, alt="a line").render() for _ in range(2)}) == 1


def test_png_bytes_are_embedded_as_they_are(png):
    document = Document(HtmlPage("t").add_figure(png, alt="black").render())
    image = document.all("img")[0]
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == png
    assert (image["width"], image["height"]) == ("30", "20")
    assert document.all("figcaption") == []


def test_a_png_that_knows_only_its_aspect_ratio_keeps_its_pixels(png):
    body = b"pHYs" + (1).to_bytes(4) + (1).to_bytes(4) + b"\0"
    tagged = png[:33] + (9).to_bytes(4) + body + bytes(4) + png[33:]
    image = Document(HtmlPage("t").add_figure(tagged, alt="black").render()).all("img")[0]
    assert (image["width"], image["height"]) == ("30", "20")


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe0 a JPEG", b"<svg>"])
def test_bytes_that_are_no_png_are_refused(data):
    with pytest.raises(ValueError, match="the bytes of a PNG file, got bytes starting"):
        HtmlPage("t").add_figure(data, alt="x")


def test_figures_in_a_row_share_a_group_and_a_text_between_them_ends_it(png):
    page = HtmlPage("t").add_figure(png, alt="1").add_figure(png, alt="2").add_text("between").add_figure(png, alt="3")
    assert page.render().count('<div class="figures">') == 2


def test_printed_output_keeps_its_line_ends():
    assert '<pre tabindex="0">a  b\n  c\n</pre>' in HtmlPage("t").add_pre("a  b\n  c\n").render()


def test_saving_writes_what_is_rendered_and_gives_the_path(tmp_path, full_page):
    path = full_page.save(str(tmp_path / "report.html"))
    assert path.read_text(encoding="utf-8") == full_page.render()


def test_a_failed_save_keeps_the_old_page(tmp_path, monkeypatch):
    def fail(page):
        raise KeyboardInterrupt

    path = HtmlPage("old").save(tmp_path / "report.html")
    before = path.read_bytes()
    monkeypatch.setattr(_html.HtmlPage, "render", fail)
    with pytest.raises(KeyboardInterrupt):
        HtmlPage("new").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_file_name_that_is_no_unicode_does_not_cost_the_page(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    path = HtmlPage("t").add_text(f"{name} was misread").save(tmp_path / "report.html")
    assert "was misread" in path.read_text(encoding="utf-8")

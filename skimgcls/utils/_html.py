"""The one HTML writer: every report of the library is an HtmlPage."""

import base64
import io
import math
import re
import struct
from html import escape
from itertools import groupby
from pathlib import Path

from skimgcls.utils._write_atomically import write_atomically

CSS_PIXELS_PER_METRE = 96 / 0.0254
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class HtmlPage:
    """One self-contained page: headings, text, tables, figures and plain output.

    The file holds its own style and pictures, runs no script and loads nothing: it can be mailed, archived and
    opened without a network. Everything handed in is escaped. It follows the reader's light or dark setting and
    the width of the window; tables that are too wide scroll by themselves.

    Parameters
    ----------
    title : str
        The page's main heading and the title of its window.
    subtitle : str, default=""
        One line below the title, for example the data set and the date.

    Examples
    --------
    >>> import pandas as pd
    >>> page = HtmlPage("Digits", subtitle="1,797 scans")
    >>> scores = pd.DataFrame({"accuracy": [0.981, 0.97]}, index=["CNN", "MLP"])
    >>> page = page.add_heading("Scores").add_table(scores, "Test set")
    >>> "<td class=\\"number\\">0.9810</td>" in page.render()
    True
    """

    def __init__(self, title, *, subtitle=""):
        self.title = title
        self.subtitle = subtitle
        self._blocks = []  # (kind, html)
        self._sections = []  # (id, text) of the headings of level 2

    def add_heading(self, text, level=2):
        """Add a heading.

        Parameters
        ----------
        text : str
            The heading.
        level : {2, 3, 4}, default=2
            Depth; the title is the only heading of level 1. Three or more of level 2 give the page a list of links.

        Returns
        -------
        self : HtmlPage
            The page.

        Raises
        ------
        ValueError
            If the level is none of 2, 3, 4.
        """
        if level not in (2, 3, 4):
            raise ValueError(f"level must be 2, 3 or 4 (the title is the heading of level 1), got {level!r}.")
        if level == 2:
            anchor = f"section-{len(self._sections) + 1}"
            self._sections.append((anchor, text))
            return self._add("heading", f'<h2 id="{anchor}">{escape(text)}</h2>')
        return self._add("heading", f"<h{level}>{escape(text)}</h{level}>")

    def add_text(self, text):
        """Add plain text.

        Parameters
        ----------
        text : str
            The text; a blank line starts a new paragraph.

        Returns
        -------
        self : HtmlPage
            The page.
        """
        paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text)]
        return self._add("text", "\n".join(f"<p>{escape(part)}</p>" for part in paragraphs if part))

    def add_table(self, frame, caption, *, formats=None):
        """Add a table.

        Numbers are right-aligned, with the same number of decimals all down a column (four digits for its
        largest value, at most four decimals) and thousands separated; missing values show as a dash.

        Parameters
        ----------
        frame : pandas.DataFrame
            The table. Its index is the row headings, and is left out where it only counts from 0.
        caption : str
            What the table shows, units included.
        formats : dict of column name to str, default=None
            Format strings where the default does not suit, for example ``{"lr": "{:.1e}"}``.

        Returns
        -------
        self : HtmlPage
            The page.

        Raises
        ------
        ValueError
            If the caption is blank.
        """
        _check_words("caption", caption)
        return self._add("table", _table_html(frame, caption, formats or {}))

    def add_figure(self, figure, *, alt, caption="", dpi=160):
        """Add a picture; pictures added one after the other stand side by side where the window is wide enough.

        Parameters
        ----------
        figure : matplotlib.figure.Figure or bytes
            A figure, drawn here and left open, or the bytes of a PNG file.
        alt : str
            What the picture says, for those who cannot see it.
        caption : str, default=""
            The line below the picture.
        dpi : int, default=160
            Pixels per inch of a drawn figure; its size on the page follows the figure's size in inches.

        Returns
        -------
        self : HtmlPage
            The page.

        Raises
        ------
        ValueError
            If the alternative text is blank, or the bytes are no PNG.
        """
        _check_words("alt", alt)
        png = figure if isinstance(figure, bytes) else _draw(figure, dpi)
        width, height = _png_size(png)
        image = (
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}" '
            f'alt="{escape(alt)}" width="{width}" height="{height}">'
        )
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption.strip() else ""
        return self._add("figure", f"<figure>{image}{below}</figure>")

    def add_pre(self, text):
        """Add plain output as it was printed.

        Parameters
        ----------
        text : str
            The output; shown in a fixed-width face with its line ends.

        Returns
        -------
        self : HtmlPage
            The page.
        """
        return self._add("pre", f'<pre tabindex="0">{escape(text)}</pre>')

    def render(self):
        """Write the page as a string.

        Returns
        -------
        html : str
            The whole document.
        """
        subtitle = f'<p class="subtitle">{escape(self.subtitle)}</p>' if self.subtitle else ""
        return _DOCUMENT.format(
            title=escape(self.title),
            style=Path(__file__).with_name("html_page.css").read_text(encoding="utf-8").strip(),
            header="\n".join(part for part in (f"<h1>{escape(self.title)}</h1>", subtitle, self._links()) if part),
            body="\n".join(self._grouped_blocks()),
        )

    def save(self, path):
        """Write the page to a file, as a whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file to write; an old one is replaced only when the new one is complete.

        Returns
        -------
        path : pathlib.Path
            The file.

        Raises
        ------
        OSError
            If the folder does not exist or cannot be written to.
        """
        # A file name in the report may hold bytes that are no text; that must not cost the page.
        return write_atomically(path, self.render().encode("utf-8", errors="replace"))

    def _add(self, kind, html):
        self._blocks.append((kind, html))
        return self

    def _links(self):
        if len(self._sections) < 3:
            return ""
        items = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in self._sections)
        return f'<nav aria-label="Sections"><ul>{items}</ul></nav>'

    def _grouped_blocks(self):
        for kind, blocks in groupby(self._blocks, key=lambda block: block[0]):
            html = "\n".join(block for _, block in blocks)
            yield f'<div class="figures">\n{html}\n</div>' if kind == "figure" else html


# The policy makes the promise checkable: a browser refuses scripts and anything that is not in the file.
_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="skimgcls">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<header>
{header}
</header>
{body}
</main>
</body>
</html>
"""


def _check_words(name, text):
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be a text that is not blank, got {text!r}. Say what is shown.")


def _table_html(frame, caption, formats):
    columns = [_column_cells(frame.iloc[:, i], formats.get(name)) for i, name in enumerate(frame.columns)]
    n_levels = 0 if _only_counts(frame.index) else frame.index.nlevels
    index_names = list(frame.index.names)[:n_levels]
    head = [f'<th scope="col">{escape(str(name if name is not None else ""))}</th>' for name in index_names]
    head += [
        f'<th scope="col"{side}>{escape(_label(name))}</th>'
        for name, (side, _) in zip(frame.columns, columns, strict=True)
    ]
    rows = []
    for i, key in enumerate(frame.index):
        keys = (key if isinstance(key, tuple) else (key,))[:n_levels]
        cells = [f'<th scope="row">{escape(str(part))}</th>' for part in keys]
        cells += [f"<td{side}>{escape(cells_[i])}</td>" for side, cells_ in columns]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0">\n<table>\n'
        f"<caption><span>{escape(caption)}</span></caption>\n<thead><tr>{''.join(head)}</tr></thead>\n"
        "<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>\n</div>"
    )


def _only_counts(index):
    return index.name is None and index.nlevels == 1 and list(index) == list(range(len(index)))


def _label(name):
    return ", ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def _column_cells(column, template):
    """The attribute and the texts of one column's cells."""
    missing = column.isna().to_numpy()
    values = column.tolist()
    is_number = column.dtype.kind in "iuf"
    if template is not None:
        show = template.format
    elif is_number:
        show = _number_format([float(v) for v, gone in zip(values, missing, strict=True) if not gone])
    else:
        show = str
    cells = ["–" if gone else show(value) for value, gone in zip(values, missing, strict=True)]
    return (' class="number"' if is_number else ""), cells


def _number_format(values):
    """One format for a column: four digits for its largest value, at most four decimals."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    if all(value == int(value) for value in finite):
        return lambda value: f"{int(value):,}" if math.isfinite(value) else str(value)
    largest = max(finite)
    # A share of exactly 1 among other shares, a precision say, must not cost its column a decimal.
    decimals = 4 if largest <= 1 else max(0, 3 - math.floor(math.log10(largest)))

    def show(value):
        text = f"{value:,.{decimals}f}"
        vanished = value != 0 and not any(digit in text for digit in "123456789") and math.isfinite(value)
        return f"{value:.1e}" if vanished else text  # 3e-7 is not 0

    return show


def _draw(figure, dpi):
    png = io.BytesIO()
    # Without the name of the writing program the same figure gives the same bytes.
    figure.savefig(png, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
    return png.getvalue()


def _png_size(png):
    """Width and height in CSS pixels: the image's own pixels, or its inches where the file knows them."""
    if png[:8] != PNG_SIGNATURE or png[12:16] != b"IHDR":
        raise ValueError(
            f"figure must be a matplotlib figure or the bytes of a PNG file, got bytes starting {png[:8]!r}."
        )
    width, height = struct.unpack(">II", png[16:24])
    found = png.find(b"pHYs", 24, png.find(b"IDAT"))
    if found < 0:
        return width, height
    per_metre_x, per_metre_y, unit = struct.unpack(">IIB", png[found + 4 : found + 13])
    if unit != 1:  # 1: metre
        return width, height
    return round(width / per_metre_x * CSS_PIXELS_PER_METRE), round(height / per_metre_y * CSS_PIXELS_PER_METRE)

"""Ink that can be read on dark paper too."""

# Neutral inks and lines become light; of the words in Okabe and Ito's colours the darkest take their light ones.
ON_DARK = {
    "#222222": "#eeeeee", "#595959": "#b3b3b3", "#9a9a9a": "#808080", "#e6e6e6": "#404040", "#ebebeb": "#404040",
    "#ededed": "#404040", "#00609c": "#56b4e9", "#b34700": "#e69f00", "#a84a00": "#e69f00", "#00704f": "#00b383",
    "#a0437a": "#cc79a7",
}  # fmt: skip
DARK = 0.4  # luma


def suit_paper(axes):
    """Lighten texts and lines that were drawn for white paper, where a style such as "dark_background" made it dark.

    Parameters
    ----------
    axes : iterable of matplotlib Axes
        With everything drawn that shall be read.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    for ax in axes:
        if not _is_dark(ax):
            continue
        for artist in ax.findobj(lambda each: isinstance(each, (Text, Line2D))):
            artist.set_color(ON_DARK.get(to_hex(artist.get_color()), artist.get_color()))
        for lines in ax.findobj(LineCollection):
            lines.set_color([ON_DARK.get(to_hex(colour), colour) for colour in lines.get_color()])


def _is_dark(ax):
    """Of axes without a frame the paper is that of the figure."""
    from matplotlib.colors import to_rgba

    papers = [ax.figure.get_facecolor(), ax.figure.figure.get_facecolor()]
    if ax.axison:
        papers.insert(0, ax.get_facecolor())
    red, green, blue = next((paper[:3] for paper in map(to_rgba, papers) if paper[3] > 0), (1, 1, 1))
    return 0.299 * red + 0.587 * green + 0.114 * blue < DARK

"""A key of few lines, for curves that meet at their ends."""

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._panels import NOTE_SIZE, panel_width
from skimgcls.metrics._text import font_families, text_width

WIDTH = 0.5  # most of the panel that names take
LEFT_TO_RIGHT_MARK = "\u200e"  # invisible: keeps the number before an Arabic or Hebrew name


def draw_key(ax, handles, rows, *, title, loc, colours):
    """List lines with a number and a name.

    Parameters
    ----------
    ax : matplotlib Axes
        The panel.
    handles : list of matplotlib Line2D
        What is shown of each line.
    rows : list of (str, str)
        Number and name of each line. A long name is shortened.
    title : str
        What the numbers are.
    loc : str
        Place in the panel, as a legend takes it.
    colours : list of str
        Of the texts.
    """
    families = font_families(name for _, name in rows)
    room = WIDTH * panel_width(ax)

    def fitted(number, name):
        head = f"{LEFT_TO_RIGHT_MARK}{number}\xa0 "
        return fit_label(name, room, 1, lambda text: text_width(text, NOTE_SIZE, families), head=head)[0]

    key = ax.legend(
        handles,
        [fitted(*row) for row in rows],
        loc=loc,
        title=title,
        prop={"family": families, "size": NOTE_SIZE},
        labelcolor=colours,
        title_fontproperties={"size": NOTE_SIZE},
        alignment="left",
        handlelength=1.8,
        framealpha=0.85,
        edgecolor="none",
    )
    key.set_zorder(20)  # above the lines
    key.get_title().set_color("#595959")
    for text in key.get_texts():
        text.set_parse_math(False)

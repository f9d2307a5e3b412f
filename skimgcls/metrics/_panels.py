"""Axes of a display: made, styled, and labelled at the ends of their lines."""

import numpy as np

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._text import font_families, text_width

LABEL_SIZE = 9  # points
NOTE_SIZE = 8  # points
LABEL_SHARE = 0.4  # most of a panel that a label takes
LABEL_GAP = 8  # points between the end of a line and its label


def make_axes(ax, n_panels=2, figsize=(9.0, 3.6), heights=None):
    """Return panels that stand side by side, or one below the other.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes, or None
        As many Axes as panels are returned as they are; one is divided; None makes a new figure.
    n_panels : int, default=2
        Number of panels.
    figsize : tuple of float, default=(9.0, 3.6)
        Width and height of a new figure in inches.
    heights : tuple of float, default=None
        Heights of panels one below the other, in any unit. None puts them side by side.

    Returns
    -------
    axes : ndarray of `n_panels` matplotlib Axes

    Raises
    ------
    ValueError
        If the number of Axes does not fit.
    """
    import matplotlib.pyplot as plt
    from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    shape = (1, n_panels) if heights is None else (n_panels, 1)
    if ax is None:
        return plt.subplots(*shape, figsize=figsize, layout="constrained", height_ratios=heights)[1]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) == n_panels:
        return axes
    if len(axes) != 1:
        raise ValueError(f"ax must be None, one Axes or {n_panels} Axes, got {len(axes)}.")
    whole = axes[0]
    whole.set_axis_off()
    figure = whole.figure
    # A constrained layout makes the room itself, and would take these for shares of the whole figure.
    is_constrained = isinstance(figure.figure.get_layout_engine(), ConstrainedLayoutEngine)
    spaces = {} if is_constrained else {"wspace": 0.45, "hspace": 0.05}
    if whole.get_subplotspec() is not None:
        grid = GridSpecFromSubplotSpec(*shape, whole.get_subplotspec(), height_ratios=heights, **spaces)
        return np.array([figure.add_subplot(cell) for cell in grid], dtype=object)
    grid = GridSpec(*shape, left=0, right=1, bottom=0, top=1, height_ratios=heights, **spaces)
    boxes = [grid[i].get_position(figure).bounds for i in range(n_panels)]  # fractions of the whole
    return np.array([whole.inset_axes(box) for box in boxes], dtype=object)


def style_panel(ax, last_epoch):
    """Whole epochs on the x axis, light lines to read values by, no frame.

    Parameters
    ----------
    ax : matplotlib Axes
        With its lines drawn.
    last_epoch : int
        Epochs are counted from 1 to this one.
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.9", lw=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("epoch")
    ax.set_xticks(_epoch_ticks(int(last_epoch), most=max(2, _width(ax) // 32)))


def write_note(ax, text, colour):
    """Write a short text above a panel, on lines of its own from each " | " on where one would be wider than the panel.

    Parameters
    ----------
    ax : matplotlib Axes
        The panel.
    text : str
        In one or several parts. A part that is wider than the panel is broken between words.
    colour : str
        Of the text.
    """
    families = font_families([text])
    room = 0.92 * _width(ax)  # at a low resolution letters are wider, and the panel is narrower
    lines = [text.replace(" | ", "; ")]
    if text_width(lines[0], NOTE_SIZE, families) > room:
        lines = [line for part in text.split(" | ") for line in _broken(part, room, families)]
    style = {"fontsize": NOTE_SIZE, "fontfamily": families, "color": colour, "parse_math": False}
    ax.annotate("\n".join(lines), (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", **style)


def _broken(text, room, families):
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and text_width(longer, NOTE_SIZE, families) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def label_line_ends(ax, labels):
    """Write names behind the ends of lines, moved apart where they would overlap, shortened to stay inside the panel.

    Parameters
    ----------
    ax : matplotlib Axes
        With its lines drawn.
    labels : list of (float, float, str, str)
        x and y of the end of a line in data coordinates, text and colour. A thin line leads from the end to its label
        where that stands apart.
    """
    from matplotlib.transforms import offset_copy

    if not labels:
        return
    families = font_families(text for *_, text, _ in labels)
    longest = LABEL_SHARE * _width(ax)
    labels = [
        (x, y, fit_label(text, longest, 1, lambda line: text_width(line, LABEL_SIZE, families))[0], colour)
        for x, y, text, colour in labels
    ]
    right = ax.dataLim.x1
    _make_room(ax, max(text_width(text, LABEL_SIZE, families) for *_, text, _ in labels))
    heights = np.array([ax.transData.transform((right, y))[1] for _, y, *_ in labels]) * 72 / ax.figure.dpi  # points
    shifts = _spread(heights, gap=1.3 * LABEL_SIZE) - heights
    leader = {"arrowstyle": "-", "lw": 0.7, "ls": ":", "relpos": (0, 0.5)}
    for (x, y, text, colour), shift in zip(labels, shifts, strict=True):
        stands_apart = x < right or abs(shift) > LABEL_SIZE / 2
        ax.annotate(
            text,
            (x, y),
            (right, y),
            textcoords=offset_copy(ax.transData, ax.figure, x=LABEL_GAP, y=shift, units="points"),
            va="center",
            color=colour,
            fontsize=LABEL_SIZE,
            fontfamily=families,
            parse_math=False,
            annotation_clip=False,
            bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.5},
            arrowprops=leader | {"color": colour} if stands_apart else None,
        )


def _epoch_ticks(last_epoch, most):
    step = next(step for step in (f * 10**power for power in range(9) for f in (1, 2, 5)) if last_epoch / step <= most)
    if step <= 2:
        return list(range(1, last_epoch + 1, step))
    return [1, *range(step, last_epoch + 1, step)]


def panel_width(ax):
    """Width of a panel as it will be drawn.

    Parameters
    ----------
    ax : matplotlib Axes
        The panel.

    Returns
    -------
    width : float
        In points.
    """
    figure = ax.figure.figure
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().execute(figure)  # until then the axes are not where they will be
    for owner in figure.axes:
        if ax is owner or ax in owner.child_axes:
            owner.apply_aspect()
    if ax.get_axes_locator() is not None:  # an inset
        ax.apply_aspect(ax.get_axes_locator()(ax, None))
    return _width(ax)


def _width(ax):
    return ax.get_window_extent().width * 72 / ax.figure.dpi  # points


def _make_room(ax, text_width):
    """Widen the x axis so that the labels end inside the panel, whatever the layout around it does."""
    share = min((text_width + LABEL_GAP + 4) / _width(ax), 0.6)
    left, right = ax.dataLim.x0, ax.dataLim.x1
    if left == right:
        left, right = left - 0.5, right + 0.5
    left -= 0.03 * (right - left)
    ax.set_xlim(left, left + (right - left) / (1 - share))
    ax.spines["bottom"].set_bounds(left, right)
    ax.xaxis.label.set_x((1 - share) / 2)


def _spread(positions, gap):
    """Move positions apart to at least `gap`, in their order, each group around its middle."""
    order = np.argsort(positions, kind="stable")
    groups = []  # [sum of the wanted middles, members]
    for index in order:
        groups.append([positions[index], [index]])
        while len(groups) > 1 and _top(groups[-2], gap) + gap > _bottom(groups[-1], gap):
            (middle, members), (last_middle, last_members) = groups[-2], groups.pop()
            n, m = len(members), len(last_members)
            groups[-1] = [(n * middle + m * last_middle) / (n + m), members + last_members]
    spread = np.empty(len(positions))
    for middle, members in groups:
        spread[members] = middle + gap * (np.arange(len(members)) - (len(members) - 1) / 2)
    return spread


def _top(group, gap):
    return group[0] + gap * (len(group[1]) - 1) / 2


def _bottom(group, gap):
    return group[0] - gap * (len(group[1]) - 1) / 2

"""Labels beside points, where nothing else stands."""

import itertools
import re

import numpy as np

from skimgcls.metrics._panels import LABEL_GAP, NOTE_SIZE, _spread
from skimgcls.metrics._text import font_families, text_width

SIZE = 8  # points
LINE = 1.25
SLACK = 1.06  # letters are drawn wider on a coarse grid of pixels
PAD = 1.5  # points around a label
DISTANCES = (5, 14, 26, 42, 60)  # points between a point and its label
LEADER_FROM = 20  # points; from there a thin line leads to the label

# The upper left first: above a front of best points there is room.
SIDES = [(-1, 1), (0, 1), (-1, 0), (1, 1), (1, 0), (-1, -1), (0, -1), (1, -1)]


def place_labels(ax, labels, obstacles, *, lines=()):
    """Write labels beside points, so that they cover neither each other nor a point.

    Parameters
    ----------
    ax : matplotlib Axes
        With limits and scales as they will stay.
    labels : list of (float, float, str, str)
        x and y in data coordinates, text and colour; the most important first. What finds no room is left out.
    obstacles : array-like (n, 2)
        Points in data coordinates that must stay in sight.
    lines : list of pair of (float, float), default=()
        Ends in data coordinates of straight lines that labels should not cross.

    Returns
    -------
    texts : list of matplotlib Annotation
        Those that were written.
    """
    if ax.figure.figure.get_layout_engine() is not None:
        ax.figure.figure.draw_without_rendering()  # until then the axes are not where they will be
    families = font_families(text for *_, text, _ in labels)
    to_points = 72 / ax.figure.dpi
    frame = ax.get_window_extent()
    room = np.array([frame.x0, frame.y0, frame.x1, frame.y1]) * to_points
    points = _on_paper(ax, np.asarray(obstacles, dtype=float).reshape(-1, 2)) * to_points
    dots = [_on_paper(ax, np.array(ends)) * to_points for ends in lines]
    dots = np.concatenate([points, *(_along(*ends) for ends in dots)])
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in dots]
    texts, named = [], []
    for x, y, text, colour in labels:
        rows = text.split("\n")
        size = SLACK * max(text_width(row, SIZE, families) for row in rows), LINE * SIZE * len(rows)
        anchor = _on_paper(ax, np.array([[x, y]]))[0] * to_points
        box = _free_box(anchor, size, room, taken, named)
        if box is not None:
            taken.append(box)
            named.append(box)
            texts.append(_write(ax, (x, y), text, colour, families, box - np.r_[anchor, anchor]))
    return texts


def name_line_ends(ax, labels):
    """Write names behind the ends of lines, on an x axis of any scale.

    Parameters
    ----------
    ax : matplotlib Axes
        With its lines drawn, and y limits as they will stay; the x axis is widened.
    labels : list of (float, float, str, str)
        x and y of the end of a line in data coordinates, text and colour. A line that leaves the axes is named where
        it does.
    """
    from matplotlib.transforms import offset_copy

    families = font_families(text for *_, text, _ in labels)
    labels = [(x, np.clip(y, *sorted(ax.get_ylim())), text, colour) for x, y, text, colour in labels]
    right = max(x for x, *_ in labels)
    _widen(ax, right, max(text_width(text, SIZE, families) for *_, text, _ in labels) + 2 * LABEL_GAP)
    heights = ax.transData.transform([(right, y) for _, y, *_ in labels])[:, 1] * 72 / ax.figure.dpi  # points
    bottom = ax.get_window_extent().y0 * 72 / ax.figure.dpi + SIZE / 2
    shifts = _raised(_spread(heights, gap=1.35 * SIZE), bottom, gap=1.35 * SIZE) - heights
    for (x, y, text, colour), shift in zip(labels, shifts, strict=True):
        stands_apart = x < right or abs(shift) > SIZE / 2
        leader = {"arrowstyle": "-", "lw": 0.7, "ls": ":", "relpos": (0, 0.5), "color": colour}
        place = offset_copy(ax.transData, ax.figure, x=1.4 * LABEL_GAP, y=shift, units="points")
        ax.annotate(
            text,
            (x, y),
            (right, y),
            textcoords=place,
            va="center",
            color=colour,
            fontsize=SIZE,
            fontfamily=families,
            parse_math=False,
            annotation_clip=False,
            arrowprops=leader if stands_apart else None,
        )


def _raised(positions, bottom, gap):
    """Lift positions above a bottom, in their order."""
    order = np.argsort(positions, kind="stable")
    lowest = bottom + gap * np.arange(len(order))
    raised = np.empty_like(positions)
    raised[order] = np.maximum(positions[order], lowest)
    return raised


def _widen(ax, end, points):
    """Make room on the right of `end`, wherever the axis ends by now."""
    share = min(points / (ax.get_window_extent().width * 72 / ax.figure.dpi), 0.6)
    scale = ax.xaxis.get_transform()
    left, end = scale.transform([ax.get_xlim()[0], end])
    ax.set_xlim(scale.inverted().transform([left, left + (end - left) / (1 - share)]))


def write_lines(ax, text, colour="#595959"):
    """Write a note above a panel, each line of it on as many as it takes.

    Parameters
    ----------
    ax : matplotlib Axes
        The panel.
    text : str
        What to write.
    colour : str, default="#595959"
        Of the text.
    """
    families = font_families([text])
    room = ax.get_window_extent().width * 72 / ax.figure.dpi
    lines = []
    for line in text.split("\n"):
        lines.append("")
        for word in line.split(" "):
            longer = f"{lines[-1]} {word}".lstrip()
            if lines[-1] and text_width(longer, NOTE_SIZE, families) > room:
                lines.append(word)
            else:
                lines[-1] = longer
    # A title, whose width no layout makes room for.
    style = {"fontsize": NOTE_SIZE, "fontfamily": families, "color": colour, "parse_math": False}
    ax.set_title("\n".join(lines), loc="left", **style)


def make_room(ax, *, left=0.0, top=0.0):
    """Move the limits of axes of any scale out, by shares of what they span.

    Parameters
    ----------
    ax : matplotlib Axes
        With its limits set.
    left, top : float, default=0.0
        Shares.
    """
    for axis, limits, before, behind in ((ax.xaxis, ax.set_xlim, left, 0), (ax.yaxis, ax.set_ylim, 0, top)):
        scale = axis.get_transform()
        low, high = scale.transform(np.array(axis.get_view_interval()))
        limits(scale.inverted().transform(np.array([low - before * (high - low), high + behind * (high - low)])))


def not_crowded(places, sizes):
    """Choose labels along an axis that do not touch each other.

    Parameters
    ----------
    places, sizes : array-like (n,)
        Middle and extent of each label in points.

    Returns
    -------
    kept : list of int
        Indices, from the lowest place.
    """
    kept, end = [], -np.inf
    for index in np.argsort(places, kind="stable"):
        if places[index] - sizes[index] / 2 >= end:
            kept.append(int(index))
            end = places[index] + sizes[index] / 2
    return kept


def wrapped(text, width=26):
    """Break a list of parameters into lines.

    Parameters
    ----------
    text : str
        Parts with ", " between.
    width : int, default=26
        Characters that a line should not pass.

    Returns
    -------
    lines : str
    """
    lines = [""]
    for part in re.split(r", (?![^(\[]*[)\]])", text):  # not inside a tuple
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(longer) > width and lines[-1]:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _along(start, end):
    """Points on a straight line, close enough that no label slips through."""
    n = int(np.hypot(*(end - start)) / 6) + 2
    return np.linspace(start, end, n)


def _on_paper(ax, points):
    return ax.transData.transform(points) if len(points) else np.empty((0, 2))


def _free_box(anchor, size, room, taken, named):
    """The first place that is free, as (left, bottom, right, top) in points; None if none is.

    `taken` are boxes that the label must not touch, `named` those that a line to it must not cross.
    """
    taken, named = (np.array(boxes, dtype=float).reshape(-1, 4) for boxes in (taken, named))
    half = np.array(size) / 2
    for distance, side in itertools.product(DISTANCES, SIDES):
        side = np.array(side, dtype=float)
        middle = anchor + side * (distance * (0.75 if side.all() else 1) + half)
        box = np.r_[middle - half - PAD, middle + half + PAD]
        inside = (box[:2] >= room[:2]).all() and (box[2:] <= room[2:]).all()
        if inside and not _meets(box, taken) and not any(_meets(np.r_[p, p], named) for p in _along(anchor, middle)):
            return box
    return None


def _meets(box, others):
    return bool(((box[:2] < others[:, 2:]) & (box[2:] > others[:, :2])).all(axis=1).any())


def _write(ax, point, text, colour, families, box):
    middle = (box[:2] + box[2:]) / 2
    gap = np.hypot(*np.maximum(np.maximum(box[:2], -box[2:]), 0))
    return ax.annotate(
        text,
        point,
        middle,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=SIZE,
        linespacing=LINE / 1.2,
        color=colour,
        fontfamily=families,
        parse_math=False,
        arrowprops={"arrowstyle": "-", "lw": 0.6, "color": colour, "shrinkB": 3} if gap > LEADER_FROM else None,
        zorder=6,
    )

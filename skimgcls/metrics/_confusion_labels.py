"""Names of classes along the sides of a confusion matrix."""

import numpy as np

from skimgcls.metrics._fit_label import fit_label
from skimgcls.metrics._panels import LABEL_SIZE, NOTE_SIZE, _spread, panel_width
from skimgcls.metrics._text import font_families, text_width

LONGEST = 110  # points of a name
LINE = 1.25
SHARE = 0.45  # most of the panel that a name takes
LEAST_FONT = 6.0  # points
N_STRONGEST = 8
RING = "#B34700"
GAP = 10  # points between the matrix and a name


def label_axes(ax, names):
    """Name all classes, or none where they are too many for it.

    Parameters
    ----------
    ax : matplotlib Axes
        With the matrix drawn; it may move as its names take room.
    names : list of str
        One for each row and column.

    Returns
    -------
    width : float
        What is left of the panel, in points.
    """
    families = font_families(names)
    ax.set(xticks=[], yticks=[], xlabel="predicted", ylabel="true")
    width = panel_width(ax)
    longest = min(LONGEST, SHARE * width)
    for _ in range(2):  # the names take room, and then others may fit better
        cell = width / len(names)
        size = min(LABEL_SIZE, 0.8 * cell)
        if size < LEAST_FONT:
            ax.set(xticks=[], yticks=[])
            return panel_width(ax)
        _label_rows(ax, names, cell, longest, families, size)
        _label_columns(ax, names, cell, longest, families, size)
        width = panel_width(ax)
    return width


def _label_rows(ax, names, cell, longest, families, size):
    n_lines = 2 if cell > 2 * LINE * size else 1
    rows = [fit_label(name, longest, n_lines, _measure(size, families)) for name in names]
    ax.set_yticks(range(len(names)), ["\n".join(lines) for lines in rows], **_style(size, families))


def _label_columns(ax, names, cell, longest, families, size):
    columns = [fit_label(name, 0.92 * cell, 2, _measure(size, families), break_words=False) for name in names]
    turned = {"rotation": 0, "ha": "center", "rotation_mode": "default"}
    if not all(columns):
        columns = [fit_label(name, longest, 1, _measure(size, families)) for name in names]
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        if cell < 1.5 * LINE * size:
            turned = {"rotation": 90, "ha": "center", "rotation_mode": "default"}
    ax.set_xticks(range(len(names)), ["\n".join(lines) for lines in columns], **_style(size, families), **turned)


def _style(size, families):
    return {"fontsize": size, "fontfamily": families, "parse_math": False, "linespacing": LINE / 1.2}


def _measure(size, families):
    return lambda text: text_width(text, size, families)


def mark_strongest(ax, matrix, names, write):
    """Ring the strongest confusions of a matrix whose cells are too small for numbers.

    Parameters
    ----------
    ax : matplotlib Axes
        With the matrix drawn.
    matrix : ndarray (n_classes, n_classes)
        Its numbers.
    names : list of str
        Of the classes.
    write : callable
        Gives the text of a number.

    Returns
    -------
    n_rings : int
    """
    mistakes = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    width = panel_width(ax)
    n_rings = min(N_STRONGEST, int(width / (2 * NOTE_SIZE)))
    strongest = np.argsort(-mistakes, axis=None, kind="stable")[:n_rings]
    cells = [divmod(int(index), len(matrix)) for index in strongest if mistakes.flat[index] > 0]
    if not cells:
        return 0
    if not ax.get_yticks().size:  # no room for all names
        width = _name_sides(ax, cells, names, min(LONGEST, SHARE * width))
    to_points = 72 / ax.figure.dpi
    places = ax.transData.transform([(j, i) for i, j in cells]) * to_points
    side = max(width / len(matrix) + 3, 7.0)
    ax.plot([j for _, j in cells], [i for i, _ in cells], "s", ms=side, mfc="none", mec=RING, mew=1.2, ls="none")
    _write_beside(ax, cells, places, [write(matrix[cell]) for cell in cells], side)
    return len(cells)


def _name_sides(ax, cells, names, longest):
    """Name the ringed cells' classes at both sides, moved apart, with lines to them; return the width that is left."""
    families = font_families(names)
    for i, j in cells:
        ax.plot([-0.5, j, j], [i, i, len(names) - 0.5], color=RING, lw=0.6, ls=":", alpha=0.7)
    rows, columns = (sorted(set(numbers)) for numbers in zip(*cells, strict=True))
    short = {each: fit_label(names[each], longest, 1, _measure(NOTE_SIZE, families))[0] for each in {*rows, *columns}}
    for numbers, set_label, label in ((rows, ax.set_ylabel, "true"), (columns, ax.set_xlabel, "predicted")):
        widest = max(text_width(short[each], NOTE_SIZE, families) for each in numbers)
        set_label(label, labelpad=1.06 * widest + GAP + 4)  # letters are drawn wider on a coarse grid
    at_left = [_name(ax, (0, i), (-GAP, 0), short[i], families, ax.get_yaxis_transform()) for i in rows]
    below = [_name(ax, (j, 0), (0, -GAP), short[j], families, ax.get_xaxis_transform()) for j in columns]
    width = panel_width(ax)  # the names have taken their room: now it is known where they stand
    for text, shift in zip(at_left, _shifts(ax, rows, 1), strict=True):
        text.xyann = (-GAP, shift)
    for text, shift in zip(below, _shifts(ax, columns, 0), strict=True):
        text.xyann = (shift, -GAP)
    return width


def _name(ax, place, offset, text, families, transform):
    is_row = offset[1] == 0
    return ax.annotate(
        text, place, offset, xycoords=transform, textcoords="offset points",
        ha="right" if is_row else "center", va="center" if is_row else "top", rotation=0 if is_row else 90,
        fontsize=NOTE_SIZE, fontfamily=families, parse_math=False, annotation_clip=False,
        arrowprops={
            "arrowstyle": "-", "lw": 0.6, "color": RING, "shrinkA": 0, "shrinkB": 0,
            "relpos": (1, 0.5) if is_row else (0.5, 1),
        },
    )  # fmt: skip


def _shifts(ax, numbers, axis):
    """How far names move along their side so that none covers another, in points."""
    places = ax.transData.transform([(number, number) for number in numbers])[:, axis] * 72 / ax.figure.dpi
    return _spread(places, gap=1.3 * NOTE_SIZE) - places


def _write_beside(ax, cells, places, texts, side):
    """Numbers beside the rings, on a side that nothing stands on yet."""
    taken = [(*(place - side / 2), *(place + side / 2)) for place in places]
    for (i, j), place, text in zip(cells, places, texts, strict=True):
        half = np.array([text_width(text, NOTE_SIZE) / 2 + 1, NOTE_SIZE / 2 + 0.5])
        directions = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
        middles = [place + direction * (half + side / 2) for direction in directions]
        free = [middle for middle in middles if not any(_meet(middle, half, box) for box in taken)]
        middle = (free or middles)[0]
        taken.append((*(middle - half), *(middle + half)))
        ax.annotate(
            text, (j, i), tuple(middle - place), textcoords="offset points", ha="center", va="center",
            fontsize=NOTE_SIZE, color=RING, annotation_clip=False,
            bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.3, "alpha": 0.8},
        )  # fmt: skip


def _meet(middle, half, box):
    return bool(((middle - half) < box[2:]).all() and ((middle + half) > box[:2]).all())

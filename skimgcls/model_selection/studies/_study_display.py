"""The picture of a study: panels in a grid, and what is drawn in several of them."""

import numpy as np

from skimgcls.metrics._panels import label_line_ends, style_panel
from skimgcls.model_selection.displays._plotted_results import COLOURS, GREY

TRAIN, TEST = "#0072B2", "#D55E00"  # as in TrainingCurveDisplay
FAR_ABOVE = 2
LABELS = {"loss": "loss (nats)", "accuracy": "accuracy"}


class StudyDisplay:
    """Picture of a study.

    Parameters
    ----------
    study : Study
        What to draw.
    draw : callable
        Given the study and Axes or None, draws and returns a dict of Axes.

    Attributes
    ----------
    axes_ : dict of matplotlib Axes
        The panels by name. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.
    """

    def __init__(self, study, draw):
        self.study = study
        self.draw = draw

    def plot(self, *, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Place in a grid of Axes that the panels take. None makes a new figure.

        Returns
        -------
        self : StudyDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ValueError
            If `ax` stands in no grid.
        """
        self.axes_ = self.draw(self.study, ax)
        self.figure_ = next(iter(self.axes_.values())).figure.figure  # also from within a subfigure
        return self


def make_panels(ax, mosaic, size, **ratios):
    """Make the panels of a picture.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Place in a grid that the panels take; None makes a new figure.
    mosaic : list of list of str
        Names of the panels in their places, as for ``subplot_mosaic``.
    size : tuple of float
        Width and height of a new figure in inches.
    **ratios : dict
        ``width_ratios`` and ``height_ratios``.

    Returns
    -------
    axes : dict of matplotlib Axes

    Raises
    ------
    ValueError
        If `ax` stands in no grid.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        figure = plt.figure(figsize=size, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.1)
    elif ax.get_subplotspec() is None:
        raise ValueError("ax stands in no grid that panels could share. Pass Axes of plt.subplots, or ax=None.")
    else:
        figure = ax.figure.add_subfigure(ax.get_subplotspec())
        ax.remove()
    axes = figure.subplot_mosaic(mosaic, **ratios)
    figure.figure.draw_without_rendering()  # until then panels do not know how much room they have
    return axes


def colours_for(names, *, ordered):
    """Return a colour for each name: shades from dark to light where they have an order."""
    import matplotlib.pyplot as plt

    if not ordered and len(names) <= len(COLOURS):
        return dict(zip(names, COLOURS, strict=False))
    return dict(zip(names, plt.get_cmap("viridis")(np.linspace(0, 0.82, len(names))), strict=True))


def mean_curve(curves, candidate, column):
    """Return the mean over the fits of a candidate, as far as all of them went: Series over epochs."""
    rows = curves[curves["candidate"] == candidate].dropna(subset=column)
    by_epoch = rows.groupby("epoch")[column]
    n_fits = len(rows[["seed", "fold"]].drop_duplicates())
    return by_epoch.mean()[by_epoch.count() == n_fits].astype(float)


def draw_curves(ax, curves, kind, names, colours, train_colour=None):
    """Draw the curves of candidates: validation as lines, training as thin dashes.

    Parameters
    ----------
    ax : matplotlib Axes
        The panel.
    curves : DataFrame
        As ``Study.curves``.
    kind : {"loss", "accuracy"}
        What to draw.
    names : dict of str to str
        Labels by candidate.
    colours : dict of str to colour
        By candidate.
    train_colour : colour, default=None
        Of training; None takes that of the candidate.

    Returns
    -------
    ends : list of (float, float, str, colour)
        Where the lines end, for their labels.
    """
    ends, drawn, last = [], {}, 1
    for candidate, label in names.items():
        lines = {split: mean_curve(curves, candidate, f"{split}_{kind}") for split in ("train", "valid")}
        main = lines["valid"] if len(lines["valid"]) else lines["train"]
        if not len(main):
            continue
        twin = drawn.setdefault(tuple(main), len(ends))
        if twin < len(ends):  # one line under two names; the other would hide it
            x, y, text, colour = ends[twin]
            ends[twin] = x, y, f"{text}, {label}", colour
            continue
        last = max(last, main.index[-1])
        marker = "o" if len(main) == 1 else None  # one epoch makes no line
        if main is lines["valid"]:
            style = {"lw": 1, "ls": (0, (3, 2)), "marker": marker, "ms": 3}
            ax.plot(lines["train"].index, lines["train"], color=train_colour or colours[candidate], **style)
        above = 2 + 1 / len(main)  # a shorter line, which may be the beginning of a longer one, stays in sight
        ax.plot(main.index, main, color=colours[candidate], lw=1.8, marker=marker, ms=4, zorder=above)
        ends.append((main.index[-1], main.iloc[-1], label, colours[candidate]))
    style_panel(ax, last_epoch=last)
    return ends


def share_heights(panels, kind):
    """Give panels with curves the same y axis; a loss ends where it is far above where most curves begin."""
    curves = [np.asarray(line.get_ydata(), dtype=float) for panel in panels for line in panel.get_lines()]
    curves = [curve[np.isfinite(curve)] for curve in curves if np.isfinite(curve).any()]
    if not curves:
        return
    values = np.concatenate(curves)
    low, high = values.min(), values.max()
    if kind == "loss":
        high = min(high, FAR_ABOVE * np.median([curve[0] for curve in curves]))
    margin = 0.05 * (high - low) or 0.05
    for panel in panels:
        panel.set_ylim(low - margin, high + margin)


def label_ends(ax, ends):
    """Write labels behind the ends of lines, with an arrow for those that end above the panel."""
    low, high = ax.get_ylim()
    texts = [f"{label} ↑" if y > high else label for _, y, label, _ in ends]
    places = [(x, np.clip(y, low, high), text, colour) for (x, y, _, colour), text in zip(ends, texts, strict=True)]
    label_line_ends(ax, places)


def say_no_curves(ax):
    """Say in a panel that there is nothing to draw."""
    ax.text(0.5, 0.5, "no learning curves", transform=ax.transAxes, ha="center", color=GREY, fontsize=8)
    ax.set(xticks=[], yticks=[])

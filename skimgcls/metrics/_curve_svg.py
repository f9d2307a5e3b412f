"""A curve small enough for a notebook's repr: SVG without scripts, ids or styles."""

import math
from html import escape

import numpy as np

from skimgcls.metrics._training_curve_display import COLOURS, NAMES, PANELS

WIDTH, HEIGHT = 300, 130  # pixels: two stand side by side in a notebook
LEFT, RIGHT, TOP, BOTTOM = 42, 174, 24, 112  # of the area of the curves
LABEL_HEIGHT = 13
MOST_POINTS = 200  # more than there are pixels


def curve_svg(history, metric):
    """Draw one metric over the epochs of a training.

    Parameters
    ----------
    history : DataFrame
        One row per epoch, as an estimator's ``history_``.
    metric : {"loss", "accuracy"}
        What to draw, in training and validation.

    Returns
    -------
    svg : str
        An ``<svg>`` element; "" where nothing was recorded. Lines have colours that are seen on light and dark
        paper, everything else takes the colour of the text around.
    """
    curves = {split: _points(history, f"{split}_{metric}") for split in COLOURS}
    curves = {split: points for split, points in curves.items() if len(points[0])}
    if not curves:
        return ""
    x, y = _scales(curves)
    words = _words(curves, metric)
    parts = [_axes(curves, metric, x, y)]
    ends = _spread([y(values[-1]) for _, values in curves.values()])
    for (split, (epochs, values)), end in zip(curves.items(), ends, strict=True):
        parts.append(_line(epochs, values, COLOURS[split], x, y))
        parts.append(f'<circle cx="{RIGHT + 14}" cy="{end:.1f}" r="3" fill="{COLOURS[split]}"/>')
        parts.append(f'<text x="{RIGHT + 21}" y="{end + 3.5:.1f}">{NAMES[split]} {values[-1]:.3g}</text>')
    return (
        f'<svg role="img" aria-label="{escape(words)}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" fill="currentColor" font-family="system-ui, sans-serif" font-size="11" '
        f'style="max-width: 100%; height: auto"><title>{escape(words)}</title>{"".join(parts)}</svg>'
    )


def _points(history, column):
    if column not in history:
        return np.empty(0), np.empty(0)
    values = history[column].to_numpy(dtype=float)
    there = np.isfinite(values)
    return history["epoch"].to_numpy(dtype=float)[there], values[there]


def _scales(curves):
    every_epoch = np.concatenate([epochs for epochs, _ in curves.values()])
    every_value = np.concatenate([values for _, values in curves.values()])
    first, last = every_epoch.min(), every_epoch.max()
    low, high = every_value.min(), every_value.max()
    width, height = (last - first) or 1.0, (high - low) or 1.0
    return (
        lambda epoch: LEFT + (RIGHT - LEFT) * (epoch - first) / width,
        lambda value: BOTTOM - (BOTTOM - TOP) * (value - low) / height,
    )


def _axes(curves, metric, x, y):
    epochs = np.concatenate([epochs for epochs, _ in curves.values()])
    values = np.concatenate([values for _, values in curves.values()])
    quiet = 'fill-opacity="0.7"'
    ticks = [
        f'<text x="{LEFT - 5}" y="{y(value) + 3.5:.1f}" text-anchor="end" {quiet}>{value:.2g}</text>'
        for value in dict.fromkeys((values.min(), values.max()))
    ]
    ticks += [
        f'<text x="{x(epoch):.1f}" y="{BOTTOM + 14}" text-anchor="middle" {quiet}>{epoch:.0f}</text>'
        for epoch in dict.fromkeys((epochs.min(), epochs.max()))
    ]
    return (
        f'<text x="{LEFT}" y="12" font-weight="600">{PANELS[metric]}</text>{"".join(ticks)}'
        f'<path d="M{LEFT} {TOP - 4}V{BOTTOM + 2}H{RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 14}" text-anchor="middle" {quiet}>epoch</text>'
    )


def _line(epochs, values, colour, x, y):
    step = max(1, math.ceil(len(epochs) / MOST_POINTS))
    shown = np.unique([*range(0, len(epochs), step), len(epochs) - 1])
    points = " ".join(f"{x(epochs[i]):.1f},{y(values[i]):.1f}" for i in shown)
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"/>'
        f'<circle cx="{x(epochs[-1]):.1f}" cy="{y(values[-1]):.1f}" r="3" fill="{colour}"/>'
    )


def _spread(heights):
    """Move the labels of two ends apart, around their middle, within the picture."""
    if len(heights) < 2 or abs(heights[0] - heights[1]) >= LABEL_HEIGHT:
        return heights
    middle = min(max(sum(heights) / 2, TOP + LABEL_HEIGHT / 2), BOTTOM - LABEL_HEIGHT / 2)
    shift = LABEL_HEIGHT / 2 if heights[0] >= heights[1] else -LABEL_HEIGHT / 2
    return [middle + shift, middle - shift]


def _words(curves, metric):
    n_epochs = max(len(epochs) for epochs, _ in curves.values())
    courses = []
    for split, (epochs, values) in curves.items():
        best = epochs[values.argmin() if metric == "loss" else values.argmax()]
        word = "lowest" if metric == "loss" else "highest"
        courses.append(f"{NAMES[split]} from {values[0]:.3g} to {values[-1]:.3g}, {word} in epoch {best:.0f}")
    return f"{PANELS[metric].capitalize()} over {n_epochs} epoch{'s' * (n_epochs > 1)}: {'; '.join(courses)}."

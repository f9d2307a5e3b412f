"""A comparison in words: its result, its method, its table for a terminal and for a notebook."""

from collections import Counter
from html import escape

import numpy as np

BEST, REFERENCE = "best", "reference"
TIE, SAME, WORSE, BETTER = "no detectable difference", "identical scores", "worse", "better"
PHRASES = {
    BETTER: ("is better", "are better"),
    SAME: ("has identical scores", "have identical scores"),
    TIE: ("shows no detectable difference", "show no detectable difference"),
    WORSE: ("is worse", "are worse"),
}
MISSING = "–"


def summarize(comparison):
    """Say in a sentence or two which candidate is best, and how many of the others differ from it."""
    frame, label = comparison.frame, comparison.metric_label
    counts = Counter(frame["verdict"])
    found = [
        f"{counts[verdict]} {singular if counts[verdict] == 1 else plural}"
        for verdict, (singular, plural) in PHRASES.items()
        if counts[verdict]
    ]
    n_failed = len(frame) - sum(counts[verdict] for verdict in (*PHRASES, BEST, REFERENCE))
    found += [f"{n_failed} could not be scored on every fold"] if n_failed else []
    best = frame.loc[comparison.best, "mean"]
    text = f"Highest mean {label} of {len(frame)} candidates: {comparison.best}, {score_format(frame)(best)}."
    of_whom = "Of the others" if comparison.reference is None else f"Against {comparison.reference}"
    return f"{text} {of_whom}, {_enumerate(found)}."


def describe_method(comparison):
    """Say in one line what was repeated, and how it was tested."""
    scores = comparison.scores
    n_seeds, n_folds = scores["seed"].nunique(), scores["fold"].nunique()
    n_splits = scores["split"].nunique()
    resamples = f"{n_folds} folds" + (f" x {n_seeds} seeds" if n_seeds > 1 else "")
    if n_splits < len(scores[["seed", "fold"]].drop_duplicates()):
        resamples += ", averaged over the seeds"
    which = "all " if comparison.reference is None else ""
    adjusted = f", Holm's method over {which}{comparison.n_tests} pairs" if comparison.n_tests > 1 else ""
    return (
        f"Paired on {resamples}; corrected resampled t-test{adjusted}; "
        f"{level(comparison)} intervals of the differences."
    )


def level(comparison):
    """Write the level of a comparison's intervals."""
    return f"{100 * (1 - comparison.alpha):.4g} %"


def as_plain_text(comparison):
    """Write a comparison for a terminal."""
    parts = [comparison.summary, _table(comparison).to_string(), *_failures(comparison), comparison.method]
    return "\n\n".join(parts)


def as_html(comparison):
    """Write a comparison for a notebook."""
    above = f"<p><strong>{escape(comparison.summary)}</strong></p>"
    below = "".join(f"<p>{escape(text)}</p>" for text in (*_failures(comparison), comparison.method))
    return f"<div>{above}{_table(comparison).to_html(escape=True, border=0)}{below}</div>"


def score_format(frame):
    """Return what writes a score: with four decimals, or four digits where scores exceed 1."""
    largest = np.nanmax(np.abs(frame["mean"]))
    decimals = 4 if largest <= 1 else max(0, 3 - int(np.floor(np.log10(largest))))
    return f"{{:.{decimals}f}}".format


def _table(comparison):
    """The frame as texts, under headings for a reader."""
    import pandas as pd

    frame = comparison.frame
    score = score_format(frame)
    bounds = zip(frame["difference_low"], frame["difference_high"], strict=True)
    columns = {
        comparison.metric_label: _texts(frame["mean"], score),
        "sd": _texts(frame["std"], score),
        "difference": _texts(frame["difference"], score),
        "interval": [MISSING if np.isnan(low) else f"{score(low)} to {score(high)}" for low, high in bounds],
        "p": _texts(frame["p_value"], _p_text),
        "verdict": list(frame["verdict"]),
    }
    headings = {
        "train_mean": (f"train {comparison.metric_label}", score),
        "fit_seconds": ("fit s", _cost_text),
        "predict_images_per_second": ("images/s", _cost_text),
        "epochs": ("epochs", _cost_text),
        "n_parameters": ("parameters", _cost_text),
    }
    headings |= {name: (name.removeprefix("mean_"), _cost_text) for name in frame if name.startswith("mean_")}
    columns |= {text: _texts(frame[name], write) for name, (text, write) in headings.items() if name in frame}
    return pd.DataFrame(columns, index=frame.index.rename(None))


def _texts(values, write):
    return [MISSING if np.isnan(value) else write(value) for value in values]


def _p_text(p_value):
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _cost_text(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _failures(comparison):
    """One text for each candidate with failed fits, with its first error."""
    if "error" not in comparison.scores:
        return []
    errors = comparison.scores.dropna(subset="error").groupby("candidate", sort=False)["error"]
    return [f"{name}: {len(each)} fits failed, the first with {each.iloc[0]}" for name, each in errors]


def _enumerate(parts):
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"

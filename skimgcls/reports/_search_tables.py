"""The tables of a report: candidates, what was searched, what it cost, what it ran on."""

import numpy as np

from skimgcls.metrics._unwrap_estimator import unwrap_estimator
from skimgcls.model_selection._draws_candidates import draws_candidates
from skimgcls.model_selection._parameter_columns import as_text
from skimgcls.model_selection.displays._plotted_results import number_text, short_labels
from skimgcls.reports._search_facts import plural
from skimgcls.utils._show_versions import get_versions

MOST_ROWS = 20  # of candidates
MOST_VALUES = 8  # of a parameter
HEADINGS = {
    "difference": "to base",
    "fit_seconds": "fit (s)",
    "trial_seconds": "trial (s)",
    "seconds_per_epoch": "epoch (s)",
    "n_parameters": "weights",
    "n_images": "images",
}
STAGES = ("iteration", "n_images", "state")
COSTS = ("epochs", "steps", "fit_seconds", "trial_seconds", "n_parameters")


def candidate_table(facts):
    """Choose the rows and columns to read.

    Parameters
    ----------
    facts : SearchFacts
        The search.

    Returns
    -------
    table : DataFrame
        The best first, by rank and standing.
    formats : dict of str
        By column, where the page's own do not suit.
    caption : str
        What is there, and what all candidates share.
    """
    import pandas as pd

    frame = facts.frame
    order = np.argsort(frame["rank"].to_numpy(), kind="stable")
    if facts.chosen is not None:
        order = np.r_[facts.chosen, order[order != facts.chosen]]
    is_shown = np.arange(len(order)) < MOST_ROWS
    is_shown |= frame["is_base"].to_numpy()[order] & (np.cumsum(frame["is_base"].to_numpy()[order]) == 1)
    rows = order[is_shown]
    standing = [_standing(facts, row) for row in rows]
    index = pd.MultiIndex.from_arrays([frame["rank"].iloc[rows], standing], names=["rank", ""])
    columns, shared = _columns(facts)
    headings = _headings(facts)
    table = frame.iloc[rows][columns].copy()
    for name in table.columns.intersection(facts.parameters):
        if table[name].dtype.kind not in "iufb":
            table[name] = short_labels(list(table[name].astype(str)))
    table = table.rename(columns=headings).set_index(index)
    formats = {name: "{:.4g}" for name in facts.parameters if frame[name].dtype.kind == "f"}
    if "difference" in frame and frame["difference"].abs().max() <= 1:
        formats[headings["difference"]] = "{:+.4f}"
    return table, formats, _caption(facts, len(rows), shared)


def space_table(facts):
    """Tell what each parameter could be, and what the winner has; None where nothing was searched."""
    import pandas as pd

    if not facts.full_names:
        return None
    searched = _spaces(facts)
    texts = {short: _values_text(facts, full, searched.get(full)) for full, short in facts.full_names.items()}
    table = pd.DataFrame({"searched": texts}).rename_axis("parameter")
    if facts.chosen is not None:
        table["chosen"] = [_value_text(facts.frame[short].iloc[facts.chosen]) for short in texts]
    return table


def setup_table(facts):
    """Tell what was asked for: search, folds, score, images, seeds."""
    search, candidates = facts.search, facts.candidates
    estimator = candidates.estimator
    seeds = {} if estimator is None else estimator.get_params(deep=True)
    seeds = {name: value for name, value in seeds.items() if name.rpartition("__")[2] == "random_state"}
    rows = {
        "search": type(search).__name__ if not isinstance(search, dict) else "cross_validate",
        "folds": _folds_text(search, candidates.n_folds),
        "score": _scoring_text(facts),
        "images": _images_text(facts),
        "seed, search": _seed_text(search) if draws_candidates(search) else None,
        "seed, folds": _seed_text(getattr(search, "cv", None)),
    }
    rows |= {f"seed, {name if len(seeds) > 1 else 'estimator'}": _short(value) for name, value in seeds.items()}
    return _two_columns(rows, "setting")


def cost_table(facts):
    """Add up what the search took."""
    frame, n_folds = facts.fits, facts.candidates.n_folds
    rows = {f"{facts.noun}s": f"{facts.n_candidates:,}"}
    if "fit_seconds" in frame:
        rows["fits"] = f"{frame['fit_seconds'].notna().sum() * n_folds:,}"  # none of a pruned trial
        rows["training, all fits"] = duration_text(frame["fit_seconds"].sum() * n_folds)
        if "score_seconds" in frame:
            rows["scoring, all fits"] = duration_text(frame["score_seconds"].sum() * n_folds)
        rows["one fit"] = _range_text(frame["fit_seconds"])
    if "trial_seconds" in frame:
        rows["all trials"] = duration_text(frame["trial_seconds"].sum())
        rows["one trial"] = _range_text(frame["trial_seconds"])
    if "epochs" in frame:
        rows["epochs, all fits"] = f"{frame['epochs'].sum() * n_folds:,.0f}"
    if "seconds_per_epoch" in frame:
        rows["one epoch"] = _range_text(frame["seconds_per_epoch"])
    if hasattr(facts.search, "refit_time_"):
        rows["refit of the winner"] = duration_text(facts.search.refit_time_)
    return _two_columns(rows, "cost", "amount")


def version_tables():
    """Tell machine and libraries of this process, a table each, without paths."""
    versions = get_versions()
    system = {name: value for name, value in versions["system"].items() if name != "executable"}
    system["python"] = system["python"].partition(" (")[0]
    torch = {name: value for name, value in versions["torch"].items() if name.startswith(("threads", "cuda"))}
    packages = {name: value for name, value in versions["packages"].items() if value != "not installed"}
    return _two_columns(system | torch, "machine"), _two_columns(packages, "library", "version")


def duration_text(seconds):
    """Write seconds; from two minutes on as minutes, from two hours on as hours and minutes."""
    if not np.isfinite(seconds):
        return "unknown"
    if seconds < 120:
        return f"{number_text(seconds, digits=3)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _standing(facts, row):
    frame = facts.frame
    is_chosen = row == facts.chosen
    words = [("best" if frame["rank"].iloc[row] == 1 else "chosen")] if is_chosen else []
    words += ["tie"] if not is_chosen and "tie" in frame and frame["tie"].iloc[row] else []
    words += ["base"] if frame["is_base"].iloc[row] else []
    return ", ".join(words)


def _columns(facts):
    """Columns that differ between candidates, scores first, so that a phone shows them; what others hold for all."""
    frame, metric = facts.frame, facts.metric
    means = [name for other in facts.candidates.means for name in (other, f"train_{other}")]
    scores = [name for name in (metric, f"{metric}_std", "difference", *means) if name in frame]
    costs = [name for name in COSTS if name in frame]
    is_constant = {name: len(frame) > 1 and frame[name].nunique(dropna=False) == 1 for name in frame}
    shared = {name: frame[name].iloc[0] for name in costs if is_constant[name]}
    rest = [name for name in [*facts.parameters, *STAGES, *costs] if name in frame and not is_constant[name]]
    return list(dict.fromkeys([*scores, *rest])), shared


def _headings(facts):
    headings = HEADINGS | {facts.metric: facts.label, f"{facts.metric}_std": "sd"}
    headings[f"train_{facts.metric}"] = f"train {facts.label}"
    headings |= {name: name.replace("_", " ") for name in facts.frame if name not in headings}
    return {name: text for name, text in headings.items() if name not in facts.parameters}


def _caption(facts, n_shown, shared):
    headings = _headings(facts)
    n_rows = len(facts.frame)
    kind = f"{facts.noun}s" if "iteration" not in facts.frame else "rows"
    text = f"All {kind}" if n_shown == n_rows else f"The best {min(MOST_ROWS, n_rows)} of {n_rows:,} {kind}"
    if n_shown > MOST_ROWS:
        text += " and the base"
    parts = []
    if f"{facts.metric}_std" in facts.frame:
        parts.append("sd: over the folds")
    if "tie" in facts.frame and n_rows > 1:
        parts.append("tie: within one standard error of the best")
    if shared:
        parts.append("the same for all: " + ", ".join(f"{headings.get(k, k)} {v:,.7g}" for k, v in shared.items()))
    return "; ".join([text, *parts])


def _spaces(facts):
    """By full name what a parameter could be: a list of values, or one object that is a distribution."""
    search = facts.search
    study = getattr(search, "study_", search)
    if hasattr(study, "get_trials"):
        spaces = [trial.distributions for trial in study.get_trials(deepcopy=False)]
    else:
        space = getattr(search, "param_grid", getattr(search, "param_distributions", {}))
        spaces = [space] if isinstance(space, dict) else list(space)
    searched = {}
    for each in spaces:
        for name, values in each.items():
            values = list(getattr(values, "choices", values)) if _is_listed(values) else values
            if isinstance(values, list) and isinstance(searched.get(name), list):
                searched[name] += [value for value in values if as_text(value) not in map(as_text, searched[name])]
            else:
                searched.setdefault(name, values)
    return searched


def _is_listed(values):
    return hasattr(values, "choices") or (hasattr(values, "__iter__") and not isinstance(values, str))


def _values_text(facts, full, values):
    if values is None:
        tried = facts.frame[facts.full_names[full]]
        values = list(dict.fromkeys(tried))
    if not isinstance(values, list):
        return _distribution_text(values)
    if len(values) <= MOST_VALUES:
        return ", ".join(_value_text(value) for value in values)
    if all(isinstance(value, (int, float, np.number)) for value in values):
        return f"{len(values)} values from {_value_text(min(values))} to {_value_text(max(values))}"
    return ", ".join(_value_text(value) for value in values[:MOST_VALUES]) + f" and {len(values) - MOST_VALUES} more"


def _distribution_text(space):
    if hasattr(space, "low") and hasattr(space, "high"):  # of Optuna
        kind = "whole numbers " if type(space).__name__.startswith("Int") else ""
        step = getattr(space, "step", None)
        text = f"{kind}{number_text(space.low)} to {number_text(space.high)}"
        text += f" in steps of {number_text(step)}" if step and (step != 1 or not kind) else ""
        return text + (", logarithmic" if getattr(space, "log", False) else "")
    if hasattr(space, "dist") and hasattr(space, "support"):  # of scipy
        low, high = space.support()
        if np.isfinite([low, high]).all():
            return f"{number_text(low)} to {number_text(high)}, {space.dist.name}"
        arguments = [*map(number_text, space.args), *(f"{k}={number_text(v)}" for k, v in space.kwds.items())]
        return f"{space.dist.name}({', '.join(arguments)})"
    return as_text(space)


def _value_text(value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return as_text(value)
    return number_text(value)


def _folds_text(search, n_folds):
    cv = getattr(search, "cv", None)
    if hasattr(cv, "split"):
        return f"{n_folds} of {as_text(cv)}"
    return f"{n_folds} given ones" if isinstance(cv, (list, tuple)) else (f"{n_folds}" if n_folds > 1 else None)


def _scoring_text(facts):
    others = [name for name in facts.candidates.means if name != facts.metric]
    text = facts.label + (", lower is better" if facts.frame.attrs["lower_is_better"] else "")
    return text + (f"; also {', '.join(others)}" if others else "")


def _images_text(facts):
    parts = [] if facts.n_images is None else [f"{facts.n_images:,}"]
    fitted = unwrap_estimator(facts.candidates.best, "image_shape_")
    if fitted is not None:
        height, width, channels = fitted.image_shape_
        parts.append(f"{height} x {width} pixels, {plural(channels, 'channel')}")
    fitted = unwrap_estimator(facts.candidates.best, "classes_")
    if fitted is not None:
        parts.append(f"{len(fitted.classes_):,} classes")
    return ", ".join(parts) or None


def _seed_text(holder):
    return _short(holder.random_state) if hasattr(holder, "random_state") else None


def _short(value):
    return "None: scores differ from run to run" if value is None else as_text(value)


def _range_text(seconds):
    low, middle, high = seconds.min(), seconds.median(), seconds.max()
    if not np.isfinite(low) or len(seconds) == 1:
        return duration_text(middle)
    return f"{duration_text(middle)} (median; {duration_text(low)} to {duration_text(high)})"


def _two_columns(rows, name, value="value"):
    import pandas as pd

    rows = {key: value for key, value in rows.items() if value is not None}
    return pd.DataFrame({value: list(rows.values())}, index=pd.Index(list(rows), name=name))

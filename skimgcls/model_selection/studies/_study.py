"""What a study of settings found: a table, a comparison, learning curves, and a picture of them."""

import base64
import io
from html import escape

import numpy as np

from skimgcls.model_selection._comparison_text import BETTER, TIE, WORSE, score_format
from skimgcls.model_selection.studies._study_display import StudyDisplay

CURVE_COLUMNS = ["candidate", "seed", "fold", "epoch", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy"]
MISSING = "–"
ENOUGH_SPLITS = 6  # from there the quantile of the t distribution is not much larger than of the normal one


class Study:
    """Settings of one network, fitted on the same folds.

    Made by ``compare_optimizers``, ``compare_batch_sizes``, ``compare_regularizers`` and ``compare_settings``. In a
    notebook it shows itself as a table with a picture.

    Parameters
    ----------
    comparison : Comparison
        With training scores.
    curves : DataFrame
        See the attribute.
    candidates : list of str
        Their names, in the order in which they were given.
    parameters : dict of list
        By short name the values that the candidates have.
    draw : callable
        Given the study and Axes or None, draws the study and returns a dict of Axes.

    Attributes
    ----------
    comparison : Comparison
        The verdicts with their intervals and p-values, the best first; ``comparison.scores`` has one row per fit.
    curves : DataFrame, one row per epoch of each fit
        ``candidate``, ``seed`` and ``fold`` (numbers of the repetition and of the fold in it), ``epoch`` (from 1),
        ``train_loss`` and ``valid_loss`` (nats), ``train_accuracy`` and ``valid_accuracy`` (0 to 1). What the network
        validates on is the test fold, which does not enter its training. Where it would (early stopping, a share that
        is held out, a plateau schedule, callbacks), the test fold is not handed in, nor where the network stands in
        anything but pipelines; the ``valid_`` columns are then of what it holds out itself, or else NaN.
    frame : DataFrame, one row per candidate, in the order given
        The index holds their names; displays of searches take it. Columns:

        - the parameters;
        - ``score`` and ``score_std`` of the test folds, ``train_score`` and ``train_score_std`` of the training folds,
          and ``gap``, the training score minus the test score. Standard deviations are over the fits, n - 1 in the
          denominator;
        - ``epochs``, ``epochs_std``;
        - ``fit_seconds``, ``fit_seconds_std``: training of the network and validation after each epoch, without the
          transformers before it, and without what torch loads at its start; ``seconds_per_epoch``;
        - ``difference`` to the best candidate or the reference;
        - ``verdict``: that of ``Comparison``, and whether an earlier candidate has the same scores; or in how many fits
          training diverged.

    See Also
    --------
    Comparison : The verdicts.
    compare : Any estimators on the same folds.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.model_selection import compare_settings
    >>> X, y = load_digit_images(return_X_y=True)
    >>> model = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0)
    >>> study = compare_settings(model, X[:300], y[:300], "activation", ["relu", "tanh"], random_state=0)
    >>> study.frame.index.tolist(), study.frame["epochs"].tolist()
    (['relu', 'tanh'], [2.0, 2.0])
    >>> len(study.curves)  # 2 candidates, 3 folds, 2 epochs
    12
    """

    def __init__(self, comparison, curves, *, candidates, parameters, draw):
        self.comparison = comparison
        self.curves = curves
        self._draw = draw
        self.frame = _make_frame(comparison, candidates, parameters)

    def plot(self, *, ax=None):
        """Draw the study.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Place in a grid of Axes that the panels take. None makes a new figure.

        Returns
        -------
        display : StudyDisplay
            With ``axes_``, a dict of the panels by name, and ``figure_``.
        """
        return StudyDisplay(self, self._draw).plot(ax=ax)

    def __repr__(self):
        return f"{self.comparison.summary}\n\n{_table(self).to_string()}\n\n{_method(self.comparison)}"

    def _repr_html_(self):
        summary, method = escape(self.comparison.summary), escape(_method(self.comparison))
        table = _table(self).to_html(escape=True, border=0)
        picture = f'<img src="data:image/png;base64,{_png(self)}" alt="{summary}" style="max-width: 100%">'
        return f"<div><p><strong>{summary}</strong></p>{table}{picture}<p>{method}</p></div>"


def _make_frame(comparison, candidates, parameters):
    import pandas as pd

    compared, metric = comparison.frame.loc[candidates], comparison.metric
    by_candidate = comparison.scores.groupby("candidate", sort=False)
    columns = {"score": compared["mean"], "score_std": compared["std"]}
    measured = {"train_score": f"train_{metric}", "epochs": "epochs", "fit_seconds": "fit_seconds"}
    for name, column in measured.items():
        if column in comparison.scores:
            columns |= {name: by_candidate[column].mean(), f"{name}_std": by_candidate[column].std()}
    frame = pd.DataFrame(columns).loc[candidates].rename_axis("candidate")
    if "train_score" in frame:
        frame.insert(4, "gap", frame["train_score"] - frame["score"])
    if "epochs" in frame:
        frame["seconds_per_epoch"] = frame["fit_seconds"] / frame["epochs"]
    frame["difference"] = compared["difference"]
    frame["verdict"] = _verdicts(comparison, candidates)
    for place, (name, values) in enumerate(parameters.items()):
        frame.insert(place, name, values)
    frame.attrs = {"metric": "score", "metric_label": comparison.metric_label, "lower_is_better": False}
    return frame


def _verdicts(comparison, candidates):
    """The verdicts, with a word on who shares its scores with another candidate, or diverged."""
    verdicts, known = [], {}  # known: candidates by their scores
    for name in candidates:
        fits = comparison.scores[comparison.scores["candidate"] == name]
        verdict = comparison.frame.loc[name, "verdict"]
        errors = fits["error"].dropna() if "error" in fits else ()
        twin = known.setdefault(tuple(fits[comparison.metric].round(9)), name)
        if len(errors) and all(error.startswith("DivergedError") for error in errors):
            verdict = f"diverged in {len(errors)} of {len(fits)} fits"
        elif twin != name and verdict in (TIE, WORSE, BETTER):
            verdict = f"{verdict}; same scores as {twin}"
        verdicts.append(verdict)
    return verdicts


def _method(comparison):
    """How it was found, and what to do where that was too little to find anything."""
    n_splits = comparison.scores["split"].nunique()
    if n_splits >= ENOUGH_SPLITS or not comparison.frame["verdict"].eq(TIE).any():
        return comparison.method
    return f"{comparison.method} {n_splits} splits detect only very large differences; n_seeds=3 finds smaller ones."


def _table(study):
    """The frame as texts, under headings for a reader."""
    import pandas as pd

    frame, score = study.frame, score_format(study.comparison.frame)
    label = study.comparison.metric_label
    headings = {
        "score": (label, score, score),
        "train_score": (f"train {label}", score, score),
        "gap": ("gap", score, score),
        "epochs": ("epochs", "{:.3g}".format, "{:.2g}".format),
        "fit_seconds": ("seconds", "{:.3g}".format, "{:.2g}".format),
    }
    columns = {}
    for name, (heading, write, write_spread) in headings.items():
        if name in frame:
            spread = frame.get(f"{name}_std", pd.Series(0, index=frame.index)).fillna(0)
            pairs = zip(frame[name], spread, strict=True)
            columns[heading] = [
                MISSING if np.isnan(mean) else write(mean) + (f" ± {write_spread(std)}" if std > 0 else "")
                for mean, std in pairs
            ]
    return pd.DataFrame(columns | {"verdict": list(frame["verdict"])}, index=frame.index.rename(None))


def _png(study):
    import matplotlib.pyplot as plt

    figure = study.plot().figure_
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    plt.close(figure)  # or a notebook would show it a second time
    return base64.b64encode(buffer.getvalue()).decode()

"""What a report says about a search in words: who won, by how much, and how sure that is."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from skimgcls.model_selection import EpochHalvingSearchCV, results_frame
from skimgcls.model_selection._candidates import Candidates, read_candidates
from skimgcls.model_selection._parameter_columns import as_text
from skimgcls.model_selection.displays._plotted_results import PlottedResults
from skimgcls.reports._estimator_code import estimator_code
from skimgcls.utils._is_same import is_same


@dataclass
class SearchFacts:
    """A search with its table.

    Parameters
    ----------
    search : search, study or dict
        As for ``results_frame``.
    frame : DataFrame
        Its table.
    candidates : Candidates
        The same before it became a table.
    n_images : int or None
        Images that it was fitted on, where known.
    """

    search: object
    frame: object
    candidates: Candidates
    n_images: int

    @property
    def metric(self):
        """Column of the score."""
        return self.frame.attrs["metric"]

    @property
    def label(self):
        """Words for the score."""
        return self.frame.attrs["metric_label"]

    @property
    def scores(self):
        """Scores as floats (n,), NaN where a fit failed."""
        return self.frame[self.metric].to_numpy(dtype=float)

    @property
    def is_scored(self):
        """Whether each candidate came to a score (n,): a pruned trial has none that counts."""
        is_complete = self.frame["state"].to_numpy() == "complete" if "state" in self.frame else True
        return np.isfinite(self.scores) & is_complete

    @property
    def noun(self):
        """What a row of the table is: a candidate, or a trial."""
        return self.frame.index.name

    @property
    def parameters(self):
        """Columns of parameters."""
        return list(self.frame.columns[: self.frame.columns.get_loc(self.metric)])

    @property
    def full_names(self):
        """Short names of parameters by their full ones."""
        names = dict.fromkeys(name for each in self.candidates.params for name in each)
        return dict(zip([name for name in names if name != self.candidates.resource], self.parameters, strict=True))

    @property
    def n_candidates(self):
        """How many were tried; one that halving trained again counts once."""
        if "iteration" not in self.frame:
            return len(self.frame)
        return len(self.frame[self.parameters].drop_duplicates())

    @property
    def fits(self):
        """Rows of the table that add up: of a network that was trained on and on, only the last, which holds all."""
        if isinstance(self.search, EpochHalvingSearchCV):
            return self.frame.sort_values("iteration", kind="stable").drop_duplicates(self.parameters, keep="last")
        return self.frame

    @property
    def refit_function(self):
        """The function that chose the winner, where it was not the best score that did."""
        refit = getattr(self.search, "refit", None)
        # scikit-learn's halving takes the best whatever it says
        is_asked = callable(refit) and ("iteration" not in self.frame or isinstance(self.search, EpochHalvingSearchCV))
        return refit if is_asked and self.metric == _default_metric(self.candidates) else None

    @property
    def chosen(self):
        """Place of the winner in the table; None where no candidate has a score."""
        if not self.is_scored.any():
            return None
        return int(self.search.best_index_) if self.refit_function else int(np.argmin(self.frame["rank"]))

    @property
    def estimator(self):
        """The winner, not fitted; None where there is none or nothing but its parameters is known."""
        if self.chosen is None or self.candidates.estimator is None:
            return None
        params = self.candidates.params[self.chosen]
        best = self.candidates.best
        if best is not None and is_same(params, self.candidates.best_params):
            return clone(best)
        # As searches do: a value that is an estimator is copied before it becomes a part of another.
        copies = {name: clone(value, safe=False) for name, value in params.items()}
        return clone(self.candidates.estimator).set_params(**copies)

    @property
    def code(self):
        """Python code that makes the winner; of a study the dict of its parameters; "" where there is neither."""
        estimator = self.estimator
        if estimator is not None:
            return estimator_code(estimator)
        params = {} if self.chosen is None else self.candidates.params[self.chosen]
        return estimator_code(params, "params") if params else ""

    @property
    def base_code(self):
        """Python code that makes the estimator that the search was given; "" where it is not known."""
        return "" if self.candidates.estimator is None else estimator_code(clone(self.candidates.estimator))

    def name(self, row):
        """What tells one candidate from the others, "" where nothing does."""
        frame = self.frame.reset_index(drop=True)
        return PlottedResults(frame, self.metric, self.label, False, self.parameters).names([row])[0]

    def headline(self):
        """Say in a few sentences, each a string, what came out."""
        if self.chosen is None:
            return [
                f"None of the {plural(self.n_candidates, self.noun)} came to a score. Fit the estimator once by "
                "itself, and score it, to see what is wrong.",
                self._losses(),
            ]
        return [text for text in (self._winner(), self._ties(), self._difference(), self._losses()) if text]

    def _winner(self):
        """The winner and its score."""
        text = f"{self.label} {score_text(self.scores[self.chosen])}"
        std = self.frame.get(f"{self.metric}_std")
        if std is not None and np.isfinite(std.iloc[self.chosen]):
            text += f" ± {score_text(std.iloc[self.chosen])}"
            text += f" (mean and standard deviation over {plural(self.candidates.n_folds, 'fold')})"
        elif self.candidates.n_folds > 1:
            text += f" (mean over {plural(self.candidates.n_folds, 'fold')})"
        name = self.name(self.chosen)
        if self.n_candidates == 1:
            return f"One {self.noun}{f', {name}' if name else ''}: {text}."
        if self.refit_function is None:
            return f"The best of {self.n_candidates:,} {self.noun}s is {name}: {text}."
        text = f"Chosen by {as_text(self.refit_function)} from {self.n_candidates:,} {self.noun}s: {name}, {text}."
        best = int(np.argmin(self.frame["rank"]))
        is_best = self.frame["rank"].iloc[self.chosen] == 1
        return text + ("" if is_best else f" The best score is {score_text(self.scores[best])}, of {self.name(best)}.")

    def _ties(self):
        """How many may be equally good."""
        if "tie" not in self.frame or self.n_candidates == 1:
            return ""
        best = int(np.argmin(self.frame["rank"]))
        error = self.frame[f"{self.metric}_std"].iloc[best] / np.sqrt(self.candidates.n_folds - 1)
        if not np.isfinite(error):
            return ""
        n_ties = int(self.frame["tie"].sum()) - 1
        if n_ties == 0:
            return f"No other is within one standard error of the best ({score_text(error)})."
        verb, they = ("is", "it") if n_ties == 1 else ("are", "they")
        others = f"{n_ties:,} other{'s' * (n_ties > 1)}"
        return (
            f"{others} {verb} within one standard error of the best ({score_text(error)}): {they} may be equally good. "
            "The function compare tests that."
        )

    def _difference(self):
        """How far the winner is from the base."""
        if "difference" not in self.frame or self.n_candidates == 1:
            return ""
        difference = self.frame["difference"].iloc[self.chosen]
        if not np.isfinite(difference):  # the base did not come as far, or failed
            return ""
        is_base = self.frame["is_base"].to_numpy()
        first = int(np.flatnonzero(is_base)[0])
        is_own = self._has_own_values(first)
        base = f"the {self.noun} with the estimator's own values" if is_own else f"the first {self.noun}"
        if is_base[self.chosen]:
            return f"The winner is {base}." if is_own else ""
        base = f"{base} ({self.name(first)})"
        if difference == 0:
            return f"The winner scores the same as {base}."
        return f"The winner scores {score_text(abs(difference))} {'higher' if difference > 0 else 'lower'} than {base}."

    def _has_own_values(self, row):
        if self.candidates.estimator is None:
            return False
        own = self.candidates.estimator.get_params(deep=True)
        params = self.candidates.params[row]
        return all(n in own and is_same(v, own[n]) for n, v in params.items() if n != self.candidates.resource)

    def _losses(self):
        """Candidates that were stopped, or failed."""
        states = Counter(self.frame.get("state", ["complete"] * len(self.frame)))
        counts = {
            f"{'was' if states['pruned'] == 1 else 'were'} pruned": states["pruned"],
            "failed": states["fail"],
            "got no score": states["complete"] - self.is_scored.sum(),
        }
        found = [f"{count:,} {what}" for what, count in counts.items() if count]
        return f"Of the {self.noun}s, {' and '.join(found)}." if found else ""


def read_search(search, metric=None, n_images=None):
    """Read a search for a report; raises what ``results_frame`` raises."""
    frame = results_frame(search, metric=metric, n_images=n_images)
    known = getattr(search, "n_samples_", None) if n_images is None else n_images
    if known is None and hasattr(search, "sample_indices_"):  # of OptunaSearchCV
        known = len(search.sample_indices_)
    return SearchFacts(search, frame, read_candidates(search, n_images), known)


def score_text(value):
    """Write a score: with four decimals, or four digits where it exceeds 1."""
    return f"{value:.4f}" if 1e-4 <= abs(value) <= 1 or value == 0 else f"{value:.4g}"


def plural(number, noun):
    """Write a number with its noun."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _default_metric(candidates):
    return candidates.main_metric or next(iter(candidates.means))

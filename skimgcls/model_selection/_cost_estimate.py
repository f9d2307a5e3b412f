"""What a search will take, in numbers and in a sentence."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, repr=False)
class CostEstimate:
    """What a search will take, as ``estimate_cost`` measured it.

    In a notebook or printed it reads ``36 fits x (9 epochs x 0.12 s + 0.05 s) = 41 s on cpu (1 thread), 44 s with the
    refit``.

    Parameters
    ----------
    n_candidates : int
        Candidates.
    n_folds : int
        Folds of each.
    n_fits : int
        Fits without the refit; halving fits some candidates several times.
    epochs : float or None
        Epochs of a fit, the mean; None for estimators that have none.
    seconds_per_epoch : float
        The mean over these epochs; 0 without epochs.
    seconds_beside : float
        What a fit takes beside its epochs: starting, and predicting the test fold. Without epochs all of it.
    n_parallel : int
        Fits at a time.
    seconds : float
        Wall time without the refit.
    refit_seconds : float
        That of the refit; 0 without one.
    at_most : bool
        Whether fits may end sooner: by early stopping, a time limit, a callback or pruning.
    device : str or None
        Where a network is trained; None for other estimators.
    n_threads : int or None
        Threads of a fit on a CPU, where one runs at a time.
    frame : DataFrame
        What was measured, one row for each combination of parameters that matter for the time: these, then
        ``seconds_per_epoch``, ``start_seconds``, ``score_seconds``.

    Examples
    --------
    >>> from skimgcls.model_selection import CostEstimate
    >>> CostEstimate(
    ...     n_candidates=12, n_folds=3, n_fits=36, epochs=9, seconds_per_epoch=0.12, seconds_beside=0.05, n_parallel=1,
    ...     seconds=40.7, refit_seconds=2.9, at_most=False, device="cpu", n_threads=1, frame=None
    ... )
    36 fits x (9 epochs x 0.12 s + 0.05 s) = 41 s on cpu (1 thread), 44 s with the refit
    """

    n_candidates: int
    n_folds: int
    n_fits: int
    epochs: float | None
    seconds_per_epoch: float
    seconds_beside: float
    n_parallel: int
    seconds: float
    refit_seconds: float
    at_most: bool
    device: str | None
    n_threads: int | None
    frame: object

    def __repr__(self):
        up_to = "up to " if self.at_most else ""
        fit = _duration(self.seconds_beside)
        if self.epochs is not None:
            fit = f"({up_to}{self.epochs:.3g} epochs x {_duration(self.seconds_per_epoch)} + {fit})"
        equals = " =" if self.n_parallel == 1 else f", {self.n_parallel} at a time:"
        threads = f" ({self.n_threads} thread{'s' * (self.n_threads > 1)})" if self.n_threads else ""
        where = f" on {self.device}{threads}" if self.device else ""
        refit = f", {_duration(self.seconds + self.refit_seconds)} with the refit" if self.refit_seconds else ""
        fits = f"{self.n_fits:,} fit{'s' * (self.n_fits > 1)}"
        return f"{fits} x {fit}{equals} {up_to}{_duration(self.seconds)}{where}{refit}"

    def _repr_html_(self):
        text = f"<p><strong>{escape(repr(self))}</strong></p>"
        if self.frame is None or len(self.frame) < 2:
            return text
        return text + self.frame.to_html(index=False, border=0, float_format="{:.3g}".format)


def _duration(seconds):
    """Write a duration in two digits or so."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"

"""What the displays of a search share: where their table comes from."""

from abc import ABC, abstractmethod

from skimgcls.model_selection._results_frame import results_frame


def check_aggregate(aggregate):
    """Refuse a way of bringing several candidates to one value that nobody knows."""
    if aggregate not in ("best", "mean"):
        raise ValueError(f"aggregate must be 'best' or 'mean', got {aggregate!r}.")


class SearchDisplay(ABC):
    """Display of a table of candidates.

    Parameters
    ----------
    frame : DataFrame
        From ``results_frame``.
    metric : str, default=None
        Column of the score. None means the one that ``results_frame`` ranked by.
    """

    def __init__(self, frame, *, metric=None):
        self.frame = frame
        self.metric = metric

    @classmethod
    def from_search(cls, search, *, metric=None, n_images=None, ax=None, **options):
        """Plot a search.

        Parameters
        ----------
        search : fitted search, optuna.Study or dict
            As for ``results_frame``.
        metric : str, default=None
            Which metric, where the search has several.
        n_images : int, default=None
            Images that the search was fitted on, where its predictions per second are wanted.
        ax : matplotlib Axes, default=None
            See ``plot``.
        **options : dict
            Other parameters of the class.

        Returns
        -------
        display : object of this class
            Plotted.
        """
        return cls(results_frame(search, metric=metric, n_images=n_images), metric=metric, **options).plot(ax=ax)

    @classmethod
    def from_frame(cls, frame, *, metric=None, ax=None, **options):
        """Plot a table of candidates.

        Parameters
        ----------
        frame : DataFrame
            From ``results_frame``; rows may have been left out.
        metric : str, default=None
            Column of the score. None means the one that ``results_frame`` ranked by.
        ax : matplotlib Axes, default=None
            See ``plot``.
        **options : dict
            Other parameters of the class.

        Returns
        -------
        display : object of this class
            Plotted.
        """
        return cls(frame, metric=metric, **options).plot(ax=ax)

    @abstractmethod
    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : object
            With ``ax_`` and ``figure_``.
        """

    def _draw_on(self, ax, size):
        """Take axes, or those of a new figure of a size in inches, as ``ax_`` and ``figure_``."""
        import matplotlib.pyplot as plt

        self.ax_ = plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
        self.figure_ = self.ax_.figure.figure  # also from within a subfigure

"""What a fitted estimator tells of its training: advice, and what a notebook shows below its parameters."""

from html import escape

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skimgcls.architectures import count_parameters, summarize_layers
from skimgcls.training._history import history_frame

_CELL = 'style="padding: .15em .8em; text-align: {side}; white-space: nowrap; color: inherit"'
_HAS_FITTED_BLOCK = hasattr(BaseEstimator, "_get_fitted_attr_html")  # scikit-learn 1.9 and later


class FittedSummaryMixin:
    """Adds the history, what is read off it, and to scikit-learn's HTML diagram what was trained.

    Since scikit-learn 1.9 that stands in the block of the estimator, wherever that is: alone, in a pipeline, in a
    search. Before, the diagram of an estimator that stands alone is followed by it, and other diagrams are without.
    """

    def advise(self):
        """Say what the curves of training suggest to change.

        Returns
        -------
        advice : Advice
            Sentences, and in ``param_grid`` what to try next; empty and falsy when there is nothing to say.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        from skimgcls.metrics._advise import advise  # metrics hold all displays: nothing that a fit should wait for

        check_is_fitted(self)
        counts, valid = getattr(self, "_class_counts", np.zeros((2, 0)))  # a pickle of long ago has none
        counts = dict(zip(self.classes_.tolist(), counts.tolist(), strict=False))
        return advise(self.history_, class_counts=counts, n_valid=valid.sum(), params=self.get_params(deep=False))

    def plot_history(self, ax=None):
        """Plot loss and accuracy over epochs.

        Parameters
        ----------
        ax : matplotlib Axes or array of two Axes, default=None
            Where to draw; None makes a figure of two panels.

        Returns
        -------
        TrainingCurveDisplay
        """
        from skimgcls.metrics import TrainingCurveDisplay

        check_is_fitted(self)
        return TrainingCurveDisplay.from_estimator(self, ax=ax)

    @property
    def history_(self):
        """DataFrame with one row per epoch."""
        check_is_fitted(self)
        return history_frame(self.net_.history)

    @property
    def device_(self):
        """Device that the network is on, as a string."""
        check_is_fitted(self)
        return str(self.net_.device)

    @property
    def n_parameters_(self):
        """Number of weights that training adjusts."""
        check_is_fitted(self)
        return count_parameters(self.net_.module_)

    if _HAS_FITTED_BLOCK:

        def _get_fitted_attr_html(self, doc_link=""):
            summary = fitted_summary(self)
            try:
                table = super()._get_fitted_attr_html(doc_link)
            except Exception:  # it reads every attribute, also those of a net that is broken
                return ()
            if summary:
                write_table = table._html_repr
                table._html_repr = lambda: write_table() + summary
            return table

    else:

        def _repr_html_inner(self):
            return super()._repr_html_inner() + fitted_summary(self)

        def _repr_mimebundle_(self, **kwargs):
            bundle = super()._repr_mimebundle_(**kwargs)
            if "text/html" in bundle:
                bundle["text/html"] += fitted_summary(self)
            return bundle


def fitted_summary(estimator):
    """Write what was trained as HTML; "" for an estimator that is not fitted or whose net is broken.

    Runs one image of zeros through the network, on its device. Nothing of the network and no random generator is
    changed by that.

    Parameters
    ----------
    estimator : BaseImageClassifier

    Returns
    -------
    html : str
    """
    from skimgcls.metrics._curve_svg import curve_svg

    if not hasattr(estimator, "net_"):
        return ""
    try:
        history = history_frame(estimator.net_.history)
        curves = "".join(curve_svg(history, metric) for metric in ("loss", "accuracy"))
        return (
            '<div class="estimator-table"><details open><summary>Training</summary>'
            f'<div style="padding: 0 .5em .5em">{_facts(estimator)}'
            f'<div style="display: flex; flex-wrap: wrap">{curves}</div></div></details>'
            f"{_architecture(estimator)}</div>"
        )
    except Exception:  # a model that cannot be described must still be shown
        return ""


def _facts(estimator):
    n_epochs = estimator.n_epochs_
    best = f", best epoch {estimator.best_epoch_}" if n_epochs > 1 else ""
    return (
        f'<p style="margin: 0 0 .5em">{n_epochs} epoch{"s" * (n_epochs != 1)} in {_duration(estimator.fit_time_)} on '
        f"{escape(estimator.device_)}{best}</p>"
    )


def _duration(seconds):
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _architecture(estimator):
    module = getattr(estimator.net_.module_, "_orig_mod", estimator.net_.module_)  # hooks would compile it anew
    height, width, channels = estimator.image_shape_
    layers = _summarize_unchanged(module, (channels, height, width), estimator.net_.device)
    rows = [
        _row("td", layer.name, layer.type, _shape(layer.output_shape), f"{layer.n_parameters:,}") for layer in layers
    ]
    n_parameters = count_parameters(module)
    n_frozen = count_parameters(module, trainable_only=False) - n_parameters
    frozen = f" and {n_frozen:,} frozen ones" if n_frozen else ""
    head = _row("th", "layer", "type", "output", "parameters")
    return (
        f"<details><summary>Architecture: {len(layers)} layers, {n_parameters:,} parameters{frozen}</summary>"
        '<div style="max-height: 24em; overflow: auto; padding: 0 .5em .5em">'
        '<table style="border-collapse: collapse; color: inherit; font-size: .9em"><thead>'
        f"{head}</thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _summarize_unchanged(module, in_shape, device):
    """Summarize a network of anybody's, which may draw random numbers or count its calls."""
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    devices = [device] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices):
        try:
            return summarize_layers(module, in_shape)
        finally:
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


def _shape(sizes):
    """Write a size; of a map (c, h, w) in the order of images, (h, w, c)."""
    sizes = (*sizes[1:], sizes[0]) if len(sizes) == 3 else sizes
    return " × ".join(map(str, sizes))


def _row(tag, name, kind, output, n_parameters):
    left, right = _CELL.format(side="left"), _CELL.format(side="right")
    cells = "".join(f"<{tag} {left}>{escape(text)}</{tag}>" for text in (name, kind, output))
    return f'<tr style="background: none">{cells}<{tag} {right}>{n_parameters}</{tag}></tr>'

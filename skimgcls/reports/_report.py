"""How good a classifier is, on one page."""

import json
import math

import numpy as np

from skimgcls.reports._evaluation_display import EvaluationDisplay
from skimgcls.reports._evaluation_page import evaluation_page
from skimgcls.reports._evaluation_text import cost_table, score_table, summarize
from skimgcls.utils._write_atomically import write_atomically


class Report:
    """Scores, costs and mistakes of a classifier: as tables, pictures, and one self-contained HTML page.

    Made by ``evaluate`` and ``evaluate_cv``. The page holds its pictures and its style, runs no script, loads nothing
    and follows the reader's light or dark setting. A notebook shows it where the report is the last line of a cell.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.

    Attributes
    ----------
    frame : DataFrame, one row per score or cost
        Of ``evaluate``: ``value``, ``low`` and ``high`` (95 % interval) and ``unit``. Of ``evaluate_cv``: ``mean`` and
        ``sd`` over the folds, ``pooled`` (of all predictions together), its ``low`` and ``high``, and ``unit``. Scores
        are those of ``classification_scores``, costs ``fit_seconds``, ``predict_seconds`` and ``images_per_second`` (of
        all images at once), ``latency_ms`` (median for one image), ``n_parameters`` and ``n_bytes`` (of the network's
        weights). What is not known or not defined has no row.
    per_class : DataFrame, one row per class
        As ``per_class_scores`` gives it.
    folds : DataFrame, one row per fold, or None
        Scores, costs and ``n_images`` of each fold. None without folds.
    notes : list of str
        What to know when reading the numbers: classes without images, labels that the classifier does not know.
    summary : str
        What came out, in a few sentences.
    title : str
        Heading of the page.
    y_true, y_pred : ndarray of shape (n,)
        True and predicted labels; with folds in their order.
    y_proba : ndarray of shape (n, n_classes) or None
        Probabilities.
    classes : ndarray of shape (n_classes,)
        Labels of their columns.

    See Also
    --------
    SearchReport : The same for a search.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skimgcls import evaluate
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(C=0.001, max_iter=100).fit(X[:500] / 16, y[:500])
    >>> report = evaluate(clf, X[500:] / 16, y[500:])
    >>> sorted(report.to_dict())
    ['classes', 'folds', 'model', 'n_images', 'notes', 'per_class', 'scores', 'title']
    >>> report.to_dict()["scores"]["accuracy"]["unit"]
    '0 to 1'
    """

    def __init__(self, evaluation):
        self._evaluation = evaluation
        for name in ("frame", "per_class", "folds", "notes", "title", "y_true", "y_pred", "y_proba", "classes"):
            setattr(self, name, getattr(evaluation, name))

    @property
    def summary(self):
        """What came out, in a few sentences."""
        return " ".join(summarize(self._evaluation))

    def plot(self):
        """Draw one page of panels.

        Returns
        -------
        display : object
            With ``figure_``, a matplotlib Figure, and ``panels_``, the displays on it by name: where there is
            something to draw ``training_curves``, ``confusion_matrix``, ``per_class``, ``roc``, ``precision_recall``,
            ``reliability`` and ``mistakes``.
        """
        return EvaluationDisplay(self._evaluation).plot()

    def to_dict(self):
        """Return all numbers as plain types that JSON knows.

        Returns
        -------
        report : dict
            ``title``, ``model``, ``n_images``, ``classes``, ``scores`` (by name the row of ``frame``), ``per_class``
            and ``folds`` (lists of rows), ``notes``. NaN is None.
        """
        evaluation = self._evaluation
        folds = None if self.folds is None else self.folds.reset_index().to_dict("records")
        return _plain(
            {
                "title": self.title,
                "model": evaluation.model,
                "n_images": len(self.y_true),
                "classes": self.classes.tolist(),
                "scores": self.frame.to_dict("index"),
                "per_class": self.per_class.reset_index().to_dict("records"),
                "folds": folds,
                "notes": self.notes,
            }
        )

    def to_json(self, path=None):
        """Write all numbers as JSON.

        Parameters
        ----------
        path : str or path-like, default=None
            The file. An old one is replaced only when the new one is complete.

        Returns
        -------
        json : str or pathlib.Path
            The text, or the file where one was given.

        Raises
        ------
        OSError
            If the folder does not exist or cannot be written to.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        return text if path is None else write_atomically(path, text.encode("utf-8", errors="replace"))

    def to_html(self):
        """Write the page as a string.

        Returns
        -------
        html : str
            The whole document.
        """
        return evaluation_page(self._evaluation).render()

    def save(self, path):
        """Write the page to a file, as a whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file. An old one is replaced only when the new one is complete.

        Returns
        -------
        path : pathlib.Path
            The file.

        Raises
        ------
        OSError
            If the folder does not exist or cannot be written to.
        """
        return evaluation_page(self._evaluation).save(path)

    def __repr__(self):
        scores = score_table(self._evaluation).to_string(float_format="{:.4f}".format)
        return "\n\n".join([self.title, self.summary, *self.notes, scores, cost_table(self._evaluation).to_string()])

    def _repr_html_(self):
        return evaluation_page(self._evaluation).as_frame()


def _plain(value):
    """Turn numpy's scalars and what JSON does not know into Python's own."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)

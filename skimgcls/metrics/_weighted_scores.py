"""All scores of a set of predictions, for many weightings of the images at once."""

import numpy as np
from scipy.sparse import csr_array

from skimgcls.metrics._class_rankings import class_rankings

N_BINS = 15  # of the calibration error, as expected_calibration_error has it


class WeightedScores:
    """Scores as functions of how often each image counts: once for the scores themselves, at random for a bootstrap.

    Parameters
    ----------
    coded : CodedPredictions
        The predictions.
    """

    def __init__(self, coded):
        self.coded = coded
        self._contributions = _contributions(coded)

    def direct(self, weights):
        """Compute the scores that are made of sums over images.

        Parameters
        ----------
        weights : ndarray of int (n_samples, n)
            How often each image counts; each sample sums to the same.

        Returns
        -------
        scores : dict of str to ndarray (n_samples,)
            Without probabilities those alone that need none.
        """
        coded = self.coded
        n, n_labels = weights.sum(axis=1), len(coded.labels)
        sums = weights @ self._contributions
        right, true, predicted = np.split(sums[:, : 3 * n_labels], 3, axis=1)  # (n_samples, n_labels) each
        precision, recall = _ratio(right, predicted), _ratio(right, true)
        averaged = {"precision": precision, "recall": recall, "f1": _ratio(2 * right, true + predicted)}
        is_met = true + predicted > 0
        scores = {"accuracy": right.sum(axis=1) / n, "balanced_accuracy": _mean(recall, true > 0)}
        scores |= {f"{name}_macro": _mean(values, is_met) for name, values in averaged.items()}
        scores |= {f"{name}_weighted": (values * true).sum(axis=1) / n for name, values in averaged.items()}
        if coded.proba is not None:
            loss, hits, *gaps = sums[:, 3 * n_labels :].T
            scores["log_loss"] = loss / n
            if coded.n_guesses:
                scores[f"top_{coded.n_guesses}_accuracy"] = hits / n
            scores["expected_calibration_error"] = np.abs(gaps).sum(axis=0) / n
        return scores

    def ranking(self, weights):
        """Compute the scores that depend on the order of the images.

        Parameters
        ----------
        weights : ndarray of int32 (n_samples, n)
            How often each image counts.

        Returns
        -------
        scores : dict of str to ndarray (n_samples,)
            Means over the classes that a sample has; of two classes the second one's. NaN where nothing can be
            ranked. Empty without probabilities.
        """
        coded = self.coded
        if coded.proba is None:
            return {}
        columns = [1] if coded.n_classes == 2 else range(coded.n_classes)
        sums, counts = np.zeros((2, 2, len(weights)))
        for column in columns:
            rankings = np.array(class_rankings(coded.proba[:, column], coded.true == column, weights))
            is_there = np.isfinite(rankings)
            sums += np.where(is_there, rankings, 0)
            counts += is_there
        with np.errstate(invalid="ignore"):
            return dict(zip(("roc_auc_ovr", "average_precision"), sums / counts, strict=True))


def _contributions(coded):
    """What each image adds to each sum (n, n_sums): mostly zeros."""
    n, n_labels = len(coded.true), len(coded.labels)
    rows = np.arange(n)
    is_right = coded.true == coded.predicted
    entries = [
        (rows[is_right], coded.true[is_right], np.ones(is_right.sum())),
        (rows, n_labels + coded.true, np.ones(n)),
        (rows, 2 * n_labels + coded.predicted, np.ones(n)),
    ]
    n_sums = 3 * n_labels
    if coded.proba is not None:
        confidence = coded.proba.max(axis=1)
        bins = np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], confidence)
        gaps = (coded.proba.argmax(axis=1) == coded.true) - confidence
        entries += [
            (rows, np.full(n, n_sums), -np.log(np.clip(_true_probability(coded), coded.least, 1 - coded.least))),
            (rows, np.full(n, n_sums + 1), _is_guessed(coded).astype(float)),
            (rows, n_sums + 2 + bins, gaps),
        ]
        n_sums += 2 + N_BINS
    rows, columns, values = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return csr_array((values, (rows, columns)), shape=(n, n_sums))


def _true_probability(coded):
    """Probability of each true label; 0 for a label that is no class."""
    is_known = coded.true < coded.n_classes
    return np.where(is_known, coded.proba[np.arange(len(coded.true)), np.where(is_known, coded.true, 0)], 0.0)


def _is_guessed(coded):
    """Whether each true label is among the k largest; of equals the later class comes first, as in scikit-learn."""
    own = _true_probability(coded)[:, None]
    is_later = np.arange(coded.n_classes) > coded.true[:, None]
    rank = ((coded.proba > own) | ((coded.proba == own) & is_later)).sum(axis=1)
    return (rank < coded.n_guesses) & (coded.true < coded.n_classes)


def _ratio(above, below):
    """Divide, with 0 for 0 / 0, scikit-learn's default."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _mean(values, is_counted):
    return np.where(is_counted, values, 0).sum(axis=1) / is_counted.sum(axis=1)

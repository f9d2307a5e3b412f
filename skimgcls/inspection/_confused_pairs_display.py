"""An atlas of confusions: mistakes beside what they look like to the classifier."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d

from skimgcls.images import as_displayable
from skimgcls.inspection._classified_images_display import COLOURS, MARKS, percent
from skimgcls.inspection._image_tiles import draw_heading, draw_image, draw_sections, start_grid, write_captions
from skimgcls.inspection._most_confused_pairs import count_pairs
from skimgcls.inspection._nearest_correct import features_of, nearest_correct
from skimgcls.inspection._rank_predictions import predict_all, rank_predictions
from skimgcls.inspection._section_grid import SectionGrid
from skimgcls.inspection._shown_images import model_name, names_of, read_shown, short_names
from skimgcls.metrics._fit_label import fit_label

MOST_CHARACTERS = 40  # of a label in a heading that has two
NOTE = "left: the mistake, probability of the predicted label; right: the nearest image that is classified correctly"


class ConfusedPairsDisplay:
    """For each pair of classes that is often confused its most confident mistakes, each beside its nearest right image.

    Parameters
    ----------
    pairs : DataFrame, one row per pair
        See :func:`most_confused_pairs`.
    mistakes : DataFrame, one row per mistake shown
        Sorted by pair: ``true``, ``predicted``, ``index``, ``name``, ``confidence``; of the nearest image that is
        classified correctly ``nearest_index`` (-1 if there is none), ``nearest_name``, ``nearest_label`` and
        ``distance``.
    images : ndarray of uint8, (n, h, w) or (n, h, w, 3 or 4)
        The mistakes, in the order of the rows.
    nearest_images : ndarray of uint8, of the same shape
        Beside each the nearest correct image.
    title : str, default=None
        Words above the pairs.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes (n, 2)
        For each mistake its own and that of the image beside it. Set by ``plot``.
    figure_ : matplotlib Figure
        What they are part of. Set by ``plot``.

    See Also
    --------
    most_confused_pairs : The pairs as a table.
    ClassifiedImagesDisplay : Mistakes of all classes.

    Examples
    --------
    >>> from skimgcls import MLPClassifier
    >>> from skimgcls.datasets import load_digit_images
    >>> from skimgcls.inspection import ConfusedPairsDisplay
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(max_epochs=3, random_state=0).fit(X[:500], y[:500])
    >>> display = ConfusedPairsDisplay.from_estimator(clf, X[500:], y[500:], n_pairs=2, n_images=3)
    >>> display.axes_.shape
    (6, 2)
    """

    def __init__(self, pairs, mistakes, images, nearest_images, *, title=None):
        self.pairs = pairs
        self.mistakes = mistakes
        self.images = images
        self.nearest_images = nearest_images
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        X_train=None,
        y_train=None,
        n_pairs=3,
        n_images=5,
        names=None,
        name=None,
        image_shape=None,
        ax=None,
    ):
        """Let a classifier predict images, and show what it confuses.

        Parameters
        ----------
        estimator : classifier
            Fitted, with ``predict_proba``. A pipeline or search is welcome.
        X : array-like
            Images in any form that it accepts, arrays of paths too.
        y : array-like of shape (n,)
            True labels.
        X_train, y_train : array-like, default=None
            Images that it was trained on, and their labels: the nearest images are searched in them, in batches. None
            searches among the images of `X`.
        n_pairs : int, default=3
            Most pairs shown, the most frequent first.
        n_images : int, default=5
            Most mistakes shown of each pair, the most confident first.
        names : array-like of shape (n,), default=None
            Name of each image of `X`, such as its path, of which the last part is shown. None takes paths in `X`, else
            the position in `X`.
        name : str, default=None
            Of the model, for the title. None means its class.
        image_shape : tuple of int, default=None
            (h, w) or (h, w, c) of flat rows. None takes the estimator's ``image_shape_``, or a square.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ConfusedPairsDisplay

        Raises
        ------
        ValueError
            If the classifier gives no probabilities, labels and images do not fit together, or one of `X_train` and
            `y_train` comes without the other.

        Notes
        -----
        Near means a small Euclidean distance between what the network gives to its last linear layer; between pixels
        where the classifier is none of this library. The nearest image is one that the classifier gets right, of
        whichever class.
        """
        for parameter, number in (("n_pairs", n_pairs), ("n_images", n_images)):
            check_scalar(number, parameter, Integral, min_val=1)
        _check_training_images(X_train, y_train)
        y = column_or_1d(y)
        y_pred, y_proba = predict_all(estimator, X)
        mistakes = rank_predictions(y, y_pred, y_proba, estimator.classes_)
        pairs = count_pairs(mistakes, y).head(n_pairs)
        shown = pairs[["true", "predicted"]].merge(
            mistakes.groupby(["true", "predicted"]).head(n_images)[["true", "predicted", "index", "confidence"]],
            sort=False,
        )
        if X_train is None:
            source = {"X": X, "y": y, "is_correct": y_pred == y}
        else:
            source = {"X": X_train, "y": column_or_1d(y_train)}
        form = {"estimator": estimator, "image_shape": image_shape}
        shown = _add_nearest(shown, X, source, names, **form)
        images = _images_of(shown, X, source["X"], **form)
        title = _describe(pairs, model_name(estimator) if name is None else name)
        return cls(pairs, shown, *images, title=title).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the pairs, one below the other.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the pairs fill it. None makes a new figure of the size that they need.

        Returns
        -------
        self : ConfusedPairsDisplay
            With ``axes_`` and ``figure_``.
        """
        grid, ax = start_grid(self._make_grid(), ax)
        self.figure_ = ax.figure.figure  # also from within a subfigure
        n_mistakes = len(self.mistakes)
        tiles = [ax.inset_axes(grid.place(index)) for index in range(2 * n_mistakes)]
        self.axes_ = np.array(tiles, dtype=object).reshape(n_mistakes, 2)
        there = np.column_stack([np.ones(n_mistakes, dtype=bool), self.mistakes["nearest_index"] >= 0])
        for index, (tile, is_there) in enumerate(zip(tiles, there.ravel(), strict=True)):
            image = (self.nearest_images if index % 2 else self.images)[index // 2]
            if is_there:
                draw_image(tile, image, is_stretched=grid.is_stretched)
                write_captions(tile, grid, *grid.captions[index], COLOURS[bool(index % 2)], grid.names[index])
            else:
                tile.set_axis_off()
        draw_sections(ax, grid)
        draw_heading(ax, grid)
        return self

    def _make_grid(self):
        sections, counts, captions, names = [], [], [], []
        for pair in self.pairs.itertuples():
            true, predicted = (_short(label) for label in (pair.true, pair.predicted))
            sections.append((f"{true} taken for {predicted}", _describe_pair(pair)))
            of_pair = (self.mistakes["true"] == pair.true) & (self.mistakes["predicted"] == pair.predicted)
            counts.append(2 * int(of_pair.sum()))
            for row in self.mistakes[of_pair].itertuples():
                captions.append(("", MARKS[False], percent(row.confidence), ""))
                captions.append(("", MARKS[True], str(row.nearest_label), ""))
                names += [row.name, row.nearest_name]
        heading = (self.title or "", NOTE if len(self.pairs) else "")
        return partial(
            SectionGrid,
            self.images.shape[1:3],
            sections,
            counts,
            captions,
            heading,
            n_across=1,
            names=names,
            in_couples=True,
        )


def _check_training_images(X_train, y_train):
    if (X_train is None) != (y_train is None):
        given, missing = ("y_train", "X_train") if X_train is None else ("X_train", "y_train")
        raise ValueError(f"{given} was given without {missing}. Pass both, or none to search among the images of X.")
    if X_train is not None:
        check_consistent_length(X_train, y_train)
        if len(y_train) == 0:
            raise ValueError("X_train is empty. Pass images, or None to search among the images of X.")


def _add_nearest(shown, X, source, names, *, estimator, image_shape):
    rows = shown["index"].tolist()
    index, distance = np.empty(0, dtype=np.intp), np.empty(0)
    if rows:
        queries = features_of(estimator, X, rows, image_shape)
        index, distance = nearest_correct(estimator, queries=queries, image_shape=image_shape, **source)
    names = names_of(X, names)
    nearest_names = names if source["X"] is X else names_of(source["X"])
    called = short_names(nearest_names, index.tolist())
    if source["X"] is not X and nearest_names is None:
        called = [f"training {name}" for name in called]
    there = index >= 0
    return shown.assign(
        name=short_names(names, rows),
        nearest_index=index,
        nearest_name=np.where(there, called, ""),
        nearest_label=np.where(there, source["y"][index].astype(object), None),
        distance=distance,
    ).infer_objects()


def _images_of(shown, X, X_nearest, **form):
    """Mistakes and the images beside them, of one scale of grey: two arrays of bytes."""
    if len(shown) == 0:
        return np.empty((0, 1, 1)), np.empty((0, 1, 1))
    images = read_shown(X, shown["index"].tolist(), **form)
    found = np.flatnonzero(shown["nearest_index"] >= 0)
    nearest = images[:0]
    if len(found):
        nearest = read_shown(X_nearest, shown["nearest_index"].to_numpy()[found].tolist(), **form)
    both = as_displayable(np.concatenate([images, nearest]), channels="first")
    beside = np.zeros_like(both[: len(images)])
    beside[found] = both[len(images) :]
    return both[: len(images)], beside


def _describe(pairs, name):
    if len(pairs) == 0:
        return f"{name}: no mistakes"
    return f"{name}: the most frequent confusion" + f"s, {len(pairs)} pairs" * (len(pairs) > 1)


def _short(label):
    return " ".join(fit_label(str(label), MOST_CHARACTERS, 1, len))


def _describe_pair(pair):
    of_class = round(pair.n_images / pair.share)
    share = percent(pair.share)
    return f"{pair.n_images} of {of_class} images ({share}); the other way {pair.n_reverse}"

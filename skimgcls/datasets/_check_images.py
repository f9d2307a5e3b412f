"""Looking through images before training."""

import numpy as np
from sklearn.utils import column_or_1d

from skimgcls.datasets._image_check import ImageCheck
from skimgcls.datasets._image_facts import ImageFacts, ImageSource
from skimgcls.datasets._image_findings import REMEDIES, find_all, rare_classes

_N_EXAMPLES = 8  # of each check that a report shows


def check_images(X, y=None, *, X_test=None, image_shape=None, channels="auto"):
    """Look for what is wrong with images before a model is trained on them.

    Parameters
    ----------
    X : array-like
        Training images: paths of files (a list, array, column or :func:`load_image_folder`'s ``data``), or images
        (n, h, w), (n, h, w, c), (n, c, h, w) or flat rows (n, h * w * c) of any real dtype, or a list of arrays of
        unequal shapes.
    y : array-like of shape (n,), default=None
        Labels. Without them classes are not judged.
    X_test : array-like, default=None
        Test images in any of these forms, looked through too and compared with the training images.
    image_shape : tuple of int, default=None
        (h, w) or (h, w, c) of flat rows. None means a square.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channel axis of arrays stands.

    Returns
    -------
    report : ImageCheck
        Falsy if nothing was found. It prints as a summary; its ``frame`` names each image, at the end of a notebook's
        cell it shows some.

    Raises
    ------
    ValueError
        If there are no images, `y` has another length than `X`, or an array holds no images. Unreadable files raise
        nothing: they are findings.

    See Also
    --------
    skimgcls.inspection.ImageCheckDisplay : The findings as a picture.
    load_image_folder : Paths and labels from a folder.

    Notes
    -----
    What is looked for:

    ===================  ============================================================================================
    check                finding
    ===================  ============================================================================================
    unreadable           A file that is missing, damaged, truncated, larger than 50 megapixels or no image. Each file
                         is decoded to its end. Damage that leaves a valid file, such as a changed colour in a BMP,
                         cannot be seen.
    wrong extension      A PNG called ``.jpg``.
    odd mode             A palette, CMYK, 16-bit, transparent or grey file where most are of another mode.
    mixed sizes          Files of more than one size.
    odd size             Another size than 90 % of the images have; where none is that frequent, a shorter side below
                         a third of the median, or a longer side of more than three times the shorter.
    near-blank           98 % of the pixels of each channel lie within 8 of 256 levels.
    exact duplicates     Files with the same bytes, arrays with the same values.
    near duplicates      Images that look alike: shrunk, compressed anew, turned grey, lightened. Not turned, not cut.
    in train and test    Duplicates of both kinds across `X` and `X_test`.
    rare class           Fewer images than a tenth of the largest class, or fewer than five.
    ===================  ============================================================================================

    Near duplicates have a perceptual hash (64-bit, of the lowest frequencies [1]_) that differs in at most 6 bits, and
    brightness steps that correlate. The least correlation is learnt from random pairs, so that clothes in front of
    black are not all taken for one. Pairs are found by parts of the hash: memory grows with the number of images
    (about 1.2 kB for each), not with its square.

    References
    ----------
    .. [1] C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", thesis, University of
       Applied Sciences Hagenberg, 2010.

    Examples
    --------
    >>> from skimgcls.datasets import check_images, make_images
    >>> X, y = make_images(60, random_state=0, return_X_y=True)
    >>> X[7], X[8] = X[5], 0
    >>> report = check_images(X, y)
    >>> report.frame[["check", "index", "detail"]]
                  check  index                                         detail
    0        near-blank      8  98 % of its pixels lie within 1 of 256 levels
    1  exact duplicates      5                 2 images with different labels
    2  exact duplicates      7                 2 images with different labels
    """
    sources = [ImageSource(X, image_shape, channels, "X")]
    if X_test is not None:
        sources.append(ImageSource(X_test, image_shape, channels, "X_test"))
    sizes = [len(source) for source in sources]
    if not min(sizes):
        raise ValueError(f"{'X' if not sizes[0] else 'X_test'} is empty. Give at least one image.")
    labels, classes, codes = None, None, None
    if y is not None:
        labels = column_or_1d(y)
        if len(labels) != sizes[0]:
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: X holds {sizes[0]} images, but y "
                f"{len(labels)} labels. Give one label per image."
            )
        classes, codes = np.unique(labels, return_inverse=True)
    names = [name for source in sources for name in source.names or [None] * len(source)]
    facts = ImageFacts.joined([source.read_facts() for source in sources])
    findings, groups = find_all(facts, names, codes, sizes[0])
    if codes is not None:
        findings += [("rare class", None, None, *each) for each in rare_classes(classes.tolist(), np.bincount(codes))]
    frame = _frame(findings, names, labels, sizes[0])
    examples = {row: _example(sources, frame, row) for row in _choose_examples(frame)}
    return ImageCheck(frame, groups=groups, n_images=sizes, classes=classes, examples=examples)


def _frame(findings, names, labels, n_train):
    """One row per finding and image, in the order of the checks."""
    import pandas as pd

    records = []
    labels = None if labels is None else labels.tolist()  # plain texts and numbers
    for check, row, group, detail, *label in findings:
        is_test = row is not None and row >= n_train
        if row is not None and labels is not None and not is_test:
            label = [labels[row]]
        records.append(
            {
                "check": check,
                "part": "test" if is_test else "train",
                "index": row - n_train if is_test else row,
                "name": None if row is None else names[row],
                "label": label[0] if label else None,
                "group": group,
                "detail": detail,
                "remedy": REMEDIES[check],
            }
        )
    records.sort(key=lambda record: list(REMEDIES).index(record["check"]))  # stable: within a check by position
    columns = ("check", "part", "index", "name", "label", "group", "detail", "remedy")
    types = {"index": "Int64", "group": "Int64", "name": object, "label": object}  # object keeps None and the labels
    return pd.DataFrame(
        {name: pd.Series([record[name] for record in records], dtype=types.get(name, "str")) for name in columns}
    )


def _choose_examples(frame):
    """Rows of the frame of which a report shows the images: the first of each check, of groups two members each."""
    single = frame[frame["group"].isna() & frame["index"].notna()]
    chosen = list(single.groupby("check", sort=False).head(_N_EXAMPLES).index)
    grouped = frame[frame["group"].notna()]
    across = grouped["check"] == "in train and test"
    by_part = grouped[across].groupby(["group", "part"], sort=False).head(1)
    couples = grouped[~across].groupby(["check", "group"], sort=False).head(2)
    for found in (couples, by_part):
        chosen += found.groupby("check", sort=False).head(_N_EXAMPLES).index.tolist()
    return sorted(chosen)


def _example(sources, frame, row):
    return sources[frame.at[row, "part"] == "test"].example(int(frame.at[row, "index"]))

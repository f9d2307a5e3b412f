"""A table of image files and their labels."""

import os

import numpy as np

from skimgcls.datasets._image_files_bunch import check_loading, image_files_bunch

_MOST_NAMED = 10


def load_image_table(
    csv_or_frame,
    path_column,
    label_column,
    *,
    group_column=None,
    root=None,
    image_size=None,
    color_mode="auto",
    on_error="raise",
    return_X_y=False,
    as_frame=False,
):
    """Load images, or their paths, from a table with a column of paths and one of labels.

    Parameters
    ----------
    csv_or_frame : str, path-like or DataFrame
        A CSV file (UTF-8, comma, one line of column names), read by :func:`pandas.read_csv`, or a table of any origin.
        Labels keep the type that the table gives them: a column of 0 and 1 gives integers.
    path_column : str
        Column with the path of each image.
    label_column : str
        Column with its label.
    group_column : str, default=None
        Column with what must stay together in a split: a patient, a camera, a day.
    root : str or path-like, default=None
        Folder that relative paths start from. None means the folder of the CSV file, and for a DataFrame the working
        directory.
    image_size : int or (int, int), default=None
        Height and width in pixels of the images in an array; an int means a square. Files of any size are scaled by
        their shorter side and cut to the centre. None gives their paths, which the estimators and every splitter of
        scikit-learn take as they are; then `image_size` is a parameter of the estimator.
    color_mode : {"auto", "gray", "rgb"}, default="auto"
        "auto" gives three channels where at least one of the files has colour, one channel otherwise. For arrays.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about files that are missing or cannot be decoded: raise, leave them out in silence, or leave them
        out and warn. For paths, "skip" and "warn" decode each file once to find out, and "raise" only looks whether
        it is there: a damaged file then raises in `fit`.
    return_X_y : bool, default=False
        Return the images and the labels alone.
    as_frame : bool, default=False
        Return a DataFrame of paths and a Series of labels; not together with `image_size`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n,), str, or (n, height, width, channels), uint8; DataFrame with one column
            Paths, or images if `image_size` is given, in the order of the table.
        target : ndarray or Series of shape (n,)
            Labels.
        target_names : ndarray of shape (n_classes,), str
            The classes, sorted.
        filenames : ndarray of shape (n,), str
            Path of each image, starting with `root`.
        groups : ndarray of shape (n,) or None
            Values of `group_column`, for :class:`~sklearn.model_selection.StratifiedGroupKFold` and the like.
        unreadable : ndarray of shape (n_unreadable,), str
            Paths of the files that were left out.
        frame : DataFrame or None
            The columns used, under their names in the table. With `as_frame`.
        DESCR : str
            What was loaded.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If the CSV file, or with `on_error` "raise" an image, is missing; the message names the first ten.
    ImageDecodeError
        If image files are damaged or of an unsupported format; the message names the first ten. With "skip" and
        "warn" only if none can be decoded.
    ValueError
        If the table is empty or lacks a column, a path, label or group is missing in it, or a parameter is no valid
        choice.

    Warns
    -----
    UserWarning
        If files were left out and `on_error` is "warn"; names the first ten.

    See Also
    --------
    load_image_folder : The same for a folder with one sub-folder per class.
    check_images : What is wrong with the images, before training.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skimgcls.datasets import load_image_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("1.png", "2.png"):
    ...         Image.new("RGB", (40, 30)).save(Path(folder, name))
    ...     csv = Path(folder, "labels.csv")
    ...     _ = csv.write_text("file,animal,owner\\n1.png,cat,Ann\\n2.png,dog,Bob\\n")
    ...     pets = load_image_table(csv, "file", "animal", group_column="owner")
    >>> [Path(path).name for path in pets.data], pets.target.tolist(), pets.groups.tolist()
    (['1.png', '2.png'], ['cat', 'dog'], ['Ann', 'Bob'])
    """
    check_loading(image_size, color_mode, on_error, as_frame)
    table, folder, source = _read_table(csv_or_frame)
    columns = {"path_column": path_column, "label_column": label_column}
    columns |= {} if group_column is None else {"group_column": group_column}
    _check_table(table, columns, source)
    folder = folder if root is None else os.fspath(root)
    paths = [os.path.join(folder, os.fspath(path)) for path in table[path_column]]
    if on_error == "raise":
        _check_files(paths, root is None)
    return image_files_bunch(
        paths,
        table[label_column].tolist(),
        None if group_column is None else table[group_column].tolist(),
        source=source,
        names=(path_column, label_column, group_column),
        image_size=image_size,
        color_mode=color_mode,
        on_error=on_error,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _read_table(csv_or_frame):
    """The table, the folder that its paths start from, and what it is called."""
    if hasattr(csv_or_frame, "iloc"):
        return csv_or_frame, "", "a DataFrame"
    import pandas as pd

    if not isinstance(csv_or_frame, (str, os.PathLike)):
        raise TypeError(f"csv_or_frame must be the path of a CSV file or a DataFrame, got {csv_or_frame!r}.")
    name = os.fspath(csv_or_frame)
    with open(name, encoding="utf-8-sig") as file:  # opened here: pandas would also take an address on the network
        try:
            return pd.read_csv(file), os.path.dirname(name), name
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{name!r} could not be read as a CSV file: {str(error).strip()}. Read it with pandas and pass the "
                "DataFrame."
            ) from error


def _check_table(table, columns, source):
    unknown = {parameter: column for parameter, column in columns.items() if column not in table.columns}
    if unknown:
        raise ValueError(
            f"{source} has no column {', '.join(map(repr, unknown.values()))}. Its columns are "
            f"{table.columns.tolist()}. Correct {' and '.join(unknown)}."
        )
    if not len(table):
        raise ValueError(f"{source} has no rows. Give at least one image.")
    for column in columns.values():
        missing = np.flatnonzero(table[column].isna())
        if len(missing):
            raise ValueError(
                f"Column {column!r} of {source} has no value in {len(missing):,} of {len(table):,} rows, such as rows "
                f"{missing[:_MOST_NAMED].tolist()} (counted from 0). Fill them in or drop them: frame.dropna()."
            )


def _check_files(paths, default_root):
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        named = ", ".join(map(repr, missing[:_MOST_NAMED])) + (", ..." if len(missing) > _MOST_NAMED else "")
        remedy = "Say where relative paths start with root=" if default_root else "Correct root="
        raise FileNotFoundError(
            f"{len(missing):,} of {len(paths):,} images do not exist: {named}. {remedy}, or leave them out with "
            'on_error="warn".'
        )

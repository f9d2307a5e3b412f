"""Image files with their labels in the form in which the loaders of own images return them."""

import numpy as np

from skimgcls.datasets._dataset_bunch import dataset_bunch
from skimgcls.images._decode import check_color_mode, check_image_size, check_on_error, decode_images

_VERIFIED_SIZE = 8  # pixels: every byte of a file is decoded whatever the size, and small images need no memory


def check_loading(image_size, color_mode, on_error, as_frame):
    """Refuse parameters that make no sense before any file is looked for."""
    check_color_mode(color_mode)
    check_on_error(on_error)
    if check_image_size(image_size) is not None and as_frame:
        raise ValueError(
            f"as_frame=True gives a table of paths, but image_size={image_size!r} asks for an array of pixels. Leave "
            "out one of them; the estimators take paths, and an image_size of their own."
        )


def image_files_bunch(
    paths, labels, groups, *, source, names, image_size, color_mode, on_error, return_X_y, as_frame, **more
):
    """Decode or verify image files where that is asked for, and gather them with their labels.

    Parameters
    ----------
    paths : list of str
    labels : array-like of shape (n,)
    groups : array-like of shape (n,) or None
    source : str
        Where they are from, for DESCR.
    names : (str, str, str)
        Columns of the frame: path, label, group.
    image_size, color_mode, on_error, return_X_y, as_frame
        As in `load_image_folder`.
    **more
        Further entries of the Bunch.

    Returns
    -------
    data : Bunch or tuple
        As of `load_image_folder`.
    """
    paths, labels = np.array(paths), np.asarray(labels)
    groups = None if groups is None else np.asarray(groups)
    data, is_read = _read(paths, image_size, color_mode, on_error)
    unreadable, paths, labels = paths[~is_read], paths[is_read], labels[is_read]
    groups = None if groups is None else groups[is_read]
    class_labels, codes = np.unique(labels, return_inverse=True)
    form = "as paths" if data is None else f"decoded to {data.shape[1:]} bytes each"
    frame = _frame(names, paths, labels, groups) if as_frame else None
    bunch = dataset_bunch(
        paths if data is None else data,
        codes,
        class_labels,
        descr=f"{len(paths):,} images of {len(class_labels):,} classes from {source}, {form}.",
        filenames=paths,
        groups=groups,
        unreadable=unreadable,
        frame=frame,
        **more,
    )
    if as_frame:
        bunch.data, bunch.target = frame[[names[0]]], frame[names[1]]
    return (bunch.data, bunch.target) if return_X_y else bunch


def _read(paths, image_size, color_mode, on_error):
    """Images or None, and which of the files can be read: without a size and with "raise" none is opened."""
    everything = np.ones(len(paths), dtype=bool)
    if image_size is None:
        if on_error == "raise":
            return None, everything
        return None, decode_images(paths, _VERIFIED_SIZE, "gray", on_error=on_error)[1]
    images = decode_images(paths, image_size, color_mode, on_error=on_error)
    return (images, everything) if on_error == "raise" else images


def _frame(names, paths, labels, groups):
    import pandas as pd

    columns = dict(zip(names, (paths, labels, groups), strict=True))
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None})

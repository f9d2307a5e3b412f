"""How many images of each class a net was trained and validated on."""

import numpy as np

from skimgcls.training._balanced_sampling import n_drawn


def class_counts(data, before=None, sampling=None):
    """Count the images of each class, by their weight and as often as an epoch draws them.

    Parameters
    ----------
    data : TrainingData
    before : ndarray (2, k) or None
        What earlier calls on the same net counted. Training adds to it, validation replaces it.

    sampling : {"balanced", "oversample", "undersample"} or None
        How images are drawn for training.

    Returns
    -------
    counts : ndarray (2, k)
        In training, by weights whose mean is 1; in validation.
    """
    counts = np.zeros((2, len(data.classes)))
    for row, dataset in zip(counts, (data.train, data.valid), strict=True):
        if dataset is not None:
            weights = None if dataset.weights is None else dataset.weights.cpu().numpy()
            row[:] = np.bincount(dataset.codes.cpu().numpy(), weights, minlength=len(row))
    n_images = np.bincount(data.train.codes.cpu().numpy(), minlength=len(data.classes))
    counts[0] *= n_drawn(n_images, sampling) / np.maximum(n_images, 1)
    if before is not None:
        counts[0] += before[0]
    return counts

"""Writing a fitted model into a file that runs no code."""

import errno
import shutil
import warnings
from functools import partial
from pathlib import Path

from skimgcls.exceptions import ModelFileError
from skimgcls.export._describe_model import describe_model
from skimgcls.export._manifest import pack_manifest
from skimgcls.export._model_weights import ModelWeights, pack_weights
from skimgcls.export._model_zip import write_model_zip
from skimgcls.export._restore_model import restore_model
from skimgcls.utils._write_atomically import write_atomically

SUFFIX = ".skimg"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, a quota, the largest file of a process


def save_model(estimator, path):
    """Save a fitted model in a file that `load_model` reads without running any code of it.

    The file is written as a whole or not at all: a process that is killed, or a disk that is full, leaves the file that
    was there before.

    Parameters
    ----------
    estimator : fitted estimator
        `CNNClassifier`, `MLPClassifier`, `PretrainedClassifier`, an `EnsembleClassifier` of these or an
        `skimgcls.estimators.ImageEmbedder`. Of a pipeline save its last step, of a search ``best_estimator_``.
    path : str or path-like
        Where to write, with the suffix ``.skimg``. Its folder must exist.

    Returns
    -------
    path : pathlib.Path
        The path written to.

    Raises
    ------
    ModelFileError
        If the estimator is none of these, or the value of a parameter can only be kept by running code: a function, a
        class or an object of your own, or if `load_model` would refuse the file. Nothing is written then.
    NotFittedError
        If the estimator is not fitted.
    OSError
        If the file cannot be written. The message names the folder; the estimator is as it was.

    Warns
    -----
    UserWarning
        Of callbacks, which are not stored.

    See Also
    --------
    load_model : The way back.

    Notes
    -----
    The file is a zip archive of two stored members. ``weights.safetensors`` holds the weights, ``manifest.json`` all
    the rest: the name of the estimator, its parameters, labels, the form of the images, the history, versions of
    libraries, and the SHA-256 of the weights. The same model gives the same bytes.

    Not stored are the state of the optimizer, ``callbacks``, the folders ``cache`` and ``checkpoint_dir``, and a
    network of your own that ``architecture`` makes, of which the file holds the weights.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skimgcls import MLPClassifier, load_model, save_model
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0).fit(X, y)
    >>> path = save_model(clf, Path(tempfile.mkdtemp()) / "digits.skimg")
    >>> bool((load_model(path).predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ModelFileError(
            f"path={str(path)!r} must end in {SUFFIX!r}, so that everybody knows what the file is. Use "
            f"{str(path.with_suffix(SUFFIX))!r}."
        )
    description = describe_model(estimator)
    weights = pack_weights(description.tensors)
    manifest = pack_manifest(description.record, weights)
    _check_loads(estimator, description.record, weights)
    if description.left_out:
        warnings.warn(
            f"Not stored in {path.name}: {', '.join(description.left_out)}. Model files hold no objects; the loaded "
            "model has none of them.",
            stacklevel=2,
        )
    try:
        return write_atomically(path, partial(write_model_zip, manifest=manifest, weights=weights))
    except OSError as error:
        raise OSError(error.errno, _explain(error, path, len(manifest) + len(weights))) from error


def _check_loads(estimator, record, weights):
    """Load the model in memory: what load_model refuses is not written."""
    try:
        restore_model(record, ModelWeights(weights), next(_own_architectures(estimator), None))
    except ModelFileError as error:
        raise ModelFileError(
            f"The model is not saved, because its file could not be loaded again: {error!s:.400} Set the parameter "
            "back to a valid value with set_params(...), or fit again with one, and save then."
        ) from error


def _own_architectures(estimator):
    """Find the networks of the user's in an estimator, its members and the one that it holds."""
    params = estimator.get_params(deep=False)
    for architecture in (
        getattr(estimator, "_fitted_architecture", params).get("architecture"),
        params.get("architecture"),
    ):
        if callable(architecture):
            yield architecture
    inner = [*getattr(estimator, "estimators_", ()), params.get("estimator"), params.get("backbone")]
    for each in inner:
        if hasattr(each, "get_params"):
            yield from _own_architectures(each)


def _explain(error, path, n_bytes):
    folder = path.absolute().parent
    advice = "Check that the folder is there and that you may write to it, or choose another one."
    if error.errno in _FULL:
        free = shutil.disk_usage(folder).free
        advice = (
            f"It takes {n_bytes / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free there. Make room, raise the limit of "
            "this process or choose another folder."
        )
    return (
        f"The model could not be written to {path.name} in the folder {str(folder)!r} ({error.strerror}). {advice} A "
        "file of that name is as it was before, and the model is still in memory"
    )

"""Reading a model file that nobody vouches for."""

import hashlib
import os
import re
import stat
from pathlib import Path

from skimgcls.exceptions import ModelFileError
from skimgcls.export._manifest import unpack_manifest
from skimgcls.export._model_weights import ModelWeights
from skimgcls.export._model_zip import MEMBERS, open_model_zip
from skimgcls.export._restore_model import restore_model
from skimgcls.export._strict_json import MAX_BYTES


def load_model(path, sha256=None, architecture=None):
    """Load a model that `save_model` has saved.

    Nothing in the file is run or unpickled. Whatever does not fit is refused before a network is made of it.

    Parameters
    ----------
    path : str or path-like
        Of the file.
    sha256 : str, default=None
        SHA-256 that the file must have, in hexadecimal: it tells whether this is the very file that somebody made.
        None checks only that the file is whole.
    architecture : callable, default=None
        The same ``(image_shape, n_classes) -> torch module`` that the model was trained with, where that was a network
        of your own; the weights come from the file. All others are loaded without.

    Returns
    -------
    estimator : estimator
        Fitted, and equal in ``predict_proba`` to the bit on the same machine with the same number of threads.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no model file, is damaged or altered, was written by a newer skimgcls, has another checksum, or needs
        an ``architecture``. The message says what was found and what was expected.

    See Also
    --------
    save_model : Writes such files.

    Notes
    -----
    A ``device`` that this machine does not have, such as "cuda" of a machine with a GPU, becomes "auto", and
    ``precision="fp16"`` without CUDA likewise.

    A file that comes from a stranger cannot run code, yet can hold a model that is wrong on purpose: give ``sha256``
    from a source that you trust.

    Examples
    --------
    >>> import hashlib, tempfile
    >>> from pathlib import Path
    >>> from skimgcls import MLPClassifier, load_model, save_model
    >>> from skimgcls.datasets import load_digit_images
    >>> X, y = load_digit_images(return_X_y=True)
    >>> clf = MLPClassifier(hidden_units=16, max_epochs=2, random_state=0).fit(X, y)
    >>> path = save_model(clf, Path(tempfile.mkdtemp()) / "digits.skimg")
    >>> checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    >>> load_model(path, sha256=checksum).n_epochs_
    2
    """
    if architecture is not None and not callable(architecture):
        raise TypeError(
            f"architecture must be a callable (image_shape, n_classes) -> torch module, got {architecture!r:.80}. Pass "
            "the function or class that the model was trained with."
        )
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no model file {str(path)!r}. Make one with save_model.")
    try:
        return _load(path, sha256, architecture)
    except ModelFileError as error:
        raise ModelFileError(f"{path} is refused: {error}") from error.__cause__


def _load(path, sha256, architecture):
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait
        raise ModelFileError("it is a folder or a device, no file.")
    with open(path, "rb") as file:
        if sha256 is not None:
            _check_sum(file, sha256)
        n_bytes = os.fstat(file.fileno()).st_size
        read = open_model_zip(file)
        record, size, weights_sha256 = unpack_manifest(read(MEMBERS[0], MAX_BYTES))
        weights = read(MEMBERS[1], n_bytes)
    found = hashlib.sha256(weights).hexdigest()
    if (len(weights), found) != (size, weights_sha256):
        raise ModelFileError(
            f"its weights are not those that were saved: {len(weights)} bytes with the SHA-256 {found}, where the "
            f"manifest says {size} bytes with {weights_sha256}. It was altered or damaged; copy it again."
        )
    return restore_model(record, ModelWeights(weights), architecture)


def _check_sum(file, sha256):
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ModelFileError(f"sha256={sha256!r:.80} is no SHA-256, which has 64 hexadecimal digits.")
    found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.lower():
        raise ModelFileError(
            f"its SHA-256 is {found}, wanted {sha256.lower()}. It is another file, or was altered or damaged."
        )

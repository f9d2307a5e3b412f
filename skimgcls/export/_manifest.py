"""What stands in the manifest of a model file beside the model: format, version, libraries, the sum of the weights."""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version

from skimgcls import __version__
from skimgcls.exceptions import ModelFileError
from skimgcls.export._strict_json import parse_json, take

FORMAT, VERSION = "skimgcls model", 1

_LIBRARIES = ("torch", "torchvision", "scikit-learn", "skorch", "numpy", "safetensors")


def pack_manifest(record, weights):
    """Write the manifest.

    Parameters
    ----------
    record : dict
        From `describe_model`.
    weights : bytes
        That stand beside it in the file.

    Returns
    -------
    bytes

    Raises
    ------
    ModelFileError
        If it is larger or deeper than it may be.
    """
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "model": record,
        "weights": {"size": len(weights), "sha256": hashlib.sha256(weights).hexdigest()},
        "written_with": _versions(),
    }
    data = json.dumps(manifest, allow_nan=False).encode("ascii")
    parse_json(data, "The manifest of the model")  # what is written can be read
    return data


def unpack_manifest(data):
    """Read a manifest of anybody's.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    record : object
        JSON, unchecked.
    size : int
        Bytes of the weights.
    sha256 : str
        Of the weights.

    Raises
    ------
    ModelFileError
        If it is no manifest of this version or an earlier one.
    """
    manifest = parse_json(data, "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or type(manifest.get("version")) is not int:
        raise ModelFileError(f"its manifest does not say that it is a {FORMAT}.")
    if manifest["version"] > VERSION:
        raise ModelFileError(
            f"it is of version {manifest['version']} of the format, written by a newer skimgcls, and skimgcls "
            f"{__version__} reads versions up to {VERSION}. Update skimgcls."
        )
    if manifest["version"] < 1:
        raise ModelFileError(f"it is of version {manifest['version']} of the format, which there never was.")
    wanted = {"format": str, "version": int, "model": dict, "weights": dict, "written_with": dict}
    _, _, record, weights, _ = take(manifest, "manifest.json", **wanted)
    return record, *take(weights, "weights of manifest.json", size=int, sha256=str)


def _versions():
    versions = {"skimgcls": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover
            versions[name] = "unknown"
    return versions

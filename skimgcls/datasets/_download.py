"""Downloading with torchvision: the only file of this folder that imports it."""

import http.client
import os
import tempfile
from pathlib import Path

from skimgcls.datasets._check_sha256 import check_sha256
from skimgcls.utils._optional import import_optional


def download_archive(dataset, filename, folder, sha256):
    """Download one archive of a data set from the mirrors that torchvision knows, with a progress bar.

    The file appears in `folder` only when it is complete and its checksum right.

    Parameters
    ----------
    dataset : str
        Name of the class in ``torchvision.datasets``, for example "MNIST".
    filename : str
        Name of the archive.
    folder : Path
        Where to put it; made if need be.
    sha256 : str
        What the archive must have.

    Returns
    -------
    path : Path
        The downloaded archive.

    Raises
    ------
    OSError
        If no mirror gave the file, naming each with its error, or if the checksum is wrong.
    """
    urls, md5 = _mirrors(dataset, filename)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        path = Path(temporary, filename)
        _download_from_first(urls, path, md5)
        with open(path, "rb") as file:
            check_sha256(file, sha256, f"The download {filename}")
        os.replace(path, folder / filename)
    return folder / filename


def _mirrors(dataset, filename):
    datasets = import_optional("torchvision.datasets", purpose=f"downloading {filename}")
    dataset = getattr(datasets, dataset)
    if hasattr(dataset, "mirrors"):
        return [f"{mirror}{filename}" for mirror in dataset.mirrors], dict(dataset.resources)[filename]
    return [dataset.url], dataset.tgz_md5


def _download_from_first(urls, path, md5):
    utils = import_optional("torchvision.datasets.utils", purpose=f"downloading {path.name}")
    failures = []
    for url in urls:
        try:
            return utils.download_url(url, path.parent, filename=path.name, md5=md5)
        # RuntimeError: torchvision's word for a wrong checksum; HTTPException: a connection that broke off.
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failures.append(f"{url} ({type(error).__name__}: {error})")
    raise OSError(f"{path.name} could not be downloaded. Tried {'; '.join(failures)}.")

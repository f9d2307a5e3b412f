"""Reading CIFAR-10 from ``cifar10-jpeg.zip``, which is decoded once and kept as an array."""

import io
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np

from skimgcls.datasets._check_sha256 import check_sha256
from skimgcls.datasets._data_home import find_file
from skimgcls.images._decode import decode_image

ARCHIVE = "cifar10-jpeg.zip"
ARCHIVE_SHA256 = "ead45e06542622104d3e17a0e554f18656c4cf310408a9ee502d835a28cf897d"
_IMAGES_PER_CLASS = {"train": 5000, "test": 1000}


def find_jpeg(folders):
    """Return the zip in the first of the folders that has it, else None."""
    return find_file(folders, ARCHIVE)


def read_jpeg(path, parts, classes, folders):
    """Read the images of some parts, from the arrays kept of an earlier call or from the zip.

    Parameters
    ----------
    path : Path
        The zip, ``<part>/<class>/<number>.jpg``.
    parts : sequence of {"train", "test"}
    classes : sequence of str
        Names of the classes, in the order of their codes.
    folders : sequence of Path
        Where to look for the arrays; they are put into the last one.

    Returns
    -------
    images : ndarray of shape (n, 32, 32, 3), uint8
        By number, then by class: the first image of every class, the second of every class, ... So any run of 10 k
        images holds every class k times.
    codes : ndarray of shape (n,), int
    filenames : ndarray of shape (n,), str
        Members of the zip.

    Raises
    ------
    OSError
        If the zip is damaged or another one than expected.
    """
    filenames = {part: _filenames(part, classes) for part in parts}
    images = [_read_part(path, part, filenames[part], folders) for part in parts]
    names = np.concatenate([filenames[part] for part in parts])
    codes = np.arange(len(names)) % len(classes)
    return np.concatenate(images) if len(images) > 1 else images[0], codes, names


def _filenames(part, classes):
    return np.array([f"{part}/{name}/{i:04d}.jpg" for i in range(_IMAGES_PER_CLASS[part]) for name in classes])


def _read_part(path, part, filenames, folders):
    kept = f"cifar10-jpeg/{part}-{ARCHIVE_SHA256[:12]}.npz"
    images = _read_kept(find_file(folders, kept), len(filenames))
    if images is None:
        images = _decode_zip(path, filenames)
        _keep(images, folders[-1] / kept)
    return images


def _read_kept(path, n_images):
    """Return the kept array, or None where there is none or it is damaged: then it is made again."""
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            images = np.load(file, allow_pickle=False)["images"]  # its CRC-32 is checked while it is read
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
        return None
    return images if images.shape == (n_images, 32, 32, 3) and images.dtype == np.uint8 else None


def _decode_zip(path, filenames):
    from tqdm.auto import tqdm

    with open(path, "rb") as file:
        check_sha256(file, ARCHIVE_SHA256, path)
        images = np.empty((len(filenames), 32, 32, 3), np.uint8)
        with zipfile.ZipFile(file) as archive:
            # disable=None: a bar in a terminal, silence in a log file
            for i, name in enumerate(tqdm(filenames, f"Decoding {ARCHIVE} (once)", unit="image", disable=None)):
                images[i] = decode_image(io.BytesIO(archive.read(name)), color_mode="rgb")
    return images


def _keep(images, path):
    """Write the array completely or not at all, so that no other process reads half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as temporary:
            unfinished = Path(temporary, path.name)
            np.savez(unfinished, images=images)
            os.replace(unfinished, path)
    except OSError as error:
        warnings.warn(
            f"The decoded images could not be kept in {path.parent} ({error}), so the next call decodes them again. "
            "Free some space, or give a data_home that can be written to.",
            UserWarning,
            stacklevel=2,
        )

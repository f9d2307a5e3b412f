"""Half-trained networks on disk, so that a search that was killed goes on with them."""

import contextlib
import warnings
from pathlib import Path

from skimgcls.training._state_bytes import pack_state, unpack_state
from skimgcls.utils._write_atomically import write_atomically

_SUFFIX = ".safetensors"


class SavedNetworks:
    """Files of half-trained networks in a directory: one for each candidate and fold, replaced as it is trained on.

    A file holds tensors, and JSON in its header; nothing is pickled. It appears as a whole or not at all. It is not
    synced to the disk: after a power cut the checksum tells, and the network is trained again.

    Parameters
    ----------
    directory : pathlib.Path
        Where the files are; made when the first is written.
    """

    def __init__(self, directory):
        self.directory = Path(directory)

    def save(self, key, epochs, seconds, state):
        """Keep a network.

        Parameters
        ----------
        key : str
            From `stable_hash`.
        epochs : int
            It was trained for.
        seconds : float
            That this took.
        state : tuple
            From `training_state`.
        """
        data = pack_state(state, epochs=epochs, seconds=seconds)
        try:
            self.directory.mkdir(exist_ok=True)
            write_atomically(self._path(key), data, sync=False)
        except OSError as error:  # a full disk must cost the file, not the search
            warnings.warn(
                f"A network could not be saved in {self.directory} ({error}). The search goes on; after a crash this "
                "network would be trained again.",
                stacklevel=2,
            )

    def load(self, key, most_epochs):
        """Return what was kept of a network.

        Parameters
        ----------
        key : str
            From `stable_hash`.
        most_epochs : int
            One that was trained for more is of no use.

        Returns
        -------
        saved : tuple of (int, float, tuple) or None
            Epochs, seconds and state; None where there is no whole file of so few epochs.
        """
        try:
            state, notes = unpack_state(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        return None if notes["epochs"] > most_epochs else (notes["epochs"], notes["seconds"], state)

    def remove(self, key):
        """Remove the file of a network that is not trained on; there may be none.

        Parameters
        ----------
        key : str
            From `stable_hash`.
        """
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key):
        return self.directory / f"{key}{_SUFFIX}"

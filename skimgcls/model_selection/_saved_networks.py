"""Half-trained networks on disk, so that a search that was killed goes on with them."""

import contextlib
import json
import os
import uuid
import warnings
from hashlib import blake2b
from pathlib import Path

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
        from safetensors.torch import save

        tensors, facts = state
        data = save(tensors, {"facts": json.dumps(facts), "epochs": str(epochs), "seconds": repr(seconds)})
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            self.directory.mkdir(exist_ok=True)
            temporary.write_bytes(_checksum(data) + data)
            os.replace(temporary, path)
        except OSError as error:  # a full disk must cost the file, not the search
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
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
        from safetensors.torch import load

        try:
            whole = self._path(key).read_bytes()
        except OSError:
            return None
        checksum, data = whole[: blake2b.MAX_DIGEST_SIZE], whole[blake2b.MAX_DIGEST_SIZE :]
        if checksum != _checksum(data):
            return None
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        epochs = int(header["epochs"])
        if epochs > most_epochs:
            return None
        return epochs, float(header["seconds"]), (load(data), json.loads(header["facts"]))

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


def _checksum(data):
    return blake2b(data).digest()

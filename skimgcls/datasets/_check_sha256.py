"""Checking that files are those that were meant."""

import hashlib


def check_sha256(content, expected, name):
    """Raise unless the bytes have the expected checksum.

    Parameters
    ----------
    content : bytes-like or binary file
        A file is read from where it stands to its end.
    expected : str
        SHA-256 in hexadecimal.
    name : str or path-like
        Named in the error.

    Raises
    ------
    OSError
        If the checksum is another one.
    """
    digest = hashlib.file_digest(content, "sha256") if hasattr(content, "read") else hashlib.sha256(content)
    if digest.hexdigest() != expected:
        raise OSError(
            f"{name} is not the file that was expected: its sha256 is {digest.hexdigest()}, and it should be "
            f"{expected}. It is damaged, incomplete or another version. Delete it and fetch it again."
        )

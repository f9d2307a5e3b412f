import pytest

from skimgcls.datasets._check_sha256 import check_sha256

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def test_the_right_bytes_pass():
    check_sha256(b"abc", SHA256_OF_ABC, "a file")


def test_the_right_file_passes(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    with open(tmp_path / "file", "rb") as file:
        check_sha256(file, SHA256_OF_ABC, "a file")


def test_other_bytes_raise_with_file_expected_got_and_remedy():
    with pytest.raises(OSError, match="not the file that was expected") as caught:
        check_sha256(b"abd", SHA256_OF_ABC, "folder/file.gz")
    message = str(caught.value)
    assert message.startswith("folder/file.gz ")
    assert f"should be {SHA256_OF_ABC}" in message
    assert "its sha256 is a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9" in message
    assert "Delete it and fetch it again" in message

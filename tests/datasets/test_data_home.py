import sys
from pathlib import Path

import pytest

from skimgcls.datasets._data_home import find_file, is_writable, search_folders, user_cache_folder


@pytest.fixture
def read_only(tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir()
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_the_argument_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIMGCLS_DATA", str(tmp_path / "environment"))
    assert search_folders(tmp_path / "argument") == [tmp_path / "argument"]


def test_the_environment_comes_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIMGCLS_DATA", str(tmp_path / "environment"))
    assert search_folders() == [tmp_path / "environment"]


@pytest.mark.parametrize("value", [None, ""])
def test_without_either_it_is_the_cache_of_the_user(value, monkeypatch, user_cache):
    if value is not None:
        monkeypatch.setenv("SKIMGCLS_DATA", value)
    assert search_folders() == [user_cache]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert search_folders("~/data") == [tmp_path / "data"]


def test_a_relative_folder_is_meant_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert search_folders("data") == [tmp_path / "data"]


def test_a_read_only_folder_is_followed_by_the_cache(read_only, user_cache):
    assert search_folders(read_only) == [read_only, user_cache]
    assert search_folders(read_only / "not" / "there") == [read_only / "not" / "there", user_cache]


def test_an_administrator_leaves_a_read_only_folder_alone(read_only):
    # os.access says that root may write here, the owner said that nobody should
    assert not is_writable(read_only)


def test_a_new_folder_is_writable_where_its_parent_is(tmp_path):
    assert is_writable(tmp_path / "a" / "b")


def test_a_file_is_no_folder_to_write_into(tmp_path):
    (tmp_path / "file").touch()
    assert not is_writable(tmp_path / "file")


def test_the_cache_follows_the_xdg_rules(monkeypatch, tmp_path):
    assert user_cache_folder() == tmp_path / "user" / "skimgcls"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert user_cache_folder().is_absolute()


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", ".cache/skimgcls"),
        ("darwin", "Library/Caches/skimgcls"),
        ("win32", "AppData/Local/skimgcls/Cache"),
    ],
)
def test_each_platform_has_its_own_place_for_caches(platform, expected, monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert user_cache_folder() == tmp_path / expected


def test_windows_may_name_its_place(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    assert user_cache_folder() == tmp_path / "skimgcls" / "Cache"


def test_the_first_folder_wins_and_in_it_the_first_name(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "a").touch()
    assert find_file(folders, "a", "b") == folders[1] / "a"
    (folders[0] / "b").touch()
    assert find_file(folders, "a", "b") == folders[0] / "b"
    assert find_file(folders, "c") is None


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a").mkdir()
    assert find_file([tmp_path], "a") is None

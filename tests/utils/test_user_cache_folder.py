from pathlib import Path

from skimgcls.utils._user_cache_folder import user_cache_folder


def test_the_place_is_ours_and_absolute(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_folder() == tmp_path / "skimgcls"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert user_cache_folder().is_relative_to(tmp_path)

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import _image_cache as module
from skimgcls.images import decode_images
from skimgcls.images._decode_rows import DecodeFailures, DecodeTarget
from skimgcls.images._image_cache import CacheUnusableError, ImageCache, cache_folder

TARGET = DecodeTarget(6, 5, 3)


@pytest.fixture
def files(tmp_path, rng):
    """Twenty colour files of 6 x 5 pixels."""
    (tmp_path / "files").mkdir()
    paths = [str(tmp_path / "files" / f"{number}.png") for number in range(20)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (6, 5, 3)).astype(np.uint8)).save(path)
    return paths


@pytest.fixture
def cache(tmp_path):
    return ImageCache(tmp_path / "cache")


@pytest.fixture
def decoded(monkeypatch):
    """Paths in the order in which they are decoded."""
    seen, decode_rows = [], module.decode_rows
    monkeypatch.setattr(module, "decode_rows", lambda paths, *a: seen.extend(paths) or decode_rows(paths, *a))
    return seen


def fetch(cache, paths, target=TARGET):
    facts = [(os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths]
    return cache.fetch(paths, target, facts, DecodeFailures(len(paths)))


def pixels(cache, paths, target=TARGET):
    rows, positions = fetch(cache, paths, target)
    return rows[positions]


def expected(paths, image_size=(6, 5), color_mode="rgb"):
    return decode_images(paths, image_size, color_mode).reshape(len(paths), -1)


# ---------------------------------------------------------------- what is in it


def test_nothing_is_decoded_twice(cache, files, decoded):
    np.testing.assert_array_equal(pixels(cache, files[:12]), expected(files[:12]))
    assert decoded == files[:12]
    np.testing.assert_array_equal(pixels(cache, files[::-1]), expected(files[::-1]))  # another order, eight more
    assert decoded == files[:12] + files[:11:-1]
    np.testing.assert_array_equal(pixels(ImageCache(cache.folder), files[5:15]), expected(files[5:15]))
    assert len(decoded) == 20


def test_a_file_that_comes_twice_has_one_row(cache, files, decoded):
    rows, positions = fetch(cache, [*files[:3], files[1]])
    assert len(rows) == len(decoded) == 3
    assert positions.tolist() == [0, 1, 2, 1]


def test_rows_are_mapped_from_a_file_and_read_only(cache, files):
    rows, _ = fetch(cache, files)
    assert isinstance(rows, np.memmap)
    assert not rows.flags.writeable


def test_a_file_that_changed_is_decoded_anew(cache, files, decoded):
    before = pixels(cache, files)
    Image.new("RGB", (5, 6), "red").save(files[4])
    after = pixels(cache, files)
    assert decoded == [*files, files[4]]
    assert after[4].tolist() == [255, 0, 0] * 30
    np.testing.assert_array_equal(np.delete(after, 4, 0), np.delete(before, 4, 0))


def test_each_shape_has_rows_of_its_own(cache, files):
    pixels(cache, files)
    np.testing.assert_array_equal(pixels(cache, files, DecodeTarget(4, 4, 1)), expected(files, 4, "gray"))
    np.testing.assert_array_equal(pixels(cache, files), expected(files))


def test_another_pillow_decodes_anew(cache, files, decoded, monkeypatch):
    pixels(cache, files)
    monkeypatch.setattr("PIL.__version__", "999.0+local")
    pixels(cache, files)
    assert decoded == files * 2


def test_relative_paths_mean_files_and_not_names(cache, files, decoded, tmp_path, monkeypatch):
    for folder, color in (("one", "red"), ("two", "blue")):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (5, 6), color).save(tmp_path / folder / "x.png")
        os.utime(tmp_path / folder / "x.png", ns=(1, 1))
    for folder, first in (("one", 255), ("two", 0)):
        monkeypatch.chdir(tmp_path / folder)
        assert pixels(cache, ["x.png"])[0, 0] == first


def test_what_must_be_known_of_a_file_is_found_out(cache, tmp_path, decoded):
    grey = str(tmp_path / "grey.png")
    Image.new("L", (5, 6), 7).save(grey)
    pixels(cache, [grey], DecodeTarget(6, 5, 1))  # decoded to grey and to that size, whatever it was
    assert len(decoded) == 1
    strict = DecodeTarget(6, 5, 1, resize=False, to_grey=False)
    for _ in range(2):
        assert pixels(cache, [grey], strict).tolist() == [[7] * 30]
    assert len(decoded) == 2
    pixels(cache, [grey], DecodeTarget(6, 5, 1))
    assert len(decoded) == 2


def test_damaged_files_are_named_and_the_others_kept(cache, files, decoded, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_FILES", 4)
    for number in (2, 17):
        Path(files[number]).write_bytes(b"no image")
    for _ in range(2):
        with pytest.raises(ImageDecodeError, match=r"(?s)2 of 20 images.*/2\.png.*/17\.png"):
            fetch(cache, files)
    assert len(decoded) == 22
    good = [path for path in files if path not in (files[2], files[17])]
    np.testing.assert_array_equal(pixels(cache, good), expected(good))
    assert len(decoded) == 22


# ------------------------------------------------------ several writers, killed ones

CHILD = textwrap.dedent("""
    import os, sys, time
    from skimgcls.images import _image_cache as module
    from skimgcls.images._decode_rows import DecodeFailures, DecodeTarget
    module._CHUNK_FILES = 3
    hang_at, folder, *paths = sys.argv[1:]
    fsync, calls = os.fsync, []
    def hanging(file):
        calls.append(file)
        fsync(file)
        if len(calls) == int(hang_at):
            print("rows without keys", flush=True)
            time.sleep(600)
    os.fsync = hanging
    facts = [(os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths]
    print("ready", flush=True)
    module.ImageCache(folder).fetch(paths, DecodeTarget(6, 5, 3), facts, DecodeFailures(len(paths)))
    print(len(calls), flush=True)
""")


@pytest.fixture
def start(cache):
    """Start a process that fills the cache: start(paths, hang_at=chunk)."""
    with contextlib.ExitStack() as stack:

        def start(paths, hang_at=0):
            command = [sys.executable, "-c", CHILD, str(hang_at), str(cache.folder), *paths]
            child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(child.kill)
            return child

        yield start


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
@pytest.mark.parametrize("hang_at", [1, 3])
def test_a_writer_that_is_killed_leaves_a_cache_that_is_right(cache, files, decoded, start, hang_at):
    writer = start(files, hang_at)
    assert writer.stdout.readline() == "ready\n"
    assert writer.stdout.readline() == "rows without keys\n"
    waiting = start(files)  # for the lock that the other one holds
    assert waiting.stdout.readline() == "ready\n"
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    n_chunks = int(waiting.stdout.readline())
    assert waiting.wait() == 0
    assert n_chunks == 7 - (hang_at - 1)  # of three files each; those with keys are not decoded again
    np.testing.assert_array_equal(pixels(cache, files), expected(files))
    assert decoded == []
    (rows,) = cache.folder.glob("*/*.rows")
    assert rows.stat().st_size == 20 * TARGET.row_bytes  # the rows without keys were overwritten


def test_two_processes_share_the_work(cache, files, start):
    children = [start(files), start(files[::-1])]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 2
    written = [int(child.stdout.readline()) for child in children]
    assert [child.wait() for child in children] == [0, 0]
    assert 7 <= sum(written) <= 8
    rows, positions = fetch(cache, files)
    np.testing.assert_array_equal(rows[positions], expected(files))
    assert len(rows) == 20  # none of them twice


def test_threads_share_the_work(cache, files, decoded, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_FILES", 3)
    found, barrier = [], threading.Barrier(4)
    threads = [threading.Thread(target=lambda: (barrier.wait(), found.append(pixels(cache, files)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decoded) == sorted(files)
    for each in found:
        np.testing.assert_array_equal(each, expected(files))


@pytest.mark.parametrize("damage", ["a key cut in two", "rows cut off", "rows gone"])
def test_files_that_do_not_fit_each_other_are_mended(cache, files, damage):
    pixels(cache, files)
    (index,), (rows,) = cache.folder.glob("*/*.index"), cache.folder.glob("*/*.rows")
    if damage == "a key cut in two":
        os.truncate(index, index.stat().st_size - 5)
    elif damage == "rows cut off":
        os.truncate(rows, rows.stat().st_size - TARGET.row_bytes - 5)
    else:
        rows.unlink()
    for _ in range(2):
        np.testing.assert_array_equal(pixels(cache, files), expected(files))


# ------------------------------------------------------------------ bounds, clearing


def test_readers_keep_what_was_cleared(cache, files, decoded):
    rows, positions = fetch(cache, files)
    freed = cache.clear()
    assert freed >= rows.nbytes
    assert cache.clear() == 0
    np.testing.assert_array_equal(pixels(cache, files[::-1]), expected(files[::-1]))
    np.testing.assert_array_equal(rows[positions], expected(files))  # the old rows, not the new ones in their place
    assert len(decoded) == 40


def test_clearing_removes_nothing_else(cache, files):
    pixels(cache, files)
    (cache.folder / "mine").mkdir()
    (cache.folder / "mine" / "x.rows").touch()
    cache.clear()
    assert (cache.folder / "mine" / "x.rows").exists()


def test_what_was_not_used_for_longest_goes_first(cache, files, decoded):
    targets = [DecodeTarget(side, side, 3) for side in (4, 5, 6)]
    for age, target in enumerate(targets):
        pixels(cache, files, target)
        (index,) = cache.folder.glob(f"{target.height}x*/*.index")
        os.utime(index, (1000 * age, 1000 * age))
    pixels(cache, files, targets[0])  # used now
    limited = ImageCache(
        cache.folder, limit=20 * 49 * 3 + sum(file.stat().st_size for file in cache.folder.glob("*/*")) - 100
    )
    del decoded[:]
    pixels(limited, files, DecodeTarget(7, 7, 3))
    assert len(list(cache.folder.glob("5x5*/*.rows"))) == 0
    pixels(limited, files, targets[0])
    pixels(limited, files, targets[2])
    assert len(decoded) == 20


def test_rows_of_files_that_are_gone_make_room(cache, files, decoded):
    limited = ImageCache(cache.folder, limit=22 * TARGET.row_bytes)
    pixels(limited, files[:14])
    np.testing.assert_array_equal(pixels(limited, files[8:]), expected(files[8:]))
    assert len(fetch(limited, files[8:])[0]) == 12


def test_more_than_the_limit_is_refused_with_the_ways_out(files, tmp_path, monkeypatch):
    monkeypatch.setenv("SKIMGCLS_CACHE_LIMIT", "1e3")
    cache = ImageCache(tmp_path / "cache")
    with pytest.raises(CacheUnusableError, match=r"limit is 1e-06 GB. Set SKIMGCLS_CACHE_LIMIT .* cache="):
        fetch(cache, files)
    monkeypatch.setenv("SKIMGCLS_CACHE_LIMIT", "lots")
    with pytest.raises(ValueError, match=r"SKIMGCLS_CACHE_LIMIT must be a number of bytes.*'lots'"):
        fetch(cache, files)


def test_the_default_limit_is_half_of_the_disk_that_is_left(cache, files, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: _Free(20 * 90))
    with pytest.raises(CacheUnusableError, match="limit"):
        fetch(cache, files)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: _Free(20 * 90 * 2))
    assert len(fetch(cache, files)[0]) == 20


class _Free:
    def __init__(self, free):
        self.free = free


# -------------------------------------------------------------- where it cannot be


def test_a_full_disk_makes_it_unusable(cache, files, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(CacheUnusableError, match="No space left on device"):
        fetch(cache, files)


def test_a_folder_that_cannot_be_made_is_unusable(files, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheUnusableError, match="file"):
        fetch(ImageCache(tmp_path / "file" / "cache"), files)


def test_a_cache_that_is_read_only_can_be_read(cache, files, decoded, monkeypatch):
    pixels(cache, files)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.os, "utime", refuse)
    np.testing.assert_array_equal(pixels(cache, files), expected(files))
    assert len(decoded) == 20


def test_the_folder_is_the_users_unless_said_otherwise(monkeypatch, tmp_path):
    assert cache_folder(tmp_path) == tmp_path
    monkeypatch.setenv("SKIMGCLS_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("SKIMGCLS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("auto") == tmp_path / "skimgcls" / "decoded-images"

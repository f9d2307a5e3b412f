import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import ImageLayout, decode_images
from skimgcls.images import _read_image_files as module
from skimgcls.images._read_image_files import read_image_files

COLOUR = ImageLayout(6, 5, 3, channels_first=False)
GREY = ImageLayout(6, 5, 1, channels_first=True)


@pytest.fixture(params=["cache", "memory", "streamed"])
def way(request, monkeypatch, tmp_path):
    """The setting of ``cache`` for each of the three ways in which files are read."""
    if request.param == "streamed":
        monkeypatch.setattr(module, "free_memory", lambda: 100)
    return tmp_path / "cache" if request.param == "cache" else None


@pytest.fixture
def make_files(tmp_path, rng):
    """Write PNG files: make_files((height, width, ...), ...) gives their paths."""
    written = []

    def make_files(*shapes):
        paths = [str(tmp_path / f"{len(written) + number}.png") for number in range(len(shapes))]
        for path, shape in zip(paths, shapes, strict=True):
            Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)).save(path)
        written.extend(paths)
        return paths

    return make_files


@pytest.fixture(autouse=True)
def _warned_of_nothing():
    module._warn_once.cache_clear()


def rows_of(files):
    if files.rows is None:
        return files.read(np.arange(files.n_files))
    return files.rows if files.index is None else files.rows[files.index]


def check(files, paths, layout):
    assert files.layout == layout
    assert files.n_files == len(paths)
    color_mode = "gray" if layout.channels == 1 else "rgb"
    expected = decode_images(paths, (layout.height, layout.width), color_mode).reshape(len(paths), -1)
    np.testing.assert_array_equal(rows_of(files), expected)
    np.testing.assert_array_equal(files.in_memory(), expected)


# ------------------------------------------------------------- size and colour


def test_without_a_size_it_is_that_of_the_files(way, make_files):
    paths = make_files(*[(6, 5, 3)] * 20)
    check(read_image_files(paths, cache=way), paths, COLOUR)


def test_files_of_several_sizes_need_one(way, make_files):
    paths = make_files((6, 5, 3), (7, 5, 3), *[(6, 5, 3)] * 18)
    with pytest.raises(ValueError, match=r"different sizes \(height x width\): .*7 x 5 \(.*1\.png\).*image_size=64"):
        read_image_files(paths, cache=way)
    check(read_image_files(paths, cache=way, image_size=(6, 5)), paths, COLOUR)


def test_a_size_that_differs_late_is_noticed_too(way, make_files):
    paths = make_files(*[(6, 5, 3)] * 30, (7, 5, 3), (6, 5, 3))  # not among those whose headers are looked at
    with pytest.raises(ValueError, match=r"different sizes .*7 x 5 \(.*30\.png\)"):
        read_image_files(paths, cache=way)


def test_a_file_that_was_resized_before_still_has_its_own_size(make_files, tmp_path):
    paths = make_files(*[(6, 5, 3)] * 9, (7, 5, 3))
    read_image_files(paths, cache=tmp_path / "cache", image_size=(6, 5))
    with pytest.raises(ValueError, match="different sizes"):
        read_image_files(paths, cache=tmp_path / "cache")


def test_an_orientation_turns_height_and_width(way, tmp_path):
    paths = [str(tmp_path / f"{number}.jpg") for number in range(12)]
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in paths:
        Image.new("RGB", (16, 8), "red").save(path, exif=exif)
    check(read_image_files(paths, cache=way), paths, ImageLayout(16, 8, 3, channels_first=False))


def test_colour_is_that_of_the_files(way, make_files):
    grey = make_files(*[(6, 5)] * 12)
    check(read_image_files(grey, cache=way), grey, GREY)
    late = [*grey, *make_files(*[(6, 5)] * 25, (6, 5, 3), (6, 5))]  # one file, not among those first looked at
    check(read_image_files(late, cache=way), late, COLOUR)
    check(read_image_files(late, cache=way, color_mode="gray"), late, GREY)
    check(read_image_files(grey, cache=way, color_mode="rgb"), grey, COLOUR)


def test_colour_that_was_made_grey_before_is_found(make_files, tmp_path):
    paths = make_files(*[(6, 5)] * 30, (6, 5, 3), (6, 5))
    for color_mode, layout in (("gray", GREY), ("auto", COLOUR)):
        check(read_image_files(paths, cache=tmp_path / "cache", color_mode=color_mode), paths, layout)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_fitted_layout_goes_before_everything(channels, way, make_files):
    paths = make_files((9, 9, 3), (6, 7), *[(5, 8, 3)] * 9)
    layout = ImageLayout(4, 3, channels, channels_first=channels == 1)
    files = read_image_files(paths, cache=way, image_size=50, color_mode="auto", fitted_layout=layout)
    check(files, paths, layout)


def test_files_cannot_have_four_channels(make_files):
    fitted = ImageLayout(4, 4, 4, channels_first=True)
    with pytest.raises(ValueError, match="CNN was fitted on images of 4 channels, but image files decode to 1 or 3"):
        read_image_files(make_files((4, 4, 3)), fitted_layout=fitted, name="CNN")


# ------------------------------------------------------------------- bad files


@pytest.mark.parametrize("n_files", [3, 12])
def test_files_that_are_not_there_are_named(n_files):
    paths = [f"none/{number}.png" for number in range(n_files)]
    with pytest.raises(
        FileNotFoundError, match=rf"X_val holds text.*{n_files} of {n_files} files .*'none/0.png'"
    ) as info:
        read_image_files(paths, input_name="X_val")
    assert str(info.value).count("none/") == min(n_files, 10)
    assert os.getcwd() in str(info.value)


@pytest.mark.parametrize("image_size", [6, None])
def test_damaged_files_are_named_before_anything_is_trained(way, image_size, make_files):
    paths = make_files(*[(6, 6, 3)] * 300)
    for number in (1, 17, 290):
        Path(paths[number]).write_bytes(b"no image")
    with pytest.raises(ImageDecodeError, match=r"(?s)3 of 300 images.*/1\.png.*/17\.png.*/290\.png"):
        rows_of(read_image_files(paths, cache=way, image_size=image_size))


def test_nothing_but_damaged_files(way, tmp_path):
    paths = [str(tmp_path / f"{number}.png") for number in range(9)]
    for path in paths:
        Path(path).write_bytes(b"no image")
    with pytest.raises(ImageDecodeError, match="9 of 9 images"):
        rows_of(read_image_files(paths, cache=way))


# ------------------------------------------------------------- cache and memory


def test_few_files_are_decoded_sooner_than_a_cache_is_asked(make_files, tmp_path):
    paths = make_files(*[(6, 5, 3)] * module.FEW_FILES)
    check(read_image_files(paths, cache=tmp_path / "cache"), paths, COLOUR)
    assert not (tmp_path / "cache").exists()


def test_rows_that_stand_side_by_side_need_no_index_and_few_of_many_are_copied(make_files, tmp_path):
    paths = make_files(*[(6, 5, 3)] * 40)
    cache = tmp_path / "cache"
    whole = read_image_files(paths, cache=cache)
    assert isinstance(whole.rows, np.memmap)
    assert whole.index is None
    part = read_image_files(paths[10:30], cache=cache)
    assert (isinstance(part.rows, np.memmap), part.index, len(part.rows)) == (True, None, 20)
    shuffled = read_image_files(paths[:20][::-1], cache=cache)
    assert (isinstance(shuffled.rows, np.memmap), shuffled.index.tolist()) == (True, list(range(20))[::-1])
    sparse = read_image_files(paths[::4], cache=cache)
    assert (isinstance(sparse.rows, np.memmap), sparse.index) == (False, None)
    for files, wanted in ((part, paths[10:30]), (shuffled, paths[:20][::-1]), (sparse, paths[::4])):
        check(files, wanted, COLOUR)


def test_a_cache_larger_than_memory_is_read_when_rows_are_asked_for(make_files, tmp_path, monkeypatch):
    paths = make_files(*[(6, 5, 3)] * 40)
    monkeypatch.setattr(module, "free_memory", lambda: 30 * 90)
    for wanted in (paths, paths[::-1]):
        files = read_image_files(wanted, cache=tmp_path / "cache")
        assert files.rows is None
        check(files, wanted, COLOUR)
    few = read_image_files(paths[::3], cache=tmp_path / "cache")  # of these there is room for a copy
    assert len(few.rows) == 14
    check(few, paths[::3], COLOUR)


def test_a_cache_that_cannot_be_used_is_replaced_by_memory_with_one_warning(make_files, tmp_path):
    paths = make_files(*[(6, 5, 3)] * 12)
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match=r"image cache cannot be used: .*file.* into memory") as caught:
        every = [read_image_files(paths, cache=tmp_path / "file") for _ in range(3)]
    assert len(caught) == 1
    check(every[2], paths, COLOUR)


def test_a_full_disk_is_replaced_by_memory(make_files, tmp_path, monkeypatch):
    monkeypatch.setenv("SKIMGCLS_CACHE_LIMIT", "100")
    paths = make_files(*[(6, 5, 3)] * 12)
    with pytest.warns(UserWarning, match="SKIMGCLS_CACHE_LIMIT"):
        check(read_image_files(paths, cache=tmp_path / "cache"), paths, COLOUR)


@pytest.mark.parametrize(
    ("params", "named"), [({"image_size": 0}, "image_size"), ({"color_mode": "red"}, "color_mode")]
)
def test_parameters_are_checked(params, named, make_files):
    with pytest.raises(ValueError, match=f"'{named}' parameter"):
        read_image_files(make_files((6, 5, 3)), **params)

import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold

from skimgcls.datasets import load_image_folder
from skimgcls.exceptions import ImageDecodeError


@pytest.fixture
def root(tmp_path):
    """Two classes, images of different sizes and formats, a nested folder; brightness tells the files apart."""
    for i, name in enumerate(["dog/b.JPG", "dog/a.png", "cat/deep/er/z.webp", "cat/deep-sea/m.bmp", "cat/deep/k.tiff"]):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20 + i, 30 - i), (10 * i,) * 3).save(path, quality=100, lossless=True)
    return tmp_path / "pets"


def names(bunch, root):
    return [os.path.relpath(path, root).replace(os.sep, "/") for path in bunch.filenames]


def test_images_come_sorted_by_class_and_path(root):
    bunch = load_image_folder(root, image_size=16)
    assert names(bunch, root) == [
        "cat/deep/er/z.webp",
        "cat/deep/k.tiff",
        "cat/deep-sea/m.bmp",
        "dog/a.png",
        "dog/b.JPG",
    ]
    assert bunch.data.shape == (5, 16, 16, 3)
    assert bunch.data.dtype == np.uint8
    assert bunch.data[:, 8, 8, 0].tolist() == [20, 40, 30, 10, 0]
    assert bunch.target.tolist() == ["cat", "cat", "cat", "dog", "dog"]
    assert bunch.target_names.tolist() == ["cat", "dog"]
    assert "5 images of 2 classes" in bunch.DESCR


def test_filenames_can_be_opened(root):
    for path in load_image_folder(root, image_size=4).filenames:
        assert os.path.isfile(path)


def test_images_and_labels_alone(root):
    X, y = load_image_folder(str(root), image_size=(8, 12), return_X_y=True)
    assert X.shape == (5, 8, 12, 3)
    assert y.tolist() == ["cat", "cat", "cat", "dog", "dog"]


def test_the_color_mode_is_passed_on(root):
    assert load_image_folder(root, image_size=8, color_mode="gray").data.shape == (5, 8, 8, 1)


def test_hidden_and_other_files_are_left_out(root):
    for name in (".hidden.png", "notes.txt", "Thumbs.db", "noextension", "deep/.DS_Store", "deep/data.csv"):
        (root / "cat" / name).write_bytes(b"no image")
    (root / "cat" / ".cache").mkdir()
    (root / "cat" / ".cache" / "x.png").write_bytes(b"no image")
    (root / ".git").mkdir()
    (root / "overview.png").write_bytes(b"no image")
    assert load_image_folder(root, image_size=8).target.tolist() == ["cat", "cat", "cat", "dog", "dog"]


def test_broken_images_are_named(root):
    (root / "cat" / "bad.png").write_bytes(b"broken")
    (root / "dog" / "worse.jpg").write_bytes(b"broken")
    with pytest.raises(ImageDecodeError, match=r"(?s)2 of 7 images could not be decoded:.*bad\.png.*worse\.jpg"):
        load_image_folder(root, image_size=8)


@pytest.mark.parametrize("suffix", [".heic", ".AVIF", ".jp2"])
def test_images_of_an_unsupported_format_are_not_left_out_in_silence(root, suffix):
    (root / "cat" / f"photo{suffix}").write_bytes(b"\x00\x00\x00\x18ftypheic")
    with pytest.raises(ImageDecodeError, match=r"photo\.\w+' could not be decoded: .*supported formats"):
        load_image_folder(root, image_size=8)


def test_links_are_followed_but_not_in_circles(root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (9, 9), "white").save(elsewhere / "w.png")
    (root / "dog" / "more").symlink_to(elsewhere, target_is_directory=True)
    (root / "dog" / "again").symlink_to(root / "dog", target_is_directory=True)
    bunch = load_image_folder(root, image_size=8)
    assert names(bunch, root)[3:] == ["dog/a.png", "dog/b.JPG", "dog/more/w.png"]


def test_folders_called_like_parts_of_a_data_set_get_a_warning(root):
    (root / "cat").rename(root / "train")
    (root / "dog").rename(root / "Val")
    with pytest.warns(UserWarning, match=r"\['Val', 'train'\], which look like parts of a data set.*Val'") as caught:
        load_image_folder(root, image_size=8)
    assert caught[0].filename == __file__


def test_without_a_size_there_are_paths_in_the_same_order(root):
    bunch = load_image_folder(root)
    assert bunch.data.shape == (5,)
    assert bunch.data.dtype.kind == "U"
    np.testing.assert_array_equal(bunch.data, load_image_folder(root, image_size=4).filenames)
    np.testing.assert_array_equal(bunch.data, bunch.filenames)
    assert bunch.target.tolist() == ["cat", "cat", "cat", "dog", "dog"]
    assert "5 images of 2 classes" in bunch.DESCR
    assert bunch.DESCR.endswith("as paths.")
    paths, labels = load_image_folder(root, return_X_y=True)
    np.testing.assert_array_equal(paths, bunch.data)
    np.testing.assert_array_equal(labels, bunch.target)


def test_paths_alone_are_given_without_opening_a_file(root):
    (root / "cat" / "bad.png").write_bytes(b"broken")
    bunch = load_image_folder(root)
    assert len(bunch.data) == 6
    assert bunch.unreadable.tolist() == []


@pytest.mark.parametrize("image_size", [None, 8])
def test_files_that_cannot_be_decoded_are_left_out_with_their_labels_and_groups(root, image_size):
    (root / "cat" / "deep" / "bad.png").write_bytes(b"broken")
    (root / "dog" / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    bunch = load_image_folder(root, image_size, on_error="skip")
    assert [os.path.basename(path) for path in bunch.unreadable] == ["bad.png", "photo.heic"]
    assert len(bunch.data) == len(bunch.target) == len(bunch.filenames) == len(bunch.groups) == 5
    assert not set(bunch.unreadable) & set(bunch.filenames)
    with pytest.warns(UserWarning, match=r"(?s)2 of 7 images could not be .*bad\.png.*photo\.heic") as caught:
        load_image_folder(root, image_size, on_error="warn")
    assert caught[0].filename == __file__


def test_truncated_files_are_found_too(root):
    whole = (root / "dog" / "b.JPG").read_bytes()
    (root / "dog" / "b.JPG").write_bytes(whole[: len(whole) // 2])
    assert [os.path.basename(path) for path in load_image_folder(root, on_error="skip").unreadable] == ["b.JPG"]


def test_the_first_folder_below_the_class_is_the_group(root):
    (root / "dog" / "deep").mkdir()
    Image.new("L", (9, 9)).save(root / "dog" / "deep" / "x.png")
    bunch = load_image_folder(root)
    assert dict(zip(names(bunch, root), bunch.groups, strict=True)) == {
        "cat/deep/er/z.webp": "deep",
        "cat/deep/k.tiff": "deep",
        "cat/deep-sea/m.bmp": "deep-sea",
        "dog/a.png": os.path.join("dog", "a.png"),
        "dog/b.JPG": os.path.join("dog", "b.JPG"),
        "dog/deep/x.png": "deep",
    }


def test_groups_keep_a_split_from_parting_what_belongs_together(tmp_path):
    for name in ("cat", "dog"):
        for number in range(12):
            path = tmp_path / name / f"day_{number % 4}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (9, 9)).save(path)
    bunch = load_image_folder(tmp_path)
    for train, test in StratifiedGroupKFold(2).split(bunch.data, bunch.target, bunch.groups):
        assert not set(bunch.groups[train]) & set(bunch.groups[test])


def test_without_folders_below_the_classes_there_are_no_groups(root):
    for name in ("deep", "deep-sea"):
        shutil.rmtree(root / "cat" / name)
    Image.new("L", (9, 9)).save(root / "cat" / "x.png")
    bunch = load_image_folder(root, as_frame=True)
    assert bunch.groups is None
    assert list(bunch.frame) == ["path", "label"]


def test_a_frame_has_a_column_each_for_path_label_and_group(root):
    bunch = load_image_folder(root, as_frame=True)
    assert list(bunch.frame) == ["path", "label", "group"]
    assert list(bunch.data) == ["path"]
    assert bunch.target.name == "label"
    assert bunch.data["path"].tolist() == bunch.filenames.tolist() == load_image_folder(root).data.tolist()
    assert bunch.target.tolist() == ["cat", "cat", "cat", "dog", "dog"]
    X, y = load_image_folder(root, as_frame=True, return_X_y=True)
    assert X.equals(bunch.data)
    assert y.equals(bunch.target)


def test_a_missing_root_is_named(tmp_path):
    with pytest.raises(NotADirectoryError, match=r"gone' is no folder"):
        load_image_folder(tmp_path / "gone", image_size=8)


def test_a_root_without_classes_is_refused(tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "lonely.png")
    with pytest.raises(ValueError, match=r"has no sub-folder\. Put the images of each class into a sub-folder"):
        load_image_folder(tmp_path, image_size=8)


def test_a_class_without_images_is_named(root):
    (root / "emu").mkdir()
    (root / "emu" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"sub-folders without images: 'emu'\. "):
        load_image_folder(root, image_size=8)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [({"image_size": 0}, "image_size"), ({"color_mode": "cmyk"}, "color_mode"), ({"on_error": "ignore"}, "on_error")],
)
def test_parameters_out_of_range_are_refused_by_name(root, parameters, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        load_image_folder(root, **parameters)


def test_real_photographs_are_loaded_and_the_stray_palette_gif_too(shared_data, tmp_path):
    with zipfile.ZipFile(shared_data / "hymenoptera.zip") as archive:
        archive.extractall(tmp_path)
    train = load_image_folder(tmp_path / "train", image_size=64)
    assert train.data.shape == (245, 64, 64, 3)
    assert train.target_names.tolist() == ["ants", "bees"]
    assert np.unique(train.target, return_counts=True)[1].tolist() == [124, 121]
    (stray,) = np.flatnonzero(np.char.endswith(train.filenames, "imageNotFound.gif"))
    assert train.target[stray] == "ants"
    assert train.data[stray].std() > 0  # a picture, and not an empty frame
    assert 60 < train.data.mean() < 200
    assert load_image_folder(tmp_path / "val", image_size=64).data.shape == (153, 64, 64, 3)

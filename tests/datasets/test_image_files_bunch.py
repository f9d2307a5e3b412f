import numpy as np
import pytest
from PIL import Image

from skimgcls.datasets._image_files_bunch import check_loading, image_files_bunch


@pytest.fixture
def paths(tmp_path):
    for i in range(3):
        Image.new("RGB", (9, 6), (i, 0, 0)).save(tmp_path / f"{i}.png")
    return [str(tmp_path / f"{i}.png") for i in range(3)]


def bunch_of(paths, labels, groups=None, **options):
    defaults = {"image_size": None, "color_mode": "auto", "on_error": "raise", "return_X_y": False, "as_frame": False}
    return image_files_bunch(paths, labels, groups, source="here", names=("p", "l", "g"), **(defaults | options))


@pytest.mark.parametrize("labels", [["b", "a", "b"], [7, 3, 7], [True, False, True]])
def test_labels_keep_their_type(paths, labels):
    bunch = bunch_of(paths, labels)
    assert bunch.target.tolist() == labels
    assert bunch.target_names.tolist() == sorted({str(label) for label in labels})
    assert bunch.DESCR == "3 images of 2 classes from here, as paths."


def test_what_was_left_out_is_left_out_everywhere(paths, tmp_path):
    (tmp_path / "1.png").unlink()
    bunch = bunch_of(paths, [5, 6, 7], ["x", "y", "z"], image_size=4, on_error="skip", place="Rome")
    assert bunch.data[:, 0, 0, 0].tolist() == [0, 2]
    assert (bunch.target.tolist(), bunch.groups.tolist()) == ([5, 7], ["x", "z"])
    assert (bunch.unreadable.tolist(), bunch.place) == ([paths[1]], "Rome")
    assert bunch.DESCR == "2 images of 2 classes from here, decoded to (4, 4, 3) bytes each."


def test_a_frame_has_the_names_that_were_asked_for(paths):
    bunch = bunch_of(paths, [5, 6, 7], as_frame=True)
    assert bunch.frame.to_dict("list") == {"p": paths, "l": [5, 6, 7]}
    assert bunch_of(paths, [5, 6, 7], [1, 1, 2], as_frame=True).frame["g"].tolist() == [1, 1, 2]
    assert bunch_of(paths, [5, 6, 7]).frame is None


def test_pixels_do_not_go_into_a_table():
    with pytest.raises(
        ValueError, match=r"as_frame=True gives a table of paths, but image_size=8 asks for .* Leave out"
    ):
        check_loading(8, "auto", "raise", True)


def test_filenames_are_paths_beside_pixels_too(paths):
    np.testing.assert_array_equal(bunch_of(paths, [1, 2, 3], image_size=4).filenames, paths)

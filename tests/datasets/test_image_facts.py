import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from skimgcls.datasets._image_facts import ImageFacts, ImageSource


def facts_of(X, **options):
    return ImageSource(X, options.get("image_shape"), options.get("channels", "auto"), "X").read_facts()


@pytest.fixture
def picture(rng):
    return Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((70, 50))


def test_facts_of_files_are_those_of_their_header_and_pixels(tmp_path, picture):
    picture.save(tmp_path / "a.png")
    picture.convert("L").save(tmp_path / "b.jpg")
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())
    facts = facts_of([tmp_path / name for name in ("a.png", "b.jpg", "c.png")])
    assert facts.kind.tolist() == [("PNG", "RGB"), ("JPEG", "L"), ("PNG", "RGB")]
    assert facts.size.tolist() == [[50, 70]] * 3
    assert facts.problem.tolist() == [None] * 3
    assert facts.digest[0] == facts.digest[2] != facts.digest[1]
    assert facts.contrast.min() > 100
    assert facts.thumb.shape == (3, 32, 32)
    np.testing.assert_array_equal(facts.thumb[0], facts.thumb[2])
    np.testing.assert_allclose(facts.thumb[1], facts.thumb[0], atol=20)


def test_a_camera_lying_on_its_side_gives_the_upright_size(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        picture.save(tmp_path / name, exif=exif)
    assert facts_of([tmp_path / name for name in ("a.jpg", "a.png", "a.tif", "a.webp")]).size.tolist() == [[70, 50]] * 4


def test_unreadable_files_have_a_reason_without_their_name(tmp_path, picture):
    picture.save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:500])
    (tmp_path / "text.png").write_text("no image")
    facts = facts_of([str(tmp_path / name) for name in ("half.png", "gone.png", "whole.png", "text.png")])
    assert facts.problem[0].startswith("it is damaged, or of a kind unknown")
    assert facts.problem[1] == "No such file or directory."
    assert facts.problem[2] is None
    assert facts.problem[3].startswith("it is damaged, or in none of the supported formats")
    assert ImageSource([str(tmp_path / "gone.png")], None, "auto", "X").example(0) is None


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X,
        lambda X: X.transpose(0, 3, 1, 2),
        lambda X: (X / 255).astype(np.float32),
        lambda X: torch.from_numpy(X),
        lambda X: list(X),
    ],
    ids=["bytes", "channels first", "fractions", "tensor", "list"],
)
def test_every_form_of_an_array_has_the_same_facts(rng, convert):
    X = rng.integers(0, 256, (130, 9, 12, 3), dtype=np.uint8)
    X[:, 0, 0] = 255
    X[5] = X[128]
    facts, expected = facts_of(convert(X)), facts_of(X)
    assert facts.size.tolist() == [[9, 12]] * 130
    assert facts.kind.tolist() == [None] * 130
    np.testing.assert_array_equal(facts.thumb, expected.thumb)
    np.testing.assert_array_equal(facts.contrast, expected.contrast)
    assert len(set(facts.digest)) == 129
    assert facts.digest[5] == facts.digest[128]


@pytest.mark.parametrize("shape", [(40, 9, 12, 3), (40, 9, 12)])
def test_bytes_are_not_copied(rng, shape):
    X = rng.integers(0, 256, shape, dtype=np.uint8)
    source = ImageSource(X, None, "auto", "X")
    assert np.shares_memory(source._shown, X)
    assert np.shares_memory(source._rows, X)


def test_flat_rows_of_a_frame_are_images(rng):
    X = rng.integers(0, 256, (3, 24), dtype=np.uint8)
    assert facts_of(pd.DataFrame(X), image_shape=(4, 6)).size.tolist() == [[4, 6]] * 3


def test_arrays_of_unequal_shapes_come_in_a_list(rng):
    images = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((4, 6), (5, 5, 3), (3, 9))]
    source = ImageSource(images, None, "auto", "X")
    assert source.read_facts().size.tolist() == [[4, 6], [5, 5], [3, 9]]
    assert [source.example(i).shape for i in range(3)] == [(4, 6, 3), (5, 5, 3), (3, 9, 3)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full(10_000, 7), 0),
        (np.r_[np.full(9_950, 7), np.full(50, 250)], 0),  # scratches
        (np.r_[np.full(5_000, 7), np.full(5_000, 9)], 2),
        (np.r_[np.full(9_000, 7), np.full(1_000, 250)], 243),
    ],
)
def test_contrast_is_the_range_of_nearly_all_pixels(values, expected):
    image = np.zeros((100, 100, 3), np.uint8)
    image[..., 1] = values.reshape(100, 100)
    image[0, 0] = 255  # or the range of values would be stretched
    assert facts_of(image[np.newaxis]).contrast[0] == expected


def test_examples_are_small_and_in_colour(tmp_path, picture):
    picture.resize((700, 500)).save(tmp_path / "a.jpg")
    example = ImageSource([tmp_path / "a.jpg"], None, "auto", "X").example(0)
    assert example.shape == (69, 96, 3)
    assert example.dtype == np.uint8


def test_parts_are_joined_in_their_order(rng):
    X = rng.integers(0, 256, (5, 6, 6), dtype=np.uint8)
    joined, whole = ImageFacts.joined([facts_of(X[:2]), facts_of(X[2:])]), facts_of(X)
    assert len(joined) == 5
    assert joined.digest.tolist() == whole.digest.tolist()


def test_a_missing_value_among_paths_is_refused():
    with pytest.raises(ValueError, match="X_test holds paths, but 1 of its 2 values"):
        ImageSource(["a.png", None], None, "auto", "X_test")

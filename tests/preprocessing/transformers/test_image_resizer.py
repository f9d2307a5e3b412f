import numpy as np
import pytest
from PIL import Image

from skimgcls.preprocessing import ImageResizer

PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@pytest.mark.parametrize("size", [(9, 7), (40, 50)])
@pytest.mark.parametrize("interpolation", list(PILLOW))
def test_bytes_are_resized_as_pillow_does(interpolation, size, rng):
    X = rng.integers(0, 256, (3, 24, 20, 3), dtype=np.uint8)
    new = ImageResizer(size, interpolation=interpolation).fit_transform(X)
    of_pillow = [np.asarray(Image.fromarray(image).resize(size[::-1], PILLOW[interpolation])) for image in X]
    assert np.abs(new.astype(int) - np.stack(of_pillow)).max() <= 1


def test_nearest_invents_no_value():
    X = np.array([[[0, 200], [50, 250]]], dtype=np.uint8)
    new = ImageResizer(4, interpolation="nearest").fit_transform(X)
    np.testing.assert_array_equal(new[0], X[0].repeat(2, 0).repeat(2, 1))


def test_files_of_many_sizes_come_at_the_new_size(rng, tmp_path):
    paths = []
    for i, size in enumerate([(30, 20), (16, 16), (12, 40)]):
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(paths[-1])
    resizer = ImageResizer((10, 12)).fit(paths)
    assert resizer.transform(paths).shape == (3, 10, 12, 3)
    assert resizer.output_shape_ == (10, 12, 3)

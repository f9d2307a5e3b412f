"""Damaged image files, thousands of them, end in an error that names them or in an image, and in nothing else."""

import io
import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import decode_image
from skimgcls.images._decode import SUFFIXES_OF


def encode(image, image_format, **options):
    """Bytes of an image file."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some kinds of damage and goes on
@pytest.mark.parametrize("image_format", SUFFIXES_OF)
@pytest.mark.parametrize("image_size", [None, 8])
def test_flipped_bits_give_an_image_or_an_error_and_nothing_else(rng, image_format, image_size):
    options = {"compression": "tiff_lzw"} if image_format == "TIFF" else {}
    noise = Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8))
    content = encode(noise, image_format, **options)
    n_errors = 0
    for _ in range(150):
        damaged = bytearray(content)
        # half of the flips into the header, where they do most
        position = rng.integers(0, min(len(content), 64) if rng.random() < 0.5 else len(content))
        damaged[position] ^= 1 << rng.integers(0, 8)
        try:
            image = decode_image(io.BytesIO(damaged), image_size)
        except ImageDecodeError:
            n_errors += 1
        else:
            assert image.dtype == np.uint8
            assert image.ndim == 3
            assert image.shape[2] in (1, 3)
            assert image_size is None or image.shape[:2] == (8, 8)
    assert n_errors > 0


# In a process of their own, since what damaged bytes may do to a decoder in C ends the process. Beyond 2 GB of memory,
# beyond its time, or with anything but an ImageDecodeError, the process fails.
CHILD = """
import json, resource, sys, warnings
import numpy as np
warnings.simplefilter("ignore")  # Pillow's, of damage that it can live with
resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
{work}
"""
FLIPS = """
import io
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import decode_image
rng, outcomes = np.random.default_rng(int(sys.argv[1])), []
files = [open(path, "rb").read() for path in sys.argv[2:]]
for turn in range(1000):
    damaged = bytearray(files[turn % len(files)])
    # a third of the flips into the header, where they do most
    for position in rng.integers(0, len(damaged) if turn % 3 else min(len(damaged), 300), size=rng.integers(1, 5)):
        damaged[position] = rng.integers(0, 256)
    try:
        image = decode_image(io.BytesIO(damaged), 32 if turn % 2 else None)
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] in (1, 3)
        outcomes.append("image")
    except ImageDecodeError:
        outcomes.append("error")
print(json.dumps(outcomes))
"""
NAMED = """
from skimgcls.datasets import check_images
from skimgcls.images import decode_images
_, is_read = decode_images(sys.argv[1:], 32, on_error="skip")
frame = check_images(sys.argv[1:]).frame
print(json.dumps([is_read.tolist(), frame.loc[frame["check"] == "unreadable", "name"].tolist()]))
"""


def run_child(work, *arguments):
    command = [sys.executable, "-c", CHILD.format(work=work), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def photographs():
    """Two real photographs in the formats of photographs, as (suffix, bytes)."""
    from sklearn.datasets import load_sample_images

    images = [Image.fromarray(image).resize((160, 107)) for image in load_sample_images().images]
    options = [
        ("PNG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ]
    return [(SUFFIXES_OF[kind][0], encode(each, kind, **more)) for kind, more in options for each in images]


def test_a_thousand_damaged_bytes_give_our_error_or_an_image(photographs, tmp_path):
    paths = [tmp_path / f"{i}{suffix}" for i, (suffix, _) in enumerate(photographs)]
    for path, (_, content) in zip(paths, photographs, strict=True):
        path.write_bytes(content)
    outcomes = run_child(FLIPS, 0, *paths)
    assert len(outcomes) == 1000
    assert {"image", "error"} == set(outcomes)


def cut_off(content, rng):
    return content[: rng.integers(1, int(0.95 * len(content)))]


def flip_bits(content, rng):
    damaged = bytearray(content)
    for position in rng.integers(0, len(content), size=20):
        damaged[position] ^= 1 << rng.integers(0, 8)
    return bytes(damaged)


def blank_out(content, rng):
    length = len(content) // 10
    start = rng.integers(0, len(content) - length)
    return content[:start] + bytes(length) + content[start + length :]


def empty(content, rng):
    return b""


def change_magic(content, rng):
    return rng.bytes(12) + content[12:]


def enlarge(content, rng):
    """Write a size of thousands of megapixels into the header."""
    damaged, side = bytearray(content), 60_000
    if content.startswith(b"\x89PNG"):
        damaged[16:24] = struct.pack(">II", side, side)
        damaged[29:33] = struct.pack(">I", zlib.crc32(damaged[12:29]))
    elif content.startswith(b"\xff\xd8"):
        start = content.index(b"\xff\xc2")  # the frame of a progressive JPEG
        damaged[start + 5 : start + 9] = struct.pack(">HH", side, side)
    elif content.startswith(b"RIFF"):
        damaged[26:30] = struct.pack("<HH", 16_383, 16_383)
    else:
        (directory,) = struct.unpack_from("<I", content, 4)
        for entry in range(struct.unpack_from("<H", content, directory)[0]):
            position = directory + 2 + 12 * entry
            if struct.unpack_from("<H", content, position)[0] in (256, 257):  # width, height
                damaged[position + 2 : position + 12] = struct.pack("<HII", 4, 1, side)
    return bytes(damaged)


def test_two_hundred_damaged_photographs_are_named_and_none_ends_or_stalls_the_process(photographs, tmp_path, rng):
    ways = {cut_off: True, empty: True, change_magic: True, enlarge: True, flip_bits: False, blank_out: False}
    paths, must_fail = [], []
    for turn in range(4):
        for number, (suffix, content) in enumerate(photographs):
            for way, fails in ways.items():
                paths.append(tmp_path / f"{way.__name__}_{turn}_{number}{suffix}")
                paths[-1].write_bytes(way(content, rng))
                must_fail.append(fails)
    assert len(paths) == 240
    is_read, named = run_child(NAMED, *paths)
    assert [str(path) for path, each in zip(paths, is_read, strict=True) if not each] == named
    assert not (np.array(is_read) & must_fail).any()
    assert 0 < sum(is_read) < len(paths) / 3  # what flips and zeros leave a valid file

import io
import os
import socket
import struct
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image

from skimgcls import MLPClassifier
from skimgcls.datasets import load_image_folder
from skimgcls.exceptions import ImageDecodeError
from skimgcls.images import decode_image, decode_images
from skimgcls.images._open_image import FORMATS, MAX_PIXELS, open_image


def webp(kind, body):
    chunk = kind + struct.pack("<I", len(body)) + body
    return io.BytesIO(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk)


HUGE_WEBP = {
    "lossy": webp(b"VP8 ", b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383) + bytes(20)),
    "lossless": webp(b"VP8L", b"\x2f" + struct.pack("<I", 9_999 | 9_999 << 14) + bytes(20)),
    "extended": webp(b"VP8X", bytes(4) + (15_999).to_bytes(3, "little") + (9_999).to_bytes(3, "little") + bytes(20)),
}


@pytest.mark.parametrize(
    ("kind", "size"), [("lossy", "16,383 x 16,383"), ("lossless", "10,000 x 10,000"), ("extended", "16,000 x 10,000")]
)
def test_a_huge_webp_file_is_refused_before_its_canvas_is_allocated(kind, size):
    with pytest.raises(ImageDecodeError, match=f"it has {size} pixels"), open_image(HUGE_WEBP[kind]):
        pass


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"}])
@pytest.mark.parametrize("size", [(1, 1), (17, 300), (2_000, 3)])
def test_webp_files_of_each_kind_have_the_size_that_pillow_sees(options, size, monkeypatch):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "WEBP", **options)
    seen = []
    monkeypatch.setattr("skimgcls.images._open_image._check_n_pixels", lambda *sides: seen.append(sides))
    with open_image(file):
        assert seen == [size, size]  # by our reading of the header, and by Pillow


def test_only_the_header_is_read():
    file = io.BytesIO()
    Image.new("L", (7_000, 7_000)).save(file, "PNG")
    tracemalloc.start()
    with open_image(file) as image:
        assert image.size == (7_000, 7_000)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_photograph_of_100_megapixels_is_refused_with_its_name_and_size(tmp_path):
    path = tmp_path / "poster.jpg"
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "JPEG")
    content = bytearray(content.getvalue())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 8_000, 11_000)  # 88: from 89.5 on Pillow itself warns
    path.write_bytes(content)
    message = rf"poster\.jpg' could not be decoded: it has 11,000 x 8,000 pixels.* most {MAX_PIXELS:,} in all are read"
    with pytest.raises(ImageDecodeError, match=message), open_image(path):
        pass


def test_whatever_is_raised_while_a_file_is_open_names_it(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path)
    with pytest.raises(ImageDecodeError, match=r"a\.png' could not be decoded: .*KeyError: 'odd'"), open_image(path):
        raise KeyError("odd")


def test_a_missing_file_and_a_folder_raise_the_errors_of_the_system(tmp_path):
    for path, error in ((tmp_path / "gone.png", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(error), open_image(path):
            pass


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_opened_by_its_content(kind):
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(file, kind)
    with open_image(file) as image:
        assert (image.format, image.size) == (kind, (5, 4))


PIPE_READERS = {
    "open_image": lambda path: open_image(path).__enter__(),
    "decode_image": decode_image,
    "decode_images": lambda path: decode_images([path] * 3, 8, n_threads=2),
    "load_image_folder": lambda path: load_image_folder(path.parents[1], 8),
    "fit": lambda path: MLPClassifier((2,), max_epochs=1, image_size=8).fit([path] * 4, [0, 0, 1, 1]),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("reader", PIPE_READERS)
def test_a_pipe_is_refused_and_not_waited_for(reader, tmp_path):
    path = tmp_path / "class" / "x.png"
    path.parent.mkdir()
    os.mkfifo(path)
    raised = []

    def read():
        try:
            PIPE_READERS[reader](path)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    if thread.is_alive():  # it waits for someone to write
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    assert [type(error) for error in raised] == [ImageDecodeError]
    assert f"{str(path)!r} could not be decoded: it is no regular file" in str(raised[0])


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no such sockets")
def test_a_socket_and_a_device_are_no_images_and_a_link_to_a_file_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket may have 100 characters
    Image.new("L", (5, 4)).save("a.png")
    os.symlink("a.png", "link.png")
    with open_image("link.png") as image:
        assert image.size == (5, 4)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        for path in ("s.png", os.devnull):
            with pytest.raises(ImageDecodeError, match=f"{path}' .* no regular file.* Save"), open_image(path):
                pass


def with_a_tag_larger_than_the_file():
    file = io.BytesIO()
    Image.fromarray(np.full((4, 5), 7, np.uint8)).save(file, "TIFF", description="a long text")
    content = file.getvalue()
    entry = content.index(struct.pack("<HHI", 270, 2, 12))  # tag, type, length
    return content[: entry + 4] + struct.pack("<I", 10**6) + content[entry + 8 :]


@pytest.mark.parametrize("action", ["error", "always"])
def test_what_pillow_says_of_odd_tags_stays_silent_and_the_image_is_read(action, tmp_path):
    path = tmp_path / "odd.tif"
    path.write_bytes(with_a_tag_larger_than_the_file())
    with pytest.warns(UserWarning, match="Tag data larger than file"), Image.open(path) as image:
        image.load()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        before = list(warnings.filters)
        images = decode_images([path] * 40, 4, n_threads=4)
        assert warnings.filters == before
    assert not caught
    assert (images == 7).all()

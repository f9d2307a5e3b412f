"""Fixtures of the data set tests: no user folder, a web server of our own, small files in the published formats."""

import functools
import http.server
import struct
import threading

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def user_cache(tmp_path, monkeypatch):
    """The user's cache folder, moved into the test's own folder; SKIMGCLS_DATA is unset."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SKIMGCLS_DATA", raising=False)
    return tmp_path / "user" / "skimgcls"


@pytest.fixture
def web_server(tmp_path, monkeypatch):
    """Serve the folder `served`; gives (folder, URL, list of the paths asked for)."""
    monkeypatch.setenv("no_proxy", "*")
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_):
            asked.append(self.path)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()
        thread.join()


@pytest.fixture
def idx_bytes():
    """Function that writes an array of bytes in the idx format."""

    def write(values):
        values = np.asarray(values, np.uint8)
        return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()

    return write


@pytest.fixture
def cifar10_batch():
    """Function that pickles images (n, 32, 32, 3) and codes as Python 2 did for the original batches."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    def write(images, codes):
        values = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).tobytes()
        dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        dtype += b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
        array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        array += b"(K\x01(J" + struct.pack("<i", len(images)) + b"M\x00\x0ct" + dtype + b"\x89"
        array += b"T" + struct.pack("<i", len(values)) + values + b"tb"
        labels = b"](" + b"".join(b"K" + bytes([code]) for code in codes) + b"e"
        names = b"](" + b"".join(text(b"image_%d.png" % i) for i in range(len(images))) + b"e"
        entries = text(b"batch_label") + text(b"a batch") + text(b"labels") + labels
        return b"\x80\x02}(" + entries + text(b"data") + array + text(b"filenames") + names + b"u."

    return write

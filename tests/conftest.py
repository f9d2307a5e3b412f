"""What every test gets: one thread, no window, no network, data by fixture, a seed that is printed."""

import os

# Read once by the libraries at their first import, so they stand before any other import.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", SCIPY_ARRAY_API="1", MPLBACKEND="Agg")

import ipaddress
import random
import socket
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest

SHARED_DATA = ("FashionMNIST/raw", "cifar10-jpeg.zip", "hymenoptera.zip")
SHARED_DATA_REASON = "set SKIMGCLS_DATA to the folder with FashionMNIST/raw, cifar10-jpeg.zip, hymenoptera.zip"


def pytest_configure(config):
    # Registered by hand: a conftest's own hooks would not reach the doctests outside tests/.
    config.pluginmanager.register(_Isolation(), "skimgcls-isolation")


class _Isolation:
    """Keep one test from reaching the next one, or the network."""

    def pytest_sessionstart(self):
        self._cache = tempfile.TemporaryDirectory(prefix="skimgcls-test-cache-")
        os.environ["SKIMGCLS_CACHE"] = self._cache.name  # of decoded image files; also for worker processes
        self._replaced = socket.socket.connect, socket.getaddrinfo
        socket.socket.connect = _local_connect(socket.socket.connect)
        socket.getaddrinfo = _local_getaddrinfo(socket.getaddrinfo)

    def pytest_sessionfinish(self):
        socket.socket.connect, socket.getaddrinfo = self._replaced
        self._cache.cleanup()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self):
        torch = sys.modules.get("torch")
        if torch is not None and torch.get_num_threads() != 1:
            torch.set_num_threads(1)  # bits are promised per thread count

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self):
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close("all")


def _local_connect(connect):
    def guarded(sock, address):
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_local(address[0])
        return connect(sock, address)

    return guarded


def _local_getaddrinfo(getaddrinfo):
    def guarded(host, *args, **kwargs):
        _refuse_unless_local(host)
        return getaddrinfo(host, *args, **kwargs)

    return guarded


def _refuse_unless_local(host):
    host = host.decode() if isinstance(host, bytes) else host
    try:
        is_local = host is None or host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        is_local = host == socket.gethostname()
    if not is_local:
        raise RuntimeError(f"A test tried to reach {host!r}: tests run without a network.")


@pytest.fixture(scope="session")
def shared_data():
    """Folder with the real data sets; skips without it, fails where SKIMGCLS_REQUIRE_DATA=1 promises it."""
    return find_shared_data(os.environ)


def find_shared_data(environ):
    folder = environ.get("SKIMGCLS_DATA", "")
    if folder and all((Path(folder) / name).exists() for name in SHARED_DATA):
        return Path(folder)
    if environ.get("SKIMGCLS_REQUIRE_DATA") == "1":
        pytest.fail(f"SKIMGCLS_REQUIRE_DATA=1, but SKIMGCLS_DATA is {folder!r}: {SHARED_DATA_REASON}")
    pytest.skip(SHARED_DATA_REASON)


@pytest.fixture(scope="session")
def digit_scans():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[:200].astype(np.uint8), bunch.target[:200]


@pytest.fixture
def digits(digit_scans):
    """200 real digit scans in scikit-learn's order: X uint8 (200, 8, 8) in 0..16, y int (200,); fresh copies."""
    X, y = digit_scans
    return X.copy(), y.copy()


@pytest.fixture(scope="session")
def photo_files(tmp_path_factory):
    """36 colour files of mixed kinds and sizes, and their labels: bright is "sun", dark "moon", in between "dusk"."""
    from PIL import Image

    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    paths, labels = [], []
    for number in range(36):
        label, brightness = (("sun", 190), ("moon", 10), ("dusk", 100))[number % 3]
        height, width = rng.integers(16, 40, 2)
        pixels = rng.integers(brightness, brightness + 60, (height, width, 3)).astype(np.uint8)
        paths.append(str(folder / f"{number:02d}.{('png', 'jpg', 'bmp')[number % 4 % 3]}"))
        Image.fromarray(pixels).save(paths[-1])
        labels.append(label)
    return paths, labels


@pytest.fixture
def rng(request):
    """A numpy Generator whose seed is printed, so that a failure can be run again.

    The seed is the test's own name by default, SKIMGCLS_TEST_SEED when that is a number, and new at each run when it
    is "random".
    """
    seed = choose_seed(os.environ, request.node.nodeid)
    print(f"SKIMGCLS_TEST_SEED={seed}")
    return np.random.default_rng(seed)


def choose_seed(environ, nodeid):
    wanted = environ.get("SKIMGCLS_TEST_SEED", "")
    if wanted == "random":
        return random.SystemRandom().randrange(2**32)
    return int(wanted) if wanted else zlib.crc32(nodeid.encode())

"""What `conftest.py` promises to every other test."""

import os
import socket

import numpy as np
import pytest

from tests.conftest import SHARED_DATA, choose_seed, find_shared_data


@pytest.fixture
def data_folder(tmp_path):
    for name in SHARED_DATA:
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_connection_to_another_machine_is_refused(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(RuntimeError, match="tests run without a network"):
        sock.connect((host, 80))


@pytest.mark.parametrize("host", ["example.org", b"example.org"])
def test_the_name_of_another_machine_is_not_looked_up(host):
    with pytest.raises(RuntimeError, match=r"tried to reach 'example\.org'"):
        socket.create_connection((host, 80))


def test_a_server_of_the_test_itself_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            assert client.getpeername() == server.getsockname()
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_one_thread_and_no_window_are_set_before_anything_is_imported():
    import matplotlib
    import sklearn
    import torch

    assert torch.get_num_threads() == 1
    assert matplotlib.get_backend().lower() == "agg"
    assert os.environ["SCIPY_ARRAY_API"] == "1"
    with sklearn.config_context(array_api_dispatch=True):  # refuses where scipy was imported without it
        pass


@pytest.mark.parametrize("_", range(2))
def test_no_figure_and_no_thread_count_is_left_over_from_the_test_before(_):
    import matplotlib.pyplot as plt
    import torch

    assert plt.get_fignums() == []
    assert torch.get_num_threads() == 1
    plt.figure()
    torch.set_num_threads(2)


def test_data_that_are_there_are_found(data_folder):
    assert find_shared_data({"SKIMGCLS_DATA": str(data_folder), "SKIMGCLS_REQUIRE_DATA": "1"}) == data_folder


@pytest.mark.parametrize("environ", [{}, {"SKIMGCLS_REQUIRE_DATA": "0"}])
def test_tests_on_data_that_are_not_there_are_skipped(environ):
    with pytest.raises(pytest.skip.Exception, match="set SKIMGCLS_DATA to the folder with FashionMNIST/raw"):
        find_shared_data(environ)


def test_incomplete_data_count_as_missing_and_fail_where_they_were_promised(data_folder):
    (data_folder / "hymenoptera.zip").rmdir()
    with pytest.raises(pytest.skip.Exception):
        find_shared_data({"SKIMGCLS_DATA": str(data_folder)})
    with pytest.raises(pytest.fail.Exception, match="SKIMGCLS_REQUIRE_DATA=1, but"):
        find_shared_data({"SKIMGCLS_DATA": str(data_folder), "SKIMGCLS_REQUIRE_DATA": "1"})


def test_the_seed_is_the_tests_own_unless_one_is_wanted():
    assert choose_seed({}, "a") == choose_seed({}, "a") != choose_seed({}, "b")
    assert choose_seed({"SKIMGCLS_TEST_SEED": "7"}, "a") == 7
    random = {"SKIMGCLS_TEST_SEED": "random"}
    assert choose_seed(random, "a") != choose_seed(random, "a")


def test_the_seed_of_a_random_test_is_printed(request, capsys):
    rng = request.getfixturevalue("rng")
    seed = int(capsys.readouterr().out.removeprefix("SKIMGCLS_TEST_SEED="))
    assert rng.random() == np.random.default_rng(seed).random()


def test_the_digits_are_fresh_copies_of_real_scans(digits, digit_scans):
    X, y = digits
    assert (X.shape, X.dtype, X.min(), X.max()) == ((200, 8, 8), np.uint8, 0, 16)
    assert set(y) == set(range(10))
    X[:] = 0
    assert digit_scans[0].any()

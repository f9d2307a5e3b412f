import threading

import pytest
import torch

from skimgcls.training._feature_cache import FeatureCache

ROW = 4 * 8  # bytes of four float64


@pytest.fixture
def cache():
    return FeatureCache()


def put(cache, names, limit=100 * ROW):
    cache.put(list(names), torch.arange(4.0 * len(names), dtype=torch.float64).view(-1, 4), limit)


def test_rows_come_back_by_their_keys(cache):
    put(cache, "abc")
    rows = cache.get(["c", "x", "a"])
    assert rows[0].tolist() == [8, 9, 10, 11]
    assert rows[1] is None
    assert rows[2].tolist() == [0, 1, 2, 3]


def test_the_rows_that_were_not_asked_for_the_longest_go_first(cache):
    put(cache, "abc")
    cache.get(["a"])
    put(cache, "d", limit=3 * ROW)
    assert [row is not None for row in cache.get(["a", "b", "c", "d"])] == [True, False, True, True]
    assert cache.n_bytes == 3 * ROW


def test_it_never_holds_more_than_it_may(cache):
    put(cache, "abcdefgh", limit=5 * ROW)
    assert (len(cache), cache.n_bytes) == (5, 5 * ROW)
    put(cache, "i", limit=0)
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_a_key_counts_once(cache):
    put(cache, "ab")
    put(cache, "ab")
    assert cache.n_bytes == 2 * ROW


def test_rows_are_copies_of_their_own_memory(cache):
    rows = torch.zeros(1000, 4, dtype=torch.float64)
    cache.put(["a"], rows[:1], 10 * ROW)
    rows[0] = 1
    kept = cache.get(["a"])[0]
    assert not kept.any()
    assert kept.untyped_storage().nbytes() == ROW


def test_it_can_be_emptied(cache):
    put(cache, "abc")
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)
    assert cache.get(["a"]) == [None]


def test_threads_may_use_it_at_once(cache):
    def work(seed):
        for i in range(200):
            key = f"{(seed * 7 + i) % 50}"
            cache.put([key], torch.full((1, 4), float(key), dtype=torch.float64), 20 * ROW)
            row = cache.get([key])[0]
            wrong.extend([key] if row is not None and (row != float(key)).any() else [])

    wrong = []
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.n_bytes == len(cache) * ROW <= 20 * ROW

import threading

import numpy as np
import pytest
import torch

from skimgcls.training._streamed_rows import StreamedRows, read_ahead


def test_rows_are_looked_up_as_in_a_tensor(rng):
    values = rng.integers(0, 256, (9, 4)).astype(np.uint8)
    rows, tensor = StreamedRows(values.__getitem__, 9, 4), torch.from_numpy(values)
    assert (len(rows), rows.shape, rows.dtype, rows.device) == (9, (9, 4), tensor.dtype, tensor.device)
    assert rows.nbytes == values.nbytes
    positions = torch.tensor([3, 0, 3])
    assert torch.equal(rows.index_select(0, positions), tensor.index_select(0, positions))
    assert torch.equal(rows[2:5], tensor[2:5])


def test_results_come_in_order_and_few_are_ahead():
    started, used = [], []

    def work(number):
        started.append(number)
        return number * 10

    for result in read_ahead(work, ((number,) for number in range(8))):
        used.append(result)
        assert len(started) <= len(used) + 2
    assert used == [0, 10, 20, 30, 40, 50, 60, 70]


def test_work_is_done_in_another_thread_that_ends():
    threads = [thread for (thread,) in read_ahead(lambda: (threading.current_thread(),), [()] * 3)]
    assert threading.main_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)


def test_a_loop_that_is_left_ends_the_thread():
    results = read_ahead(threading.current_thread, [()] * 50)
    thread = next(results)
    results.close()
    assert not thread.is_alive()


def test_errors_come_where_the_result_would():
    def fail(number):
        if number == 1:
            raise ValueError("number one")
        return number

    results = read_ahead(fail, ((number,) for number in range(3)))
    assert next(results) == 0
    with pytest.raises(ValueError, match="number one"):
        next(results)


def test_nothing_to_do():
    assert list(read_ahead(len, [])) == []

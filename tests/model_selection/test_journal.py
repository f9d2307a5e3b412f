"""Records survive their process, to the bit; what does not is skipped, and never harms the search."""

import math
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from skimgcls.model_selection._journal import Journal

RECORD = {
    "score": 0.1 + 0.2,
    "scores": {"a": [1e-300, -0.0, math.nan, math.inf, -math.inf], "ß": None},
    "small": 5e-324,
    "large": 1.7976931348623157e308,
    "n": 3,
}


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "new" / "journal"


def test_a_record_is_found_by_a_later_run_exactly_as_it_was(directory):
    Journal(directory).add("key", RECORD)
    later = Journal(str(directory))
    assert repr(later.find("key")) == repr(RECORD)  # NaN too
    assert later.find("other") is None
    assert (later.n_records, later.n_reused) == (1, 1)


def test_numbers_of_numpy_are_kept(directory):
    Journal(directory).add("key", {"a": np.float64(0.1), "b": np.int64(3), "c": np.arange(2)})
    assert Journal(directory).find("key") == {"a": 0.1, "b": 3, "c": [0, 1]}


def test_the_last_record_of_a_key_counts(directory):
    journal = Journal(directory)
    journal.add("key", {"score": 1})
    journal.add("key", {"score": 2})
    assert Journal(directory).find("key") == {"score": 2}


def test_a_run_does_not_reuse_what_it_has_written_itself(directory):
    journal = Journal(directory)
    journal.add("key", RECORD)
    assert journal.find("key") is None
    assert pickle.loads(pickle.dumps(journal)).find("key") is None


def damage(directory, change):
    (path,) = directory.glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(change(lines))
    return path


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda lines: b"".join(lines)[:-20], 3),  # killed while writing
        (lambda lines: lines[0] + lines[1].replace(b'"score": 1', b'"score": 7') + lines[2], 2),  # a flipped digit
        (lambda lines: lines[0] + lines[1][:30] + lines[2], 2),  # a hole
        (lambda lines: lines[0] + b"\xff\x00\xfe\n" + lines[1], 2),
        (lambda lines: b"{}\n" + lines[0] + lines[2], 1),
        (lambda lines: lines[0] + b"\x00" * 100 + b"\n" + lines[2], 2),
    ],
)
def test_a_damaged_line_is_skipped_with_one_warning_that_names_file_and_line(directory, change, number):
    journal = Journal(directory)
    for key in range(3):
        journal.add(str(key), {"score": key})
    path = damage(directory, change)
    with pytest.warns(UserWarning, match=f"Line {number} of .*{path.name} cannot be read") as caught:
        later = Journal(directory)
    assert len(caught) == 1
    found = {key: later.find(str(key)) for key in range(3)}
    assert all(record in (None, {"score": key}) for key, record in found.items())
    assert 1 <= later.n_records <= 2


def test_of_many_damaged_lines_there_is_one_warning(directory):
    Journal(directory).add("key", {})
    damage(directory, lambda lines: lines[0] + b"x\n\ny\nz\n")
    with pytest.warns(UserWarning, match="Line 2 of .* and 2 more cannot") as caught:
        assert Journal(directory).find("key") == {}
    assert len(caught) == 1
    Journal(directory, warn=False)


def test_files_of_others_in_the_directory_are_left_alone(directory):
    directory.mkdir(parents=True)
    (directory / "notes.txt").write_text("mine")
    journal = Journal(directory)
    journal.close()
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]


def test_threads_write_whole_lines(directory):
    journal = Journal(directory)
    threads = [
        threading.Thread(target=lambda i=i: [journal.add(f"{i}-{j}", RECORD) for j in range(20)]) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Journal(directory).n_records == 160


def test_another_process_writes_a_file_of_its_own_in_the_same_run(directory):
    Journal(directory).add("old", {"score": 1})
    journal = Journal(directory)
    script = (
        "import pickle, sys; j = pickle.loads(sys.stdin.buffer.read()); j.find('old'); j.note(a=1); j.add('new', {})"
    )
    subprocess.run([sys.executable, "-c", script], input=pickle.dumps(journal), check=True, timeout=300)
    journal.note(a=2)
    assert sorted(note["a"] for note in journal.notes()) == [1, 2]
    assert journal.n_reused == 1
    assert len(list(directory.glob(f"*-{os.getpid()}.jsonl"))) == 2
    assert len(list(directory.iterdir())) == 3


def test_closing_removes_what_is_of_no_use_to_a_later_run(directory):
    Journal(directory).add("key", {})
    before = sorted(directory.iterdir())
    journal = Journal(directory)
    journal.find("key")
    journal.note(a=1)
    assert len(list(directory.iterdir())) == 2
    journal.close()
    assert sorted(directory.iterdir()) == before
    assert journal.n_reused == 1


def test_a_later_run_reads_no_notes(directory):
    journal = Journal(directory)
    journal.note(a=1)
    assert Journal(directory).notes() == []


def test_a_disk_that_takes_nothing_costs_the_record_and_not_the_search(directory):
    journal = Journal(directory)
    directory.rmdir()
    directory.write_text("in the way")
    with pytest.warns(UserWarning, match="could not be written"):
        journal.add("key", {})


def test_half_a_line_does_not_spoil_the_next_one(directory, monkeypatch):
    journal = Journal(directory)
    real = open

    class Full:
        def __init__(self, *args, **kwargs):
            self.file = real(*args, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            return self.file.write(data[:10])

    monkeypatch.setattr("builtins.open", Full)
    with pytest.warns(UserWarning, match="took a part"):
        journal.add("lost", {})
    monkeypatch.undo()
    journal.add("kept", {})
    with pytest.warns(UserWarning, match="Line 1"):
        later = Journal(directory)
    assert later.find("kept") == {}


def test_a_file_in_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"is a file.*Choose another"):
        Journal(tmp_path / "file")

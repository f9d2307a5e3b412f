"""The command line."""

import pytest

from skimgcls import __version__
from skimgcls.cli import main


def test_demo_runs_from_the_command_line(tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path), "--max-epochs", "1", "--n-jobs", "1"]) == 0
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert "Comparison" in capsys.readouterr().out


def test_data_that_cannot_be_had_are_an_error_and_no_traceback(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skimgcls.reports.run_demo", _fail)
    assert main(["demo", "--data", "mnist", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "skimgcls: put the files there"


def test_an_interrupt_ends_with_the_status_of_sigint(tmp_path, monkeypatch):
    monkeypatch.setattr("skimgcls.reports.run_demo", _interrupt)
    assert main(["demo", "--output", str(tmp_path)]) == 130


@pytest.mark.parametrize("arguments", [["demo", "--data", "imagenet"], ["demo", "--max-epochs", "0"], []])
def test_arguments_that_make_no_sense_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: skimgcls" in capsys.readouterr().err


def test_versions_are_printed(capsys):
    assert main(["versions"]) == 0
    printed = capsys.readouterr().out
    assert __version__ in printed
    assert "torch" in printed


def _fail(*args, **kwargs):
    raise OSError("put the files there")


def _interrupt(*args, **kwargs):
    raise KeyboardInterrupt

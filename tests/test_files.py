from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from churn.errors import ParameterError
from churn.files import adding_files, replace_text, replacing_folder, restore_folder


def _write(target: Path, text: str) -> None:
    with replacing_folder(target) as folder:
        (folder / "a.txt").write_text(text)


def _names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_folder_is_made_with_its_parents_and_replaced_as_a_whole(tmp_path):
    target = tmp_path / "deep" / "result"
    with replacing_folder(target) as folder:
        (folder / "a.txt").write_text("old")
        assert not target.exists()
    _write(target, "new")
    assert _names(target) == ["a.txt"]
    assert _names(target.parent) == ["result"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_an_error_in_the_block_leaves_the_previous_result_and_no_rubbish(tmp_path):
    target = tmp_path / "result"
    _write(target, "old")

    def fail() -> None:
        with replacing_folder(target) as folder:
            (folder / "a.txt").write_text("half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert (target / "a.txt").read_text() == "old"
    assert _names(tmp_path) == ["result"]


def test_an_error_between_the_renames_puts_the_previous_result_back(tmp_path, monkeypatch):
    target = tmp_path / "result"
    _write(target, "old")
    rename = Path.rename

    def fail(self, to):
        if self.name.endswith(".new"):
            raise OSError("disk")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="disk"):
        _write(target, "new")
    assert (target / "a.txt").read_text() == "old"
    assert _names(tmp_path) == ["result"]


_DIES = """
import os, pathlib, sys
from churn.files import replacing_folder
rename = pathlib.Path.rename
def dying(self, to):
    done = rename(self, to)
    if sys.argv[2] in str(to):
        os._exit(9)
    return done
pathlib.Path.rename = dying
with replacing_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "a.txt").write_text("new")
    if sys.argv[2] == "block":
        os._exit(9)
"""


@pytest.mark.parametrize(
    ("moment", "kept"), [("block", "old"), (".result.previous", "old"), ("/result", "new")], ids=str
)
def test_death_at_any_moment_leaves_a_whole_result(tmp_path, moment, kept):
    target = tmp_path / "result"
    _write(target, "old")
    # "/result" is in the target's path after the second rename only: the first goes to ".result.previous".
    died = subprocess.run([sys.executable, "-c", _DIES, str(target), moment], check=False)
    assert died.returncode == 9
    restore_folder(target)
    assert (target / "a.txt").read_text() == kept
    assert ".result.previous" not in _names(tmp_path)
    _write(target, "newer")
    assert (target / "a.txt").read_text() == "newer"


def test_restoring_where_nothing_happened_changes_nothing(tmp_path):
    restore_folder(tmp_path / "result")
    assert _names(tmp_path) == []


def test_a_file_in_the_way_is_told_and_kept(tmp_path):
    target = tmp_path / "result"
    target.write_text("mine")
    with pytest.raises(ParameterError, match=r"result is a file, .* Name another folder") as caught:
        _write(target, "new")
    assert caught.value.code == "parameter"
    assert target.read_text() == "mine"


def test_text_is_replaced_in_one_step(tmp_path):
    target = tmp_path / "deep" / "a.txt"
    replace_text(target, "é\n")
    replace_text(target, "ü\n")
    assert target.read_text(encoding="utf-8") == "ü\n"
    assert _names(target.parent) == ["a.txt"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_text_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    replace_text(target, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_text(target, "\ud800")

    def fail(*_):
        raise OSError("disk")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk"):
        replace_text(target, "new")
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["a.txt"]


def test_files_that_are_named_go_although_the_new_folder_has_none_of_their_name(tmp_path):
    target = tmp_path / "m"
    target.mkdir()
    (target / "old.txt").write_text("old")
    with pytest.raises(ParameterError, match=r"it also holds old\.txt"), replacing_folder(target) as fresh:
        (fresh / "new.txt").write_text("new")
    with replacing_folder(target, replaces={"old.txt"}) as fresh:
        (fresh / "new.txt").write_text("new")
    assert [p.name for p in target.iterdir()] == ["new.txt"]


_REPLACING = """
import sys
from pathlib import Path
from churn.files import replacing_folder
for _ in range(150):
    with replacing_folder(Path(sys.argv[1])) as fresh:
        (fresh / "a.txt").write_text("whole")
"""


def test_two_runs_at_once_replace_a_folder_by_turns(tmp_path):
    command = [sys.executable, "-c", _REPLACING, str(tmp_path / "result")]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(r.communicate()[1], r.returncode) for r in runs] == [("", 0)] * 3
    assert _names(tmp_path) == ["result"]


_DYING = """
import os, sys
from pathlib import Path
from churn.files import adding_files, replacing_folder
with replacing_folder(Path(sys.argv[1])) as a, adding_files(Path(sys.argv[2])) as b:
    (a / "half.txt").touch(), (b / "half.txt").touch()
    os._exit(9)
"""


def test_what_killed_runs_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path):
    target, added = tmp_path / "result", tmp_path / "added"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", _DYING, str(target), str(added)], check=False)
    assert any(n.endswith(".new") for n in _names(tmp_path))
    with replacing_folder(target) as mine, adding_files(added) as other:
        assert _names(tmp_path) == [mine.name, "added"]
        assert _names(added) == [other.name]
        (mine / "a.txt").write_text("first")
        _write(target, "second")
        assert (mine / "a.txt").is_file()
    assert _names(tmp_path) == ["added", "result"]
    assert (target / "a.txt").read_text() == "first"
    assert _names(added) == []

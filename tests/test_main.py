import errno
import json
import os
import subprocess
import sys

import pytest

import churn
from churn.__main__ import run


def test_help_lists_the_commands(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in ("demo", "check", "train", "score", "retention", "features"):
        assert f"  {command} " in out
    assert "Exit codes" in out


def test_version(capsys):
    import churn

    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == churn.__version__


def test_wrong_command_line_exits_2(capsys):
    assert run(["scoer"]) == 2
    assert "No such command" in capsys.readouterr().err
    assert run(["retention", "--start", "many"]) == 2


def test_users_mistake_is_one_paragraph_and_exit_1(capsys):
    assert run(["check", "nowhere.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: There is no configuration file nowhere.yaml.")
    assert "Traceback" not in err


def test_json_error_for_scripts(capsys):
    assert run(["check", "nowhere.yaml", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "missing-file"


def test_a_bug_is_told_as_a_bug(monkeypatch, capsys):
    def broken(*_args, **_kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr("churn.retention.rate.retention_rate", broken)
    arguments = ["retention", "--start", "1", "--end", "1", "--new", "0"]
    monkeypatch.delenv("CHURN_DEBUG", raising=False)
    assert run(arguments) == 70
    assert "This is a bug in churn: RuntimeError: boom" in capsys.readouterr().err
    monkeypatch.setenv("CHURN_DEBUG", "1")
    with pytest.raises(RuntimeError, match="boom"):
        run(arguments)


def test_interrupt_exits_130(monkeypatch, capsys):
    def stop(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("churn.retention.rate.retention_rate", stop)
    assert run(["retention", "--start", "1", "--end", "1", "--new", "0"]) == 130
    assert "earlier results are untouched" in capsys.readouterr().err


def test_light_commands_import_nothing_heavy():
    code = (
        "import sys; from churn.__main__ import run; run(['--help']); "
        "run(['retention','--start','1000','--end','900','--new','200']); "
        "print([m for m in ('numpy','pandas','duckdb','sklearn','lightgbm','mlflow','matplotlib','pyarrow') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("[]")


def test_reader_that_stops_early_is_no_error():
    code = "from churn.__main__ import main; main(['features'])"
    done = subprocess.run(
        f'"{sys.executable}" -c "{code}" | head -1', shell=True, capture_output=True, text=True, check=True
    )
    assert "signals" in done.stdout
    assert "Traceback" not in done.stderr


def test_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "churn", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip()


def test_a_file_that_cannot_be_used_is_no_bug(monkeypatch, capsys):
    def denied(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied", "/some/folder")

    monkeypatch.delenv("CHURN_DEBUG", raising=False)
    monkeypatch.setattr("churn.retention.rate.retention_rate", denied)
    assert run(["retention", "--start", "1", "--end", "1", "--new", "0"]) == 1
    assert capsys.readouterr().err.startswith(
        "Error: /some/folder: permission denied. Name another file or folder"
    )


def test_a_full_disk_is_no_bug(monkeypatch, capsys):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.delenv("CHURN_DEBUG", raising=False)
    monkeypatch.setattr("churn.retention.rate.retention_rate", full)
    assert run(["retention", "--start", "1", "--end", "1", "--new", "0"]) == 1
    assert capsys.readouterr().err.startswith("Error: There is no room left on the disk. Make room")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_output_that_does_not_know_every_letter_is_no_reason_to_fail(encoding, tmp_path):
    shop = churn.make_shop(customers=60, seed=1, days=300).orders
    shop = shop.assign(channel="日本")
    shop.to_parquet(tmp_path / "o.parquet")
    text = "name: shop\ntimezone: UTC\nsources: {orders: {path: o.parquet}}\n"
    (tmp_path / "c.yaml").write_text(f"{text}definition: {{active_days: 60, horizon_days: 30}}\n")

    def said(*more):
        command = [sys.executable, "-m", "churn", "retention", "c.yaml", "--by", "channel", *more]
        environment = os.environ | {"PYTHONIOENCODING": encoding}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert (done.returncode, b"bug" in done.stderr) == (0, False)
        return done.stdout.decode(encoding)

    assert "??" in said()
    assert "日本" in json.loads(said("--json"))["groups"]

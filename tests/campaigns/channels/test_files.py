import datetime as dt
import hashlib
import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from churn.campaigns.channels.files import MANIFEST, FilesChannel
from churn.errors import OutputError
from tests.campaigns.channels.conftest import HOSTILE


def data_files(folder):
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and MANIFEST not in p.name)


def read(file):
    if file.suffix == ".csv":
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    return pd.DataFrame(json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_batch_again_is_the_same_file(tmp_path, contact, form):
    batch = [contact(c, f"k{c}", fields={"email": f"{c}@x.example", "iban": "DE1"}) for c in "CAB"]
    one, other = (FilesChannel(tmp_path / x, form, fields=["email"]) for x in "ab")
    results = one.deliver(batch)
    other.deliver(batch[::-1])
    (file,), (twin,) = data_files(tmp_path / "a"), data_files(tmp_path / "b")
    assert file.name == twin.name
    assert file.name.startswith("winter-email-2026-01-05-")
    assert file.read_bytes() == twin.read_bytes()
    assert [(r.key, r.status, r.detail) for r in results] == [
        (c.key, "sent", f"in {file.name}") for c in batch
    ]
    frame = read(file)
    assert frame["customer"].tolist() == ["A", "B", "C"]
    assert "iban" not in frame.columns
    assert one.deliver(batch[:2])[0].status == "sent"
    assert data_files(tmp_path / "a") == [file]


def test_a_manifest_lets_the_crm_check_the_file(tmp_path, contact):
    FilesChannel(tmp_path).deliver([contact("A", "ka"), contact("B", "kb")])
    (file,) = data_files(tmp_path)
    told = json.loads((tmp_path / f"{file.name}{MANIFEST}").read_text())
    assert told == {
        "file": file.name,
        "contacts": 2,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "keys": ["ka", "kb"],
    }


def test_days_channels_and_campaigns_are_apart(tmp_path, contact):
    batch = [
        contact("A", "1"),
        contact("A", "2", due=dt.date(2026, 1, 6)),
        contact("A", "3", channel="phone"),
        contact("A", "4", campaign="winter-email"),
    ]
    FilesChannel(tmp_path).deliver(batch)
    assert [len(read(f)) for f in data_files(tmp_path)] == [1, 1, 1, 1]


def test_only_what_is_new_is_written_where_a_batch_is_cut_otherwise(tmp_path, contact):
    channel = FilesChannel(tmp_path)
    channel.deliver([contact(c, c) for c in "ABC"])
    results = channel.deliver([contact(c, c) for c in "CD"])
    assert [r.status for r in results] == ["sent", "sent"]
    frames = [read(f)["customer"].tolist() for f in data_files(tmp_path)]
    assert sorted(frames) == [["A", "B", "C"], ["D"]]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_what_a_kill_left_without_its_manifest_is_finished(tmp_path, contact, form):
    channel = FilesChannel(tmp_path, form)
    channel.deliver([contact(c, c) for c in "AB"])
    (file,) = data_files(tmp_path)
    whole = (tmp_path / f"{file.name}{MANIFEST}").read_text()
    (tmp_path / f"{file.name}{MANIFEST}").unlink()
    assert [r.detail for r in channel.deliver([contact("B", "B")])] == [f"in {file.name}"]
    assert data_files(tmp_path) == [file]
    assert (tmp_path / f"{file.name}{MANIFEST}").read_text() == whole


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [1]}', "[]"])
def test_a_damaged_manifest_is_told_and_nothing_written(tmp_path, contact, content):
    channel = FilesChannel(tmp_path)
    channel.deliver([contact("A", "a")])
    (manifest,) = tmp_path.glob(f"*{MANIFEST}")
    manifest.write_text(content)
    with pytest.raises(OutputError, match="not as it was written"):
        channel.deliver([contact("B", "b")])
    assert len(data_files(tmp_path)) == 1


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_hostile_texts_come_back_and_inject_nothing(tmp_path, contact, form):
    batch = [contact(c, f"k{i}", fields={"email": c}, content={"text": c}) for i, c in enumerate(HOSTILE)]
    FilesChannel(tmp_path, form, content=["text"], fields=["email"]).deliver(batch)
    (file,) = data_files(tmp_path)
    frame = read(file)
    for column in ("customer", "email", "content_text"):
        wanted = {f"'{c}" if form == "csv" and c.startswith("=") else c for c in HOSTILE}
        assert {c.replace("\r\n", "\n") for c in frame[column]} == {c.replace("\r\n", "\n") for c in wanted}


def test_a_phone_number_is_no_formula_in_csv(tmp_path, contact):
    for i, text in enumerate(["+49 (30) 123-4", "+1+cmd|'/C calc'!A0", "-1", "@x"]):
        FilesChannel(tmp_path / str(i), fields=["phone"]).deliver([contact("A", "a", fields={"phone": text})])
        (file,) = data_files(tmp_path / str(i))
        assert read(file)["phone"].tolist() == [text if i == 0 else f"'{text}"]


def test_half_a_letter_does_not_stop_the_file(tmp_path, contact):
    for form in ("csv", "jsonl", "parquet"):
        channel = FilesChannel(tmp_path / form, form, fields=["email"])
        assert channel.deliver([contact("A", "a", fields={"email": "\ud800"})])[0].status == "sent"


def test_two_processes_at_once_write_each_contact_once(tmp_path):
    code = """
import datetime as dt, sys
from pathlib import Path
from churn.campaigns.channels.base import Contact
from churn.campaigns.channels.files import FilesChannel
keys = [str(i) for i in range(60)]
for start in range(0, 60, int(sys.argv[2])):
    part = keys[start:start + int(sys.argv[2])]
    FilesChannel(Path(sys.argv[1])).deliver([Contact("w", k, 0, "a", "email", dt.date(2026, 1, 5), k) for k in part])
"""
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), size], env=dict(os.environ))
        for size in ("7", "10")
    ]
    assert [p.wait(60) for p in started] == [0, 0]
    seen = [c for f in data_files(tmp_path) for c in read(f)["customer"]]
    assert sorted(seen, key=int) == [str(i) for i in range(60)]

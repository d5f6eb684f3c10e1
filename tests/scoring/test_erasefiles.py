"""Files without some customers: the rest stays to the byte."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

from churn.errors import DataError
from churn.scoring.erasefiles import files_below, without

CSV = 'customer,text\r\n=1,"two\nlines, ""quoted"""\r\n\'=1,x\r\nC1,"a\u2028b"\r\n"C2",\r\n'


def test_a_csv_keeps_every_other_byte(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(CSV.encode())
    assert without(file, {"=1"}, yes=False) == 2  # as it is, and as csv_safe writes it
    assert file.read_bytes() == CSV.encode()
    assert without(file, {"=1"}, yes=True) == 2
    assert file.read_bytes() == 'customer,text\r\nC1,"a\u2028b"\r\n"C2",\r\n'.encode()
    assert without(file, {"=1"}, yes=True) == 0


@pytest.mark.parametrize("ids", [["7", "8", "9"], [7, 8, 9]])
def test_parquet_keeps_types_and_groups(tmp_path, ids):
    file = tmp_path / "a.parquet"
    frame = pd.DataFrame({"customer": ids, "p": [0.1, 0.2, 0.3]})
    frame.to_parquet(file, row_group_size=2)
    assert without(file, {"8", "x"}, yes=True) == 1
    pd.testing.assert_frame_equal(
        pd.read_parquet(file).reset_index(drop=True), frame.drop(1).reset_index(drop=True)
    )
    frame[["p"]].to_parquet(file)
    assert without(file, {"8"}, yes=True) == 0


def test_json_loses_rows_and_words_but_no_counts(tmp_path):
    file = tmp_path / "a.json"
    value = {
        "n": 7,
        "rows": [{"customer": 7, "x": 1}, {"customer": "C7"}],
        "said": "C7 and C77, 7 in all",
        "top": ["C7"],
    }
    file.write_text(json.dumps(value))
    assert without(file, {"7", "C7"}, yes=True) == 4
    assert json.loads(file.read_text()) == {
        "n": 7,
        "rows": [],
        "said": "(erased) and C77, 7 in all",
        "top": ["(erased)"],
    }


def test_json_lines_and_the_manifest_of_what_was_handed_over(tmp_path):
    file, beside = tmp_path / "a.jsonl", tmp_path / "a.jsonl.manifest.json"
    file.write_text('{"customer": "C1"}\n{"customer": "C2"}\n')
    beside.write_text(json.dumps({"file": "a.jsonl", "contacts": 2, "sha256": "old", "keys": ["k"]}))
    assert list(files_below(tmp_path)) == [file]
    assert without(file, {"C1"}, yes=True) == 1
    told = json.loads(beside.read_text())
    assert told["contacts"] == 1
    assert told["sha256"] == hashlib.sha256(b'{"customer": "C2"}\n').hexdigest()


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    for name in ("a.json", "a.parquet"):
        (tmp_path / name).write_text("{half")
        with pytest.raises(DataError, match="nobody can say whether"):
            without(tmp_path / name, {"C1"}, yes=False)

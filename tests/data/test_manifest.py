"""What is written of a log comes back, and what is not one is refused."""

from __future__ import annotations

import json

import pytest

from churn.data.checks import Finding
from churn.data.manifest import (
    NAME,
    Delivery,
    Manifest,
    Master,
    TableInfo,
    check_settings,
    log_settings,
    read_manifest,
)
from churn.errors import DataError, MissingFileError
from tests.data.logs import config


def _manifest(**more) -> Manifest:
    return Manifest("shop", "Europe/Berlin", 2, "BIGINT", {}, **more)


@pytest.mark.parametrize("master", [None, Master(joined=True, segments={"land": {"Österreich": 2}}, since=1)])
def test_a_manifest_comes_back_as_it_was(tmp_path, master):
    info = TableInfo(["amount"], labels={"channel": {"web": [3, 4]}}, first=-1, kinds={"score": "number"})
    before = _manifest(
        deliveries=[Delivery(1, "0001", groups={"orders": [3, 0]})],
        tables={"orders": info},
        master=master,
        findings=[Finding("orders", "null-customer", "set aside", 1, "no id", ({"id": None},))],
    )
    before.write(tmp_path)
    assert read_manifest(tmp_path) == before


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '"text"', '{"format": 1}', '{"format": 1, "deliveries": [1]}']
)
def test_a_damaged_manifest(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    with pytest.raises(DataError, match="is damaged") as caught:
        read_manifest(tmp_path)
    assert caught.value.code == "damaged-log"


def test_no_log_and_one_of_another_version(tmp_path):
    with pytest.raises(MissingFileError, match="There is no saved log"):
        read_manifest(tmp_path)
    _manifest().write(tmp_path)
    content = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps(content | {"format": 2}))
    with pytest.raises(DataError, match=r"another version of churn.*format 2"):
        read_manifest(tmp_path)


def test_only_settings_that_shape_the_log_matter(tmp_path):
    manifest = _manifest()
    manifest.settings = log_settings(config(tmp_path, "orders", "tickets"))
    check_settings(
        manifest,
        config(tmp_path, "orders", "tickets", definition={"active_days": 9, "horizon_days": 3}),
        tmp_path,
    )
    with pytest.raises(DataError, match=r"changed since then: timezone\b"):
        check_settings(manifest, config(tmp_path, "orders", "tickets", timezone="UTC"), tmp_path)
    with pytest.raises(DataError, match=r"sources\.tickets\.complaint_when, sources\.tickets\.path"):
        check_settings(manifest, config(tmp_path), tmp_path)


def test_a_manifest_of_another_shape_is_damaged(tmp_path):
    (tmp_path / NAME).write_text('{"format": 1, "deliveries": [], "tables": []}')
    with pytest.raises(DataError, match="is damaged"):
        read_manifest(tmp_path)

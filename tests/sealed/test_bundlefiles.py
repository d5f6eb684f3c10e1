"""The listing is the guard of the folder: whatever is not as listed is refused."""

import hashlib
import json

import pytest

from churn.errors import ModelError
from churn.sealed.bundlefiles import (
    LISTING,
    digest_of,
    find_bundle,
    listed_names,
    open_bundle,
    read_json,
    seal,
)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "m"
    place.mkdir()
    (place / "a.txt").write_text("one")
    (place / "b.json").write_text("{}")
    seal(place)
    return place


def relist(folder, files):
    digest = hashlib.sha256(json.dumps(files, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    (folder / LISTING).write_text(json.dumps({"files": files, "sha256": digest}))


def files_of(folder):
    return json.loads((folder / LISTING).read_text())["files"]


def test_what_was_sealed_is_read(folder):
    contents, digest = open_bundle(folder)
    assert contents == {"a.txt": b"one", "b.json": b"{}"}
    assert digest == digest_of(folder)
    assert len(digest) == 64
    assert listed_names(folder) == {"a.txt", "b.json", LISTING, "registered_model_meta"}


def test_the_hash_tells_one_content_from_another(folder):
    before = digest_of(folder)
    (folder / LISTING).unlink()
    (folder / "a.txt").write_text("two")
    assert seal(folder) != before


def test_a_file_that_is_not_listed_is_refused(folder):
    (folder / "helper.py").write_text("print('hello')")
    with pytest.raises(ModelError, match=r"holds 'helper\.py', which is not listed.*Move it away") as e:
        open_bundle(folder)
    assert e.value.code == "tampered"
    (folder / "helper.py").unlink()
    (folder / "sub").mkdir()
    with pytest.raises(ModelError, match="holds 'sub'"):
        open_bundle(folder)


def test_the_note_of_mlflow_beside_a_downloaded_model_is_let_be(folder):
    (folder / "registered_model_meta").write_text("model_name: churn")
    assert set(open_bundle(folder)[0]) == {"a.txt", "b.json"}


def test_a_link_is_refused_though_its_content_is_right(folder, tmp_path):
    (folder / "a.txt").rename(tmp_path / "elsewhere")
    (folder / "a.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"damaged: a\.txt"):
        open_bundle(folder)


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/hostname", "sub/a.txt", "..", "", ".hidden", "a\\b", "a\n", LISTING]
)
def test_a_name_that_leads_elsewhere_is_refused(folder, name):
    content = b"outside"
    (folder.parent / "out.txt").write_bytes(content)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    relist(folder, {**files_of(folder), name: entry})
    with pytest.raises(ModelError, match="which is no plain file name") as e:
        open_bundle(folder)
    assert e.value.code == "tampered"


def test_a_listing_whose_own_hash_is_wrong_is_refused(folder):
    listing = json.loads((folder / LISTING).read_text())
    del listing["files"]["a.txt"]
    (folder / "a.txt").unlink()
    (folder / LISTING).write_text(json.dumps(listing))
    with pytest.raises(ModelError, match=rf"damaged: {LISTING}"):
        open_bundle(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"files": 3}',
        '{"files": {}}',
        '{"files": {"a.txt": 3}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_listing_that_makes_no_sense_is_told(folder, text):
    (folder / LISTING).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError):
        open_bundle(folder)
    assert listed_names(folder) == frozenset()


def test_a_huge_listing_is_not_read(folder):
    (folder / LISTING).write_text(" " * 1_000_001)
    with pytest.raises(ModelError, match="damaged"):
        open_bundle(folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": NaN}', "NaN is no finite number"),
        ('{"a": -Infinity}', "-Infinity is no finite number"),
        ('{"a": 1e999}', "1e999 is no finite number"),
        ('{"a": 9223372036854775808}', "beyond 64 bits"),
        ('{"a": ' + "9" * 10_000 + "}", "beyond 64 bits"),
        ('{"a": 1, "a": 2}', "a key is there twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ', "Expecting value"),
    ],
)
def test_json_that_is_no_plain_data_is_told(text, why):
    with pytest.raises(ModelError, match=rf"x\.json cannot be used: .*{why}") as e:
        read_json(text.encode(), "x.json")
    assert e.value.code == "damaged"


def test_the_largest_whole_number_is_read():
    assert read_json(b"[9223372036854775807, -9223372036854775807]", "x") == [2**63 - 1, -(2**63) + 1]


def test_a_bundle_is_found_where_mlflow_puts_it(folder, tmp_path):
    assert find_bundle(folder) == folder
    (tmp_path / "outer" / "data").mkdir(parents=True)
    folder.rename(tmp_path / "outer" / "data" / "bundle")
    assert find_bundle(tmp_path / "outer") == tmp_path / "outer" / "data" / "bundle"
    with pytest.raises(ModelError, match="There is no model in"):
        find_bundle(tmp_path)

import re
from html.parser import HTMLParser

import pytest

import churn
from churn.errors import MissingFileError
from churn.report.embed import unpacked


class _Named(HTMLParser):
    """Collects what a page's elements point to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [v for k, v in attrs if k in ("src", "href", "action", "srcset", "data", "poster")]


def test_one_file_that_names_nothing_outside_itself(night):
    page = churn.write_report(night).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<title>shop, 2025-12-31: customers at risk and retention</title>" in page
    named = _Named()
    named.feed(page)
    assert named.found
    assert all(link.startswith(("#", "data:")) for link in named.found)
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")  # of clip paths in the page itself


def test_hostile_content_never_becomes_html(night):
    page = churn.write_report(night).read_text(encoding="utf-8")
    assert page.count("<script") == 3  # the list, the events, the page's own
    assert "<img" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;warning" in page
    assert "{{ 7 * 7 }}" in page  # as text in the printed table: not 49
    data = re.search(r'id="list-data">([^<]*)<', page)[1]
    assert "</script><script>document.title='owned'</script>" in unpacked(data)["data"]["customer"]


def test_the_same_night_gives_the_same_bytes(night):
    first = churn.write_report(night).read_bytes()
    assert churn.write_report(night).read_bytes() == first


def test_it_is_written_where_asked_and_what_was_there_is_replaced_in_one_step(night, tmp_path):
    target = tmp_path / "deep" / "list.html"
    assert churn.write_report(night, target) == target
    assert not (night / "report.html").exists()
    assert [p.name for p in target.parent.iterdir()] == ["list.html"]  # no digest where another may lie
    churn.write_report(night)
    assert (night / "digest.md").read_text(encoding="utf-8").startswith("# shop, 2025")


def test_files_that_are_missing_are_told_in_their_sections(night):
    for name in ("at_risk.parquet", "timeline.parquet", "reasons.parquet", "segments.parquet"):
        (night / name).unlink()
    page = churn.write_report(night).read_text(encoding="utf-8")
    for name in ("at_risk.parquet", "retention.json", "model.json", "health.json"):
        assert f"{name} is not in this night&#39;s folder. churn score CONFIG writes it." in page.replace(
            "'", "&#39;"
        )


def test_a_list_without_a_summary_is_still_a_page(night):
    (night / "summary.json").unlink()
    page = churn.write_report(night).read_text(encoding="utf-8")
    assert "How far the model can be believed is not known" in page


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(MissingFileError, match="not the folder of a night"):
        churn.write_report(tmp_path / "none")


def test_a_scored_night_shows_what_the_summary_says(scored_night):
    page = churn.write_report(scored_night).read_text(encoding="utf-8")
    assert "active customers are at risk" in page
    assert "2025" in page

import json

from hypothesis import given
from hypothesis import strategies as st

from churn.report.embed import packed, safe_json, unpacked


@given(st.text())
def test_safe_json_is_json_that_cannot_end_a_script(text):
    written = safe_json({"id": text})
    assert json.loads(written) == {"id": text}
    assert not set(written) & {"<", ">", "&", "\u2028", "\u2029"}


@given(st.text())
def test_packed_has_only_letters_that_html_does_not_read(text):
    written = packed([text])
    assert unpacked(written) == [text]
    assert set(written) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")

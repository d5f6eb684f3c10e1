"""What every page is made of."""

import base64
import hashlib
import re

from churn.report.shell import render_page


def page(**values):
    return render_page(
        "measurement.html.j2", ("theme.js", "ready.js"), title="<t>", found={"campaign": "<b>", "as_of": '"'},
        heading="h", said="{{ 7 * 7 }} <script>", rates=[], warnings=["</script>"], parts=[], **values,
    )  # fmt: skip


def test_the_policy_knows_the_only_script_by_its_hash():
    text = page()
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert text.count("<script") == 1


def test_everything_is_escaped():
    text = page()
    assert "&lt;b&gt;" in text
    assert "{{ 7 * 7 }} &lt;script&gt;" in text
    assert "&lt;/script&gt;" in text

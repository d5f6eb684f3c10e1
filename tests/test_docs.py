"""The documents say what the code does."""

import re
from pathlib import Path

import yaml
from pydantic import BaseModel

from churn.campaigns.blocks import ACTION_KINDS
from churn.campaigns.plan.candidates import CODES
from churn.campaigns.policy import Policy, read_policy
from churn.config import Config, read_config
from churn.data.contracts import CONTRACTS
from churn.yamlfile import _models_in

ROOT = Path(__file__).resolve().parent.parent


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    out = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        models = _models_in(inner) if name == "definition" else [inner]
        if all(isinstance(m, type) and issubclass(m, BaseModel) for m in models) and name != "sources":
            out += [k for m in models for k in _keys(m, f"{prefix}{name}.")]
        elif name != "folder":
            out.append(f"{prefix}{name}")
    return out


def test_every_configuration_key_is_documented():
    text = (ROOT / "docs" / "configuration.md").read_text()
    missing = [k for k in _keys(Config) if f"`{k}`" not in text]
    assert missing == []
    for contract in CONTRACTS.values():
        for field in contract.names:
            assert re.search(rf"\b{field}\b", text), (contract.table, field)


def test_readme_configuration_is_valid(tmp_path):
    block = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    file = tmp_path / "c.yaml"
    file.write_text(block)
    assert read_config(file).definition.active_days == 180


def test_committed_configurations_are_valid():
    files = [f for f in sorted((ROOT / "configs").glob("*.yaml")) if not f.name.startswith("campaign_")]
    assert len(files) >= 2
    for file in files:
        assert read_config(file).name


def test_the_committed_policy_is_valid_and_has_every_kind_of_action():
    policy = read_policy(ROOT / "configs" / "campaign_winter.yaml")
    assert {a.kind for a in policy.actions} == set(ACTION_KINDS)


def test_every_key_of_a_policy_is_documented():
    text = (ROOT / "docs" / "campaigns.md").read_text()
    keys = _policy_keys(Policy)
    assert "actions.when.churn_probability.min" in keys
    assert "limits.caps.contacts" in keys
    assert [k for k in keys if f"`{k}`" not in text] == []
    assert [code for code in CODES if f"`{code}`" not in text] == []


def _policy_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    out = []
    for name, field in model.model_fields.items():
        inner = _models_in(field.annotation)
        keys = [k for m in inner for k in _policy_keys(m, f"{prefix}{name}.")]
        # Ranges are one line in the table; the first one names its ends.
        ranges = keys and all(k.endswith((".min", ".max")) for k in keys)
        out += [f"{prefix}{name}"] if ranges and name != "churn_probability" else keys or [f"{prefix}{name}"]
    return out


def test_ci_runs_the_test_line_of_the_readme():
    lines = [
        x for x in (ROOT / "README.md").read_text().splitlines() if re.match(r"python3 -m venv .*pytest", x)
    ]
    assert len(lines) == 1
    assert "grep -E '^python3 -m venv .*pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def test_links_point_to_files():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_demo_configuration_is_valid(tmp_path):
    from churn.cli.demo import _CONFIG

    (tmp_path / "c.yaml").write_text(_CONFIG)
    assert read_config(tmp_path / "c.yaml").features.ignored_after_days == 7
    assert yaml.safe_load(_CONFIG)["sources"]["customers"]["contact"] == ["email"]


def test_page_of_signals_is_what_the_command_prints():
    from churn.cli.signals import page

    assert (ROOT / "docs" / "signals.md").read_text() == page()


def test_the_tree_of_the_architecture_names_every_module():
    page = (ROOT / "docs" / "architecture.md").read_text()
    tree = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    named: dict[str, set[str]] = {}
    room = ""
    for line in tree.splitlines():
        if line[:1].strip():
            room = line.partition("/")[0] if re.match(r"\w+/", line) else ""
        named.setdefault(room, set()).update(re.findall(r"[a-z_]+", line))
    # Rooms of which the line of the folder says enough.
    together = ("cli", "families", "reasons", "tracking", "value", "templates", "static", "campaign")
    missing = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "churn").rglob("*.py"))
        if not file.stem.startswith("__") and file.parent.name not in together
        if file.stem not in named[_room(file)] and not file.stem.startswith("charts_")
    ]
    assert missing == []
    assert {f"{room}/" for room in together[:4]} <= set(re.findall(r"\w+/", tree))


def _room(file):
    inside = file.relative_to(ROOT / "churn").parts
    return inside[0] if len(inside) > 1 else ""

import dataclasses
import json

import pandas as pd
import pytest

from churn.errors import ParameterError
from churn.model.bands import BANDS
from churn.scoring import score


@pytest.fixture(scope="module")
def result(model, history, definition):
    return score(model, history, history.date(definition.last_mature_cutoff(history)))


def test_written_files_hold_the_same(result, tmp_path):
    folder = result.write(tmp_path / "out" / "day")
    assert sorted(p.name for p in folder.iterdir()) == [
        "at_risk.csv",
        "at_risk.parquet",
        "reasons.parquet",
        "scores.parquet",
        "summary.json",
    ]
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "at_risk.parquet"), result.at_risk)
    csv = pd.read_csv(folder / "at_risk.csv", keep_default_na=False)
    assert list(csv["customer"]) == list(result.at_risk["customer"])
    assert csv["churn_probability"].to_numpy() == pytest.approx(
        result.at_risk["churn_probability"].to_numpy(), abs=1e-4
    )
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["at_risk"] == len(result.at_risk)
    assert summary["retention"]["current"]["S"] == result.retention.current.start
    for key, frame in {"bands": result.active, "bands_listed": result.at_risk}.items():
        assert summary[key] == {n: int((frame["risk_band"] == n).sum()) for n, _ in BANDS}


def test_writing_again_replaces_an_earlier_result_and_nothing_else(result, tmp_path, monkeypatch):
    folder = result.write(tmp_path / "day")
    result.write(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["day"]
    (folder / "precious.txt").write_text("mine")
    with pytest.raises(
        ParameterError, match=r"may be replaced.*it also holds precious\.txt.*Name a new folder"
    ) as e:
        result.write(folder)
    assert e.value.code == "foreign-files"
    assert (folder / "precious.txt").read_text() == "mine"
    assert (folder / "summary.json").is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["day"]
    monkeypatch.chdir(folder)
    for here in (".", ".."):
        with pytest.raises(ParameterError, match="working folder or one above"):
            result.write(here)


def test_csv_cannot_carry_a_formula(result, tmp_path):
    evil = result.at_risk.copy()
    evil.loc[0, "customer"] = "=HYPERLINK(1)"
    folder = dataclasses.replace(result, at_risk=evil).write(tmp_path / "d")
    assert "'=HYPERLINK(1)" in (folder / "at_risk.csv").read_text()
    assert pd.read_parquet(folder / "at_risk.parquet").loc[0, "customer"] == "=HYPERLINK(1)"


def test_prints_in_terminal_and_notebook(result):
    text = str(result)
    first, flow = result.at_risk.iloc[0], result.retention.current
    assert "At risk, most value at stake first" in text
    assert f"  1. {first['customer']}   " in text
    assert f"S {flow.start:,} - lost {flow.lost:,} + new {flow.new:,} + reactivated" in text
    assert f"= E {flow.end:,}" in text
    assert result.listed_because in text
    assert result.standing_line() in text
    page = result._repr_html_()
    assert f"{result.at_risk_count:,} of {len(result.active):,} active customers are at risk" in page
    assert str(first["customer"]) in page


def test_a_list_by_money_is_worth_a_contact_and_says_what_each_earns(result):
    earns = result.at_risk.assign(expected_profit=12.5)
    money = dataclasses.replace(result, listing={"list_by": "money"}, at_risk=earns, currency="£")
    text = str(money)
    assert "Worth a contact, most expected profit first" in text
    assert text.count("£12.50 expected profit") == min(len(earns), 10)
    assert "expected profit" not in str(result)


def test_an_empty_list_and_a_customer_without_an_order_are_told(result):
    assert "  nobody" in str(dataclasses.replace(result, at_risk=result.at_risk[:0]))
    subscriber = result.at_risk[:1].assign(last_order="", days_overdue=float("nan"))
    assert "no order yet" in str(dataclasses.replace(result, at_risk=subscriber))


def test_warnings_come_first_and_are_no_html(result):
    warned = dataclasses.replace(result, warnings=("<b>mind</b> this",))
    assert str(warned).startswith("! <b>mind</b> this")
    assert "&lt;b&gt;mind&lt;/b&gt; this" in warned._repr_html_()


def test_equal_results_have_equal_ids_and_other_scores_another(result):
    same = dataclasses.replace(result, everyone=result.everyone.copy())
    assert same.run == result.run
    other = result.everyone.assign(churn_probability=result.everyone["churn_probability"] * 0.5)
    assert dataclasses.replace(result, everyone=other).run != result.run
    assert result.summary()["run"] == result.run


def test_summary_states_the_lifetime_and_its_assumptions(result):
    summary = result.summary()
    assert summary["lifetime_value_all"] == pytest.approx(result.active["lifetime_value"].sum())
    assert (summary["value"]["lifetime_days"], summary["value"]["discount_rate"]) == (365, 0.1)
    assert "revenue, not profit" in summary["value"]["assumptions"]

import json

from churn.files import write_json
from churn.report.build import write_report
from churn.report.charts import Chart
from churn.report.folder import read_night
from churn.report.sections import Block, sections
from tests.report.chart_data import period


def test_columns_of_numbers_are_told_from_dates_and_names():
    rows = (
        ("orders", "1,234", "91.0 %", "2025-01-01", "£5.20", ""),
        ("tickets", "3", "", "2025-01-02", "-£7", ""),
    )
    assert Block(Chart("t", "", ("a",) * 6, rows)).numbers == {1, 2, 4}
    assert Block(Chart("t", "", ("a",), ())).numbers == frozenset()


def test_each_section_says_what_is_missing_and_shows_what_is_there(night):
    found = sections(read_night(night))
    assert list(found) == ["retention", "drivers", "cohorts", "belief", "health"]
    assert [b.chart.title for b in found["retention"].blocks] == ["From S to E"]  # from the summary alone
    for key, file in [("drivers", "model.json"), ("cohorts", "retention.json"), ("health", "health.json")]:
        assert found[key].missing == (f"{file} is not in this night's folder. churn score CONFIG writes it.",)


def test_a_model_without_a_backtest_names_the_command(night):
    write_json(night / "model.json", {"verdict": ["It beats them."], "backtest": None})
    words = sections(read_night(night))["belief"].words
    assert words[0] == "It beats them."
    assert "churn backtest CONFIG" in words[-1]


def test_what_the_retention_figures_leave_out_is_said_on_the_page(night):
    said = ["Rows come late: 2 %.", "Not by product: too many values."]
    write_json(
        night / "retention.json",
        {"series": {"late_rows": said[0], "periods": []}, "notes": said[1:]},
    )
    assert sections(read_night(night))["retention"].words == tuple(said)
    page = write_report(night).read_text(encoding="utf-8")
    assert all(f"<bdi>{text}</bdi>" in page for text in said)


def test_who_has_no_score_of_the_own_and_what_is_new_in_the_data_are_said_on_the_page(night):
    summary = json.loads((night / "summary.json").read_text())
    said = "3 known customers with no order yet have no history to go by"
    changes = [{"text": "a table stopped"}, {"text": "surveys was not there at training"}]
    summary |= {
        "fallback": {"customers": 3, "said": said},
        "changes": changes,
        "warnings": ["a table stopped"],
    }
    write_json(night / "summary.json", summary)
    found = sections(read_night(night))
    assert found["drivers"].words == (f"{said}.",)
    assert found["health"].words == ("surveys was not there at training",)
    write_json(night / "summary.json", summary | {"fallback": {"customers": 0, "said": said}, "changes": []})
    assert sections(read_night(night))["drivers"].words == ()


def test_data_health_comes_from_the_checks(night, history):
    write_json(night / "health.json", history.checks.to_dict())
    found = sections(read_night(night))["health"]
    assert found.missing == ()
    assert "orders" in [r[0] for r in found.blocks[0].chart.rows]


def test_the_expected_rate_stands_beside_periods_of_its_length_and_its_record_beside_the_model(night):
    nights = [{"as_of": "2025-01-01", "expected": 0.9, "low": 0.85, "high": 0.95, "actual": 0.88}]
    month, horizon = period("2025-11-01"), period("2025-11-01") | {"period_end": "2025-12-31"}
    found = {
        "series": {"every": "month", "periods": [month]},
        "trend": {"every": "rolling", "periods": [horizon]},
        "outlook": {"expected_retention_rate": 0.71},
        "expected_and_actual": nights,
    }
    write_json(night / "retention.json", found)
    drawn = {k: [b.chart.title for b in s.blocks] for k, s in sections(read_night(night)).items()}
    assert "Retention, 60 days at a time" in drawn["retention"]
    assert "Retention by month" in drawn["cohorts"]
    assert "Expected and actual retention" in drawn["belief"]
    by_month = next(b.chart for b in sections(read_night(night))["cohorts"].blocks)
    assert "forecast" not in str(by_month.rows)


def test_past_campaigns_have_a_section_where_there_are_any(night):
    said = {
        "campaign": "winter",
        "start": "2026-01-05",
        "status": "unreadable",
        "said": "cannot be <i>read</i>",
    }
    write_json(night / "campaigns.json", [said])
    found = sections(read_night(night))
    assert found["campaigns"].words == ("winter: cannot be <i>read</i>",)
    page = write_report(night).read_text(encoding="utf-8")
    assert '<a href="#campaigns">' in page
    assert "cannot be &lt;i&gt;read&lt;/i&gt;" in page

from churn.scoring.outputs.written import Written


def test_a_line_and_plain_values():
    written = Written("sql", "postgresql://db/shop, table churn_scores", "2025-11-01-ab", 0, 3, 1234567)
    assert str(written) == (
        "sql: postgresql://db/shop, table churn_scores, run 2025-11-01-ab: 0 rows inserted, 3 updated, 1,234,567 unchanged"
    )
    assert written.to_dict() == {
        "to": "sql",
        "where": "postgresql://db/shop, table churn_scores",
        "run": "2025-11-01-ab",
        "inserted": 0,
        "updated": 3,
        "unchanged": 1234567,
    }

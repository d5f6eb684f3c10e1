import contextlib
import json

import pandas as pd

from churn.cli.ingest import run_ingest


def test_ingest_reports_for_a_reader_and_for_a_script(tmp_path, capsys):
    days = pd.date_range("2024-01-01", periods=40, tz="UTC")
    frame = pd.DataFrame({"customer": [1, 2] * 20, "time": days, "amount": 5.0})
    frame.to_parquet(tmp_path / "orders.parquet")
    file = tmp_path / "shop.yaml"
    file.write_text(
        "name: shop\nlog: {path: log}\nsources:\n  orders: {path: orders.parquet}\n"
        "definition: {active_days: 20, horizon_days: 5}\n"
    )
    run_ingest(file, contextlib.nullcontext(), rebuild=False, json=False)
    assert "orders" in capsys.readouterr().out
    run_ingest(file, contextlib.nullcontext(), rebuild=True, json=True)
    assert json.loads(capsys.readouterr().out)
    assert (tmp_path / "log").is_dir()

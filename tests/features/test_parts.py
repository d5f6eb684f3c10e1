from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from churn.config import make_config
from churn.data.history import History
from churn.data.ingest import ingest
from churn.data.simulate import make_shop
from churn.data.store import LogStore
from churn.features.catalogue import Schema, catalogue
from churn.features.compute import make_frame, split
from churn.features.executor import Source
from churn.features.own import signal
from churn.features.parts import Piece, compute_parts, parts_of, write_parts

CUTOFFS = ("2025-03-01", "2025-07-01 13:30", "2025-11-01")


@pytest.fixture(scope="module")
def history() -> History:
    return make_shop(300, seed=4).history()


def written(pieces: Iterator[Piece], signals: object, cutoffs: list[int], folder: Path) -> list[pd.DataFrame]:
    write_parts(pieces, signals, {c: f"{c}.parquet" for c in cutoffs}, folder)  # type: ignore[arg-type]
    return [pd.read_parquet(folder / f"{c}.parquet").set_index("customer").sort_index() for c in cutoffs]


def expected(history: History, cutoff: int, signals: tuple[object, ...]) -> pd.DataFrame:
    who = np.unique(history.as_of(cutoff).logs["orders"].customer).astype(np.int64)
    return make_frame(history, who, cutoff, signals).sort_index()  # type: ignore[arg-type]


@pytest.mark.parametrize("block", [7, 100, 1000])
def test_parts_give_the_bits_of_the_whole(history: History, block: int, tmp_path: Path) -> None:
    signals, cutoffs = catalogue(history), [history.instant(c) for c in CUTOFFS]
    parts = [Source.of(part) for _, part in split(history, block)]
    assert len(parts) == -(-len(history.customers) // block)
    frames = written(
        compute_parts(lambda _: parts, len(parts), cutoffs, signals), signals, cutoffs, tmp_path / "out"
    )
    for cutoff, frame in zip(cutoffs, frames, strict=True):
        pd.testing.assert_frame_equal(
            frame, expected(history, cutoff, signals), check_exact=True, check_dtype=False
        )


def test_a_saved_log_in_buckets_gives_the_bits_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from churn.data import size

    monkeypatch.setattr(size, "BUCKET_ROWS", 3000)
    shop = make_shop(300, seed=4)
    shop.write(tmp_path)
    settings = {
        "name": "shop",
        "timezone": "UTC",
        "log": {"path": "log"},
        "sources": {t: {"path": f"{t}.parquet"} for t in ("orders", "returns", "tickets", "interactions")}
        | {"customers": {"path": "customers.parquet", "segments": ["country", "segment"]}},
        "definition": {"active_days": 180, "horizon_days": 60},
    }
    config = make_config(settings, folder=tmp_path)
    ingest(config)
    store = LogStore.of(config)
    assert store.buckets > 3
    history = store.load()
    schema = Schema.of_summary(store.summary())
    assert schema == Schema.of(history)
    signals, cutoffs = catalogue(schema), [history.instant(c) for c in CUTOFFS]
    asked = []

    def parts(tables: frozenset[str] | None) -> Iterator[Source]:
        asked.append(tables)
        return (Source.of(store.load(b, tables)) for b in range(store.buckets))

    frames = written(
        compute_parts(parts, store.buckets, cutoffs, signals), signals, cutoffs, tmp_path / "out"
    )
    assert asked[-1] is None
    assert "tickets" in (asked[0] or ())
    for cutoff, frame in zip(cutoffs, frames, strict=True):
        want = expected(history, cutoff, signals)
        pd.testing.assert_frame_equal(frame, want, check_exact=True, check_dtype=False)


def test_signals_that_compare_nobody_read_the_log_once(history: History) -> None:
    asked = []
    parts = parts_of(history)
    signals = [s for s in catalogue(history) if s.name in ("recency_days", "orders_count_90d")]

    def given(tables: frozenset[str] | None) -> list[Source]:
        asked.append(tables)
        return [*parts, *parts]

    list(compute_parts(given, 2, [history.instant(CUTOFFS[0])], signals))
    assert asked == [None]


def test_a_function_sees_all_customers(history: History) -> None:
    share = signal("x", tables=["orders"], meaning="m")(
        lambda orders, as_of: orders.groupby("customer").size() / len(orders)
    )
    cutoff = history.instant(CUTOFFS[0])
    pieces = compute_parts(lambda _: parts_of(history), 1, [cutoff], [share])
    assert sum(p.matrix.sum() for p in pieces) == pytest.approx(1.0)


def test_unknown_is_empty_for_categories_and_nan_for_numbers(history: History, tmp_path: Path) -> None:
    signals, cutoff = catalogue(history), history.instant(CUTOFFS[0])
    write_parts(
        compute_parts(lambda _: parts_of(history), 1, [cutoff], signals),
        signals,
        {cutoff: "x.parquet"},
        tmp_path / "o",
    )
    table = pq.read_table(tmp_path / "o" / "x.parquet")
    assert table["gap_spread_days"].null_count == 0
    assert np.isnan(table["gap_spread_days"].to_numpy()).any()
    assert set(table["first_order_month"].to_pylist()) <= {
        *(s for s in next(x for x in signals if x.name == "first_order_month").categories)
    }
    assert str(table.schema.field("segment:country").type) == "string"


def test_a_killed_run_leaves_the_files_before_it(history: History, tmp_path: Path) -> None:
    signals, cutoff = catalogue(history)[:3], history.instant(CUTOFFS[0])
    write_parts(
        compute_parts(lambda _: parts_of(history), 1, [cutoff], signals),
        signals,
        {cutoff: "x.parquet"},
        tmp_path / "o",
    )
    before = (tmp_path / "o" / "x.parquet").read_bytes()

    def breaks() -> Iterator[Piece]:
        yield from compute_parts(lambda _: parts_of(history), 1, [cutoff], signals[:1])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_parts(breaks(), signals[:1], {cutoff: "x.parquet"}, tmp_path / "o")
    assert (tmp_path / "o" / "x.parquet").read_bytes() == before

"""How much there is to read: how many buckets a log gets, and whether it is read in parts."""

from __future__ import annotations

from pathlib import Path

from churn.config import Config, Location
from churn.data.locations import find_files
from churn.data.news import News, named_inputs, sources_of
from churn.data.sources import Reader

BUCKET_ROWS = 1_500_000
# Bytes of memory per value while a table is typed: DuckDB's, Arrow's and NumPy's, of text and of numbers alike.
_VALUE_BYTES = 60
_SAMPLE = 1 << 16


def buckets_for(config: Config, reader: Reader, news: News) -> int:
    """Return how many buckets the rows are worth."""
    rows = sum(_rows(config, reader, news, table) for table in news.tables)
    return max(1, -(-rows // BUCKET_ROWS))


def needs_parts(config: Config, reader: Reader, news: News, limit: int) -> bool:
    """Tell whether the rows would not fit the memory when read in one piece."""
    sources = sources_of(config)
    size = 0
    for table in news.tables:
        columns = len(sources[table].columns) or 8
        size += _rows(config, reader, news, table) * columns * _VALUE_BYTES
    return size > limit


def _rows(config: Config, reader: Reader, news: News, table: str) -> int:
    """Estimate the rows of a table, without reading them; a query has at most those of its largest input."""
    source = sources_of(config)[table]
    if source.query is None:
        return _located(config, reader, news, table, source)
    used = named_inputs(source.query, config)
    return max((_located(config, reader, news, f"input {n}", config.inputs[n]) for n in used), default=0)


def _located(config: Config, reader: Reader, news: News, where: str, location: Location) -> int:
    if location.query is not None:
        return 0
    part = news.parts.get(where)
    if location.path is None:
        relation = reader.locations.relation(location, where)
        return reader.database.one(f"SELECT count(*) FROM {relation}", where)
    files = part.files if part and part.files is not None else find_files(config, location.path, where)
    return sum(_file_rows(file) for file in files)


def _file_rows(file: str) -> int:
    import pyarrow.parquet as pq

    path = Path(file)
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            return int(pq.read_metadata(path).num_rows)
        except (OSError, ValueError):  # told when it is read
            return 0
    size = path.stat().st_size
    if path.suffix.lower() == ".gz":
        return size // 10
    with path.open("rb") as handle:
        sample = handle.read(_SAMPLE)
    return size * sample.count(b"\n") // max(len(sample), 1)

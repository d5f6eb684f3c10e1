"""How many rows of a table count, and the rows of one bucket."""

from __future__ import annotations

import numpy as np

from churn.data.contracts import CONTRACTS, Contract
from churn.data.eventlog import NEVER
from churn.data.typed import BUCKET, Staged, TypedTable


def _staged(folder: str | None, contract: Contract = CONTRACTS["orders"]) -> Staged:
    relation = f"read_parquet('{folder}/*/*.parquet')" if folder else '"raw_orders"'
    return Staged(contract, {}, {}, (), None, "BIGINT", relation, folder, 0, ())


def test_former_versions_of_a_row_do_not_count():
    typed = TypedTable(CONTRACTS["orders"], {}, {}, np.arange(3), rows_read=5)
    assert (typed.table, typed.rows_used) == ("orders", 3)
    typed.replaced = np.array([NEVER, 0, NEVER - 1])
    assert typed.rows_used == 1


def test_a_bucket_is_read_from_its_own_folder(tmp_path):
    (tmp_path / f"{BUCKET}=1").mkdir()
    staged = _staged(str(tmp_path))
    assert staged.part(None) == staged.relation
    assert staged.part(1) == f"read_parquet('{tmp_path}/{BUCKET}=1/*.parquet')"
    assert staged.part(0) is None
    assert staged.part(11) is None
    assert _staged(None).part(1) == '"raw_orders"'


def test_a_table_that_is_no_contract_has_ready_features():
    assert not _staged(None).features
    assert _staged(None, Contract("credit", CONTRACTS["orders"].fields, "time", None)).features

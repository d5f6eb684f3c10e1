import pytest

from churn.errors import OutputError
from churn.scoring.outputs.statements import check_table, quoted, upsert

KINDS = {"run": "text", "customer": "integer", "p": "number"}


def check(found, key=("run", "customer")):
    check_table("the shop's database", "scores", KINDS, ("run", "customer"), found, key)


def test_a_fitting_table_passes_in_any_order():
    check(dict(reversed(KINDS.items())), ("customer", "run"))


@pytest.mark.parametrize(
    ("found", "key", "words"),
    [
        (KINDS | {"note": "text"}, ("run", "customer"), "it has note, which these scores do not have"),
        (
            {"run": "text", "customer": "integer"},
            ("run", "customer"),
            'add the columns: ALTER TABLE scores ADD COLUMN "p"',
        ),
        (
            KINDS | {"customer": "text"},
            ("run", "customer"),
            "customer holds text and would have to hold integer",
        ),
        (KINDS, ("customer",), r"its primary key is \(customer\) and would have to be \(run, customer\)"),
    ],
)
def test_what_differs_is_told(found, key, words):
    with pytest.raises(OutputError, match=words) as told:
        check(found, key)
    assert "The table scores in the shop's database has other columns" in str(told.value)
    assert "Name a new table" in str(told.value)


def test_names_are_quoted():
    assert quoted('a.b"c') == '"a"."b""c"'
    assert 'SET "order" = excluded."order"' in upsert("t", "n", ["id", "order"], ["id"])

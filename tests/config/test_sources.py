import pytest
from pydantic import ValidationError

from churn.config.sources import Location, LogSettings, check_table_name
from churn.errors import ConfigError


def test_a_location_is_exactly_one_place():
    assert Location(path="a.csv").path == "a.csv"
    for given in ({}, {"path": "a", "query": "SELECT 1"}, {"path": "a", "database": "d", "table": "t"}):
        with pytest.raises(ValidationError, match="give exactly one of path, database"):
            Location(**given)


def test_database_and_table_go_together():
    with pytest.raises(ValidationError, match="go together"):
        Location(database="d.duckdb")
    with pytest.raises(ValidationError, match="belongs to the inputs"):
        Location(query="SELECT 1", newer="id")


@pytest.mark.parametrize("size", ["500MB", "4GB", "1.5 GiB"])
def test_memory_is_a_size(size):
    assert LogSettings(memory_limit=size).memory_limit == size


@pytest.mark.parametrize("size", ["499MB", "4", "GB", "-1GB"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(ValidationError, match="500MB or more"):
        LogSettings(memory_limit=size)


@pytest.mark.parametrize("name", ["orders", "a b", "1st", ""])
def test_names_that_a_table_of_features_cannot_have(name):
    with pytest.raises(ConfigError, match="cannot be called"):
        check_table_name(name)

"""How customers may be reached: from the table, from a configuration, from lists."""

from __future__ import annotations

import pandas as pd
import pytest

from churn.campaigns.plan.people import read_people
from churn.campaigns.plan.scored import Scored
from churn.errors import ConfigError, DataError, MissingFileError
from tests.campaigns.planning import CALL, MAIL, policy, scored


def test_a_list_of_a_file_is_kept_to_and_a_missing_one_stops(tmp_path):
    rules = policy(folder=tmp_path, consent={"required": False, "suppress": ["never.csv"]})
    with pytest.raises(MissingFileError, match="no suppression list"):
        read_people(rules, scored(3))
    (tmp_path / "never.csv").write_text("customer,channel\nC1,Email\nC2,\nsomebody else,*\n")
    found = read_people(rules, scored(3))
    assert found.channels == ("email", "phone")
    assert found.suppressed.tolist() == [[False, False], [True, False], [True, True]]
    (tmp_path / "never.csv").write_text("id\nC1\n")
    with pytest.raises(DataError, match="no column customer"):
        read_people(rules, scored(3))


def test_lists_match_ids_whatever_their_type(tmp_path):
    (tmp_path / "never.csv").write_text("customer\n10\n")
    rules = policy(CALL, folder=tmp_path, consent={"required": False, "suppress": ["never.csv"]})
    assert read_people(rules, scored(2, customer=[9, 10])).suppressed[:, 0].tolist() == [False, True]


def test_contact_data_consent_and_segments_come_from_the_configuration(saved_shop, history, tmp_path):
    import yaml

    settings = {
        "name": "shop",
        "timezone": "UTC",
        "sources": saved_shop.model_dump(mode="json", exclude_defaults=True)["sources"],
        "definition": {"active_days": 120, "horizon_days": 45},
        "log": {"path": saved_shop.log.path},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    ids = history.customers[[5, 3]]
    table = Scored.of(pd.DataFrame({"customer": ids, "churn_probability": [0.5, 0.5]}))
    rules = policy(MAIL, folder=tmp_path, config="c.yaml", consent={"needed_by": {"email": "email"}})

    found = read_people(rules, table)

    consent = history.contact["consent"][[5, 3]]
    assert found.consent[:, 0].tolist() == [{1.0: 1, 0.0: 0}.get(c, -1) for c in consent]
    assert found.reachable.all()
    country = history.segments["country"]
    assert found.segments["country"].tolist() == [country.labels[c] for c in country.codes[[5, 3]]]


def test_segments_of_the_listed_alone_are_noted_and_others_are_empty():
    part = pd.DataFrame({"customer": ["C1"], "country": ["DE"]})
    found = read_people(policy(), scored(3, segments=part))
    assert found.segments["country"].tolist() == ["", "DE", ""]
    assert "1 listed customers alone" in found.notes[0]


def test_a_segment_that_is_nowhere_is_told():
    with pytest.raises(ConfigError, match="names the segment town"):
        read_people(policy(segments=["town"]), scored(2))


def test_a_contact_column_that_is_nowhere_is_told():
    with pytest.raises(ConfigError, match="`config`"):
        read_people(policy(MAIL, consent={"required": False, "needed_by": {"email": "mail"}}), scored(2))


def test_a_channel_that_consent_says_nothing_of_is_told():
    with pytest.raises(ConfigError, match="says nothing of the channel 'phone'"):
        read_people(policy(consent={"columns": {"email": "ok"}}), scored(2, ok=["yes", "no"]))


def test_spaces_around_an_id_lift_nobodys_wish(tmp_path):
    (tmp_path / "never.csv").write_text("customer,channel\nC1,\n C2 ,\n")
    rules = policy(CALL, folder=tmp_path, consent={"required": False, "suppress": ["never.csv"]})
    found = read_people(rules, scored(4, customer=["C1 ", "C1", "C2", "C3"]))
    assert found.suppressed[:, 0].tolist() == [True, True, True, False]

"""Approved campaigns to hand over."""

import pytest

from tests.campaigns.sendings import Campaign


@pytest.fixture
def winter(tmp_path):
    made = Campaign(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def start(tmp_path):
    made = []

    def starts(**changed):
        made.append(Campaign(tmp_path, **changed))
        return made[-1]

    yield starts
    for campaign in made:
        campaign.ledger.close()

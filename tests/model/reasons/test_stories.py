import numpy as np

from churn.features.catalogue import catalogue
from churn.model.reasons.stories import Stories, story_of, topic_of


def test_every_signal_counts_once():
    signals = catalogue()
    C = np.arange(2.0 * len(signals)).reshape(2, -1)
    stories = Stories(signals)
    assert np.allclose(stories.by_topic(C).sum(axis=1), C.sum(axis=1))
    for few in (False, True):
        groups = stories.of_customer(few)
        assert sorted(i for topics in groups.values() for i in topics) == list(range(len(stories.topics)))


def test_channels_of_orders_and_of_contacts_are_two_topics():
    by_name = {s.name: topic_of(s) for s in catalogue()}
    assert by_name["order_channel_last"] == "order channel"
    assert by_name["interaction_channel_last"] == "contact channel"


def test_what_compares_with_others_belongs_to_the_family_of_what_it_compares():
    families = Stories(catalogue()).families
    assert "relative" not in families.values()
    assert families["silence"] == "rhythm"
    assert families["spend"] == "volume"


def test_few_orders_make_one_story_of_rhythm_and_experience():
    stories = Stories(catalogue())
    experience = stories.topics.index("experience")
    assert experience in stories.of_customer(True)["rhythm of orders"]
    assert experience in stories.of_customer(False)["relationship"]


def test_contacts_of_any_kind_and_of_one_kind_are_one_story():
    assert story_of("engagement:visit") == story_of("engagement:interactions")
    assert story_of("survey:nps") != story_of("survey:csat")

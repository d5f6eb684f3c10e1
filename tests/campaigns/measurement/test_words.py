"""The first sentence claims no more than was shown."""

from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.measurement.words import headline, of_hundred, too_early, too_few, visible

SPENT = {"spent": 640.0}


def kept(effect, low, high, **more):
    return Contrast(
        "retained", "plain", treated=680, holdout=70, effect=effect, low=low, high=high,
        total=680 * effect, total_low=680 * low, total_high=680 * high, main=True, **more,
    )  # fmt: skip


def worth(low, high):
    middle = (low + high) / 2
    return Contrast("net_value", "plain", effect=middle / 680, low=low / 680, high=high / 680, total=middle,
                    total_low=low, total_high=high, main=True)  # fmt: skip


def said(*effects, seen=None, interim=None):
    return headline(effects, spent=SPENT, seen=seen or {}, currency="£", interim=interim)


def test_what_is_shown_is_told_in_customers_and_money():
    assert said(kept(0.031, 0.004, 0.058), worth(300, 7900)) == (
        "Of 100 customers, contacting kept 3.1 who would have left (95 %: 0.4 to 5.8), 21 customers in all (3 to 39). "
        "Net value: £4,100 more (£300 to £7,900). Spent: £640."
    )


def test_harm_is_told_the_right_way_round():
    text = said(kept(-0.05, -0.09, -0.01), worth(-900, -100))
    assert "Contacting did harm: of 100 customers, 5.0 left who would have stayed (95 %: 1.0 to 9.0)" in text
    assert "34 customers in all (7 to 61)" in text
    assert "Net value: £500 less (-£900 to -£100)." in text


def test_what_may_be_chance_is_no_effect_and_says_what_it_would_need():
    main = kept(0.012, -0.021, 0.045)
    text = said(main, worth(-300, 8500), seen=visible(main, 0.021, 0.1))
    assert text.startswith("No effect can be shown: of 100 customers, between -2.1 and 4.5 more stayed")
    assert "In net value nothing can be shown: -£300 to £8,500." in text
    assert "A holdout of 70 customers shows only effects above 4.7 of 100." in text
    assert "some 3,800 customers with 10 % held out would be needed" in text or "would be needed" in text
    assert "kept" not in text


def test_an_interval_that_ends_at_zero_is_not_shown():
    assert said(kept(0.03, 0.0, 0.06)).startswith("No effect can be shown")


def test_early_it_goes_by_the_interval_that_holds_at_every_look():
    main = kept(0.05, 0.01, 0.09, always_valid={"low": -0.02, "high": 0.12})
    text = said(main, interim=(28, 60, "2026-03-06"))
    assert text.startswith("Day 28 of 60; the result needs data until 2026-03-06. No effect can be shown yet")
    assert "between -2.0 and 12 more" in text
    sure = kept(0.05, 0.03, 0.07, always_valid={"low": 0.01, "high": 0.09})
    assert (
        "Of 100 customers, contacting kept 5.0 who would have left (95 %, at any look: 1.0 to 9.0)."
        in said(sure, interim=(28, 60, "2026-03-06"))
    )


def test_an_effect_larger_than_can_be_seen_needs_nobody_more():
    assert visible(kept(0.2, 0.1, 0.3), 0.5, 0.1)["needed"] is None
    assert visible(None, 0.1, 0.1) == {}


def test_too_early_and_too_few():
    assert "may first be looked at after 7 days" in too_early("2026-01-05", "2026-01-06", 60, "2026-03-06")
    assert "looked at" not in too_early("2026-01-05", "2026-01-06", 7, "2026-01-12")
    assert "1 to be left alone" in too_few({"treated": {"known": 9}, "holdout": {"known": 1}})
    assert "0 to be contacted and 0 to be left alone" in too_few({})


def test_hundredths_have_as_many_digits_as_they_need():
    assert [of_hundred(x) for x in (0, 0.123, 0.0123, 0.0005)] == ["0.0", "12", "1.2", "0.05"]

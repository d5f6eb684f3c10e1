"""The ways that the benchmark compares keep to the same limits, and its table says what was earned."""

import numpy as np

from benchmarks import winback


def test_a_list_is_gone_down_until_the_limits_are_used_up():
    order, allowed = np.array([2, 0, 1, 3]), np.ones((4, 3), dtype=bool)
    profit = np.tile([3.0, 2.0, 1.0], (4, 1))
    cost = np.tile([5.0, 1.0, 1.0], (4, 1))
    choice = winback.down_the_list(order, allowed, profit, cost, budget=100, calls=1, mails=2)
    assert choice.tolist() == [1, 1, 0, -1]
    assert winback.down_the_list(order, allowed, profit, cost, 5, 1, 2).tolist() == [-1, -1, 0, -1]
    allowed[2, 0] = False
    assert winback.down_the_list(order, allowed, profit, cost, 100, 1, 9).tolist() == [0, 1, 1, 1]


def test_limits_grow_with_the_shop():
    small, large = winback.policy(100), winback.policy(1000)
    assert large.limits.budget == 10 * small.limits.budget
    assert large.limits.capacity == {c: 10 * n for c, n in small.limits.capacity.items()}
    assert tuple(a.name for a in small.actions) == winback.ACTIONS


def test_the_table_shows_profit_as_a_share_of_the_best():
    def told(seed, best):
        way = {"contacts": 10, "spent": 5.0}
        ways = {name: way | {"profit": best / 2} for name in winback.WAYS}
        ways["best from the log"] = way | {"profit": best}
        return ways | {"seed": seed, "customers": 100, "better": seed == 0, "cpu_seconds": 1.0}

    said = winback.told_in_words([told(0, 100.0), told(1, 100.0)])
    assert "50 (50 to 50)" in said
    assert "50% (50% to 50%)" in said
    assert "2 seeds" in said
    assert "shown to be better in 1" in said

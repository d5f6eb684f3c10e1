"""Purchases by period, as they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from churn.display import Rendered, format_amount, format_count, format_percent, table_text
from churn.retention.answers import AnswerSeries
from churn.retention.grouped import folded
from churn.retention.intervals import wilson
from churn.retention.lifetime import Lifetime
from churn.retention.money import amount
from churn.retention.recurring import Recurring

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 24


@dataclass(frozen=True)
class PurchasePeriod:
    """What customers bought in one period; money in billionths, so that it adds up exactly.

    Attributes
    ----------
    start, end : str
        The period, local dates; the end is exclusive.
    so_far : str or None
        Of a period that is not over: up to when it is counted.
    partial : bool
        Whether the data begin after it does.
    beginning : bool
        Whether it starts so early in the data that it is not known who bought before.
    orders, buyers : int
        Orders placed in it, and customers who placed them.
    repeat_buyers : int
        Buyers with an order before the period.
    customers, customers_twice : int
        Everybody with an order, and with two or more, by its end.
    active : int
        S: customers active at its start.
    gross_billionths, returned_billionths : int
        What was ordered in it, and what came back in it.
    held_billionths, kept_billionths, lower_billionths : int or None
        Of S: what they ordered in the period before and in this one, and the lower of both for each customer; None
        where one of the periods is not complete, or who was active is not known.
    """

    start: str
    end: str
    so_far: str | None
    partial: bool
    beginning: bool
    orders: int
    buyers: int
    repeat_buyers: int
    customers: int
    customers_twice: int
    active: int
    gross_billionths: int
    returned_billionths: int
    held_billionths: int | None
    kept_billionths: int | None
    lower_billionths: int | None

    @property
    def running(self) -> bool:
        """Whether the period is not over."""
        return self.so_far is not None

    @property
    def gross(self) -> float:
        """Revenue before returns."""
        return amount(self.gross_billionths)

    @property
    def returned(self) -> float:
        """What came back or was credited in the period, whenever it was ordered."""
        return amount(self.returned_billionths)

    @property
    def net(self) -> float:
        """Revenue less returns."""
        return amount(self.gross_billionths - self.returned_billionths)

    @property
    def mean_order_value(self) -> float | None:
        """Revenue before returns per order; None without an order."""
        return self.gross / self.orders if self.orders else None

    @property
    def orders_per_buyer(self) -> float | None:
        """Purchase frequency: orders per customer who ordered; None without any."""
        return self.orders / self.buyers if self.buyers else None

    @property
    def repeat_rate(self) -> float | None:
        """Share of the buyers who had ordered before the period; None without a buyer."""
        return self.repeat_buyers / self.buyers if self.buyers else None

    @property
    def repeat_interval(self) -> tuple[float, float] | None:
        """Its 95 % interval (Wilson)."""
        return wilson(self.repeat_buyers, self.buyers) if self.buyers else None

    @property
    def twice_rate(self) -> float | None:
        """Share of everybody who ever ordered, by the period's end, with two or more orders; None without any."""
        return self.customers_twice / self.customers if self.customers else None

    @property
    def gross_retention(self) -> float | None:
        """Gross revenue retention; None where it is not known or S ordered nothing before."""
        if not self.held_billionths or self.lower_billionths is None:
            return None
        return self.lower_billionths / self.held_billionths

    @property
    def net_retention(self) -> float | None:
        """Net revenue retention; None where it is not known or S ordered nothing before."""
        if not self.held_billionths or self.kept_billionths is None:
            return None
        return self.kept_billionths / self.held_billionths

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        low, high = self.repeat_interval or (None, None)
        held, kept, lower = (
            None if x is None else amount(x)
            for x in (self.held_billionths, self.kept_billionths, self.lower_billionths)
        )
        return {
            "period_start": self.start,
            "period_end": self.end,
            "running": self.running,
            "so_far": self.so_far,
            "partial": self.partial,
            "beginning": self.beginning,
            "orders": self.orders,
            "buyers": self.buyers,
            "repeat_buyers": self.repeat_buyers,
            "repeat_rate": self.repeat_rate,
            "repeat_low": low,
            "repeat_high": high,
            "customers": self.customers,
            "customers_with_two_orders": self.customers_twice,
            "two_orders_rate": self.twice_rate,
            "gross_revenue": self.gross,
            "returns": self.returned,
            "net_revenue": self.net,
            "mean_order_value": self.mean_order_value,
            "orders_per_buyer": self.orders_per_buyer,
            "S": self.active,
            "S_revenue_before": held,
            "S_revenue_now": kept,
            "S_revenue_lower_of_both": lower,
            "gross_revenue_retention": self.gross_retention,
            "net_revenue_retention": self.net_retention,
        }


@dataclass(frozen=True, repr=False)
class Purchases(Rendered):
    """Purchases by period, lifetime value by cohort, and what surveys and subscriptions say.

    Attributes
    ----------
    every : str
        The period.
    periods : tuple of PurchasePeriod
        Oldest first; the last one may be running.
    lifetime : Lifetime
        Net revenue per customer by cohort.
    recurring : tuple of Recurring or None
        Monthly recurring revenue, where the definition goes by subscriptions with prices.
    answers : AnswerSeries or None
        NPS and CSAT, where there are such surveys.
    active_means : str
        Who is active, in words.
    begin_days : int
        Days at the beginning of the data in which it is not known who was active.
    small_below : int
        Shares of fewer customers are marked.
    """

    every: str
    periods: tuple[PurchasePeriod, ...]
    lifetime: Lifetime
    recurring: tuple[Recurring, ...] | None
    answers: AnswerSeries | None
    active_means: str
    begin_days: int
    small_below: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row per period, the data twin, with the answers and recurring revenue beside the purchases."""
        import pandas as pd

        frame = pd.DataFrame([p.to_dict() for p in self.periods])
        for more in (self.recurring, self.answers.periods if self.answers else None):
            if more:
                extra = pd.DataFrame([p.to_dict() for p in more]).drop(
                    columns=["period_start", "period_end", "running"]
                )
                names = {"gross_retention": "mrr_gross_retention", "net_retention": "mrr_net_retention"}
                frame = frame.join(extra.rename(columns=names))
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "every": self.every,
            "active": self.active_means,
            "small_below": self.small_below,
            "periods": [p.to_dict() for p in self.periods],
            "lifetime": self.lifetime.to_dict(),
            "recurring": None if self.recurring is None else [p.to_dict() for p in self.recurring],
            "answers": None if self.answers is None else self.answers.to_dict(),
            "notes": self.notes(),
        }

    def notes(self) -> list[str]:
        """Say what a reader has to know."""
        out = [
            "repeat: share of the buyers who had ordered before. "
            + (
                "GRR and NRR are told of the recurring revenue, below."
                if self.recurring
                else "GRR and NRR: what the customers active at the start ordered, as a share of what they ordered in "
                f"the {self.every} before; in GRR nobody counts with more than before. Active = {self.active_means}."
            )
        ]
        if any(p.beginning for p in self.periods):
            out.append(
                f"* = starts within {self.begin_days} days of the beginning of the data: who had bought before is not "
                "known."
            )
        if any(0 < p.buyers < self.small_below for p in self.periods):
            out.append(f"~ = of fewer than {self.small_below} buyers.")
        if self.periods and self.periods[0].partial:
            out.append(f"The first {self.every} is a part: the data begin after it does.")
        if self.periods and self.periods[-1].so_far:
            out.append(f"In brackets: not over, counted up to {self.periods[-1].so_far}.")
        if self.lifetime.unseen:
            out.append(
                f"{format_amount(self.lifetime.unseen)} of net revenue are of customers who were never active by the "
                "definition, and in no cohort."
            )
        if self.answers:
            out += self.answers.notes
        return out

    def render(self) -> str:
        """Return the newest periods, recurring revenue, answers, and the pooled lifetime value."""
        shown = self.periods[-MOST_ROWS:]
        rows = [
            [
                self._name(p.start, p.running) + ("*" if p.beginning else ""),
                format_count(p.orders),
                format_count(p.buyers),
                format_count(p.gross),
                format_count(p.net),
                _money(p.mean_order_value),
                "-" if p.orders_per_buyer is None else f"{p.orders_per_buyer:.2f}",
                ("~" if 0 < p.buyers < self.small_below else "") + _share(p.repeat_rate),
                _share(p.twice_rate),
                *([] if self.recurring else [_share(p.gross_retention), _share(p.net_retention)]),
            ]
            for p in shown
        ]
        header = [
            self.every,
            "orders",
            "buyers",
            "revenue",
            "net",
            "per order",
            "per buyer",
            "repeat",
            "2+ orders",
            *([] if self.recurring else ["GRR", "NRR"]),
        ]
        parts = [f"Purchases by {self.every}", table_text(header, rows, right=range(1, len(header)))]
        if len(shown) < len(self.periods):
            parts.append(f"The {len(self.periods) - len(shown)} oldest periods are not shown here.")
        parts += [*folded(self.notes()), "", *self._lifetime_lines()]
        if self.recurring:
            parts += ["", *self._recurring_lines()]
        if self.answers:
            parts += ["", *self._answer_lines()]
        return "\n".join(parts)

    def _lifetime_lines(self) -> list[str]:
        pooled = self.lifetime.pooled
        if not pooled:
            return [f"Lifetime value: no cohort has a whole {self.every} yet."]
        last = pooled[-1]["age"]
        ages = [a for a in (0, 1, 2, 3, 5, 8, 11, 17, 23, 35, 47, 59) if a < last] + [last]
        cells = [
            [format_amount(pooled[a]["value"]) for a in ages],
            [format_count(pooled[a]["customers"]) for a in ages],
        ]
        rows = [["net revenue per customer", *cells[0]], ["customers", *cells[1]]]
        header = [f"by the end of {self.every}", *(str(a) for a in ages)]
        return [
            f"Lifetime value so far, all cohorts pooled ({self.every} 0 is the one in which they came)",
            table_text(header, rows, right=range(1, len(header))),
        ]

    def _recurring_lines(self) -> list[str]:
        rows = [
            [
                self._name(r.period_start, r.so_far is not None),
                *(format_count(x) for x in (r.start, r.lost, r.less, r.more, r.new, r.end)),
                _share(r.gross_retention),
                _share(r.net_retention),
            ]
            for r in (self.recurring or ())[-MOST_ROWS:]
        ]
        header = [self.every, "start", "lost", "less", "more", "new", "end", "GRR", "NRR"]
        return [
            "Monthly recurring revenue: start - lost - less + more + new = end",
            table_text(header, rows, right=range(1, len(header))),
        ]

    def _answer_lines(self) -> list[str]:
        assert self.answers is not None
        rows = []
        for a in self.answers.periods[-MOST_ROWS:]:
            answers = a.promoters + a.passives + a.detractors
            rated = a.satisfied + a.others
            nps, csat = a.nps_interval, a.csat_interval
            rows.append(
                [
                    self._name(a.start, a.so_far is not None),
                    format_count(answers),
                    "-"
                    if a.nps is None or nps is None
                    else f"{100 * a.nps:+.0f} ({100 * nps[0]:+.0f} to {100 * nps[1]:+.0f})",
                    format_count(rated),
                    "-" if csat is None else f"{_share(a.csat)} ({100 * csat[0]:.0f}-{100 * csat[1]:.0f})",
                ]
            )
        header = [self.every, "NPS answers", "NPS", "CSAT answers", "CSAT"]
        return [
            "Answers: NPS = share of 9 and 10 less share of 0 to 6; CSAT = share of 4 and 5; with 95 % intervals",
            table_text(header, rows, right=(1, 2, 3, 4)),
        ]

    def _name(self, start: str, running: bool) -> str:
        name = start[:7] if self.every == "month" else start
        return f"({name})" if running else name

    def figure(self) -> Any:
        """Draw revenue, repeat rate, order value and lifetime value; `frame` and `lifetime.frame` are the data."""
        from churn.retention.cohort_plots import draw_purchases

        return draw_purchases(self.to_dict())


def _share(share: float | None) -> str:
    return "-" if share is None else format_percent(share, 0)


def _money(value: float | None) -> str:
    return "-" if value is None else format_amount(value)

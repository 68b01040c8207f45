"""The plots: each says what it shows, in which unit, and against the time of that day (UTC)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure

from ..plan import PPM, Plan
from ..record import Record

Axes: TypeAlias = Any
"""What matplotlib draws on; it says little of its own types."""
INCHES = (4.6, 3.1)
SETTINGS = {
    "svg.hashsalt": "ringfence", "font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.alpha": 0.25, "legend.frameon": True, "legend.framealpha": 0.85,
    "legend.edgecolor": "none", "legend.fontsize": 7.5, "axes.titlesize": 9.5,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "lines.linewidth": 1.4,
}  # fmt: skip
BOOK, VAULT, WAVE = "#2f6f9f", "#e0a030", "#b5443c"
library: Any = mpl
PAYERS = (
    ("the same person's other account", "own_atoms", "#7b5ea7"),
    ("FUND", "fund_atoms", "#2f6f9f"),
    ("SKIN", "skin_atoms", "#e0a030"),
    ("profit of others (deleveraging)", "deleveraged_atoms", "#b5443c"),
    ("nobody yet (UNCOVERED)", "uncovered_atoms", "#555555"),
)
MILLION = 10**12
"""Atoms of a million dollars."""
MILLIONS = "million dollars"
CALM_S = 60
"""Rates are told by the minute."""


class Plots:
    """Draws what a record holds."""

    def __init__(self, plan: Plan, record: Record) -> None:
        self.plan, self.record = plan, record
        self.times: Any = [datetime.fromtimestamp(row["time_us"] / PPM, UTC) for row in record.rows]
        self.worst = min(plan.markets, key=lambda one: self._least(one.market))

    def all(self) -> list[tuple[str, Callable[[Axes], None]]]:
        """Return every plot with what is said below it."""
        name = self.worst.name
        return [
            (
                f"{name} at each source, and the mark that the venue made of them. It follows the middle one, a little "
                "late: it may not move faster than its cap. A source that stands alone moves nothing.",
                self.prices,
            ),
            (
                "Each market's mark, as a part of what it was at the beginning.",
                self.marks,
            ),
            (
                "Accounts that are being liquidated at that moment.",
                self.cases,
            ),
            (
                "Where the positions of failed accounts went, in all since the beginning: into the book, to the vault, "
                "or to whoever held the other side, at the mark.",
                self.went,
            ),
            (
                "Who paid what failed accounts could not, in all since the beginning.",
                self.paid,
            ),
            (
                "What FUND and SKIN have. Fees of liquidations fill FUND.",
                self.funds,
            ),
            (
                "How much of what lenders lent is out on loan. At 100 percent nobody can borrow to pay a loss.",
                self.pool,
            ),
            (
                "Dollars that came for an account while it was being liquidated. All of it stood aside; none was used.",
                self.deposits,
            ),
        ]

    def svg(self, draw: Callable[[Axes], None]) -> str:
        """Return a plot as the element of a page."""
        with library.rc_context(SETTINGS):
            figure: Any = Figure(figsize=INCHES, layout="constrained")
            self._draw(draw, figure.subplots())
            return _svg(figure)

    def png(self) -> bytes:
        """Return the picture: four of the plots."""
        with library.rc_context(SETTINGS):
            figure: Any = Figure(figsize=(10.4, 6.8), layout="constrained")
            for axes, draw in zip(
                figure.subplots(2, 2).flat, (self.prices, self.cases, self.paid, self.deposits), strict=True
            ):
                self._draw(draw, axes)
            figure.suptitle(f"{self.plan.scenario.title}: {self.plan.accounts:,} accounts", fontweight="bold")
            told = io.BytesIO()
            figure.savefig(told, format="png", dpi=110, metadata={"Software": None})
        return told.getvalue()

    def svg_of_rules(self, reruns: list[dict[str, Any]]) -> str:
        """Return the plot of what deleveraging took of profits, by rule, as the element of a page."""
        with library.rc_context(SETTINGS):
            figure: Any = Figure(figsize=INCHES, layout="constrained")
            self.rules(figure.subplots(), reruns)
            return _svg(figure)

    def rules(self, axes: Axes, reruns: list[dict[str, Any]]) -> None:
        """Draw which part of all profit lost how much of itself under each rule, what lost most first."""
        for row, color in zip((row for row in reruns if row["compares_rules"]), (BOOK, WAVE, VAULT), strict=False):
            sums = np.array(row["adl_profit_by_haircut_usd"])[::-1]
            parts = 100 * np.cumsum(sums) / max(row["adl_profit_usd"], float(sums.sum()), 0.01)
            parts, haircuts = np.append(parts, 100.0), np.append(np.arange(len(sums))[::-1], 0)
            axes.step(parts, haircuts, where="pre", label=row["policy"], color=color)
        axes.set(
            title="What was taken of profits", xlabel="percent of the profit on the other side, what lost most first",
            ylabel="percent of itself that it lost", xlim=(0, 100), ylim=(0, 102),
        )  # fmt: skip
        axes.legend(loc="upper right")

    def _draw(self, draw: Callable[[Axes], None], axes: Axes) -> None:
        draw(axes)
        axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))
        axes.set_xlabel("time of day, UTC")
        axes.margins(x=0.01)

    def _column(self, name: str) -> Any:
        return np.array([row.get(name, 0) for row in self.record.rows], np.float64)

    def _marks(self, market: int) -> Any:
        return np.array([row["marks"][market - 1] for row in self.record.rows])

    def _least(self, market: int) -> float:
        marks = self._marks(market)
        return float(marks.min() / marks[0])

    def prices(self, axes: Axes) -> None:
        """Draw what each source says of the asset that fell most, and its mark."""
        for quotes in self.plan.quotes:
            if quotes.asset == self.worst.asset:
                axes.plot(self.times, quotes.units / 10**8, label=self.plan.sources[quotes.source - 1], linewidth=0.9)
        axes.plot(self.times, self._marks(self.worst.market), label="mark of the venue", color="black")
        axes.set(title=f"{self.worst.name} at every source", ylabel="dollars", ylim=(0, None))
        axes.legend()

    def marks(self, axes: Axes) -> None:
        """Draw every mark against where it began."""
        for one in self.plan.markets:
            marks = self._marks(one.market)
            axes.plot(self.times, 100 * marks / marks[0], label=one.name, linewidth=1)
        axes.set(title="Marks", ylabel="percent of the beginning")
        axes.legend(ncols=2)

    def cases(self, axes: Axes) -> None:
        """Draw how many cases are open."""
        axes.fill_between(self.times, self._column("open_cases"), color=WAVE, alpha=0.35, step="post")
        axes.step(self.times, self._column("open_cases"), color=WAVE, where="post")
        axes.set(title="Accounts being liquidated", ylabel="accounts", ylim=(0, None))

    def went(self, axes: Axes) -> None:
        """Draw where positions went."""
        parts = [np.cumsum(self._column(name)) for name in ("book_atoms", "vault_atoms", "wave_atoms")]
        is_large = sum(float(part[-1]) for part in parts) >= 1_000 * MILLION
        size, unit = (1_000 * MILLION, "billion dollars") if is_large else (MILLION, MILLIONS)
        parts = [part / size for part in parts]
        labels = ["sold or bought in the book", "taken by the vault", "closed against the other side"]
        axes.stackplot(self.times, parts, labels=labels, colors=[BOOK, VAULT, WAVE], alpha=0.85)
        axes.set(title="Where their positions went", ylabel=unit)
        axes.legend(loc="upper left")

    def paid(self, axes: Axes) -> None:
        """Draw who paid the gaps."""
        parts = [np.cumsum(self._column(name) + self._column(f"written_{name}")) / MILLION for _, name, _ in PAYERS]
        drawn = [index for index, part in enumerate(parts) if part[-1] > 0]
        axes.stackplot(
            self.times, [parts[index] for index in drawn], labels=[PAYERS[index][0] for index in drawn],
            colors=[PAYERS[index][2] for index in drawn], alpha=0.85,
        ) if drawn else axes.plot(self.times, np.zeros(len(self.times)))  # fmt: skip
        axes.set(title="Who paid what they could not", ylabel=MILLIONS, ylim=(0, None))
        if drawn:
            axes.legend(loc="upper left")

    def funds(self, axes: Axes) -> None:
        """Draw FUND and SKIN."""
        axes.plot(self.times, self._column("fund") / MILLION, label="FUND", color=BOOK)
        axes.plot(self.times, self._column("skin") / MILLION, label="SKIN", color=VAULT)
        axes.set(title="FUND and SKIN", ylabel=MILLIONS, ylim=(0, None))
        axes.legend()

    def pool(self, axes: Axes) -> None:
        """Draw how much of the pool is lent out."""
        axes.plot(self.times, self._column("utilisation_ppm") / 10_000, color=BOOK)
        axes.set(title="The pool of dollars", ylabel="percent lent out", ylim=(0, 105))

    def deposits(self, axes: Axes) -> None:
        """Draw the deposits that were fenced."""
        fenced = np.cumsum(self._column("fenced_atoms")) / MILLION
        axes.plot(self.times, fenced, label="fenced: still theirs", color="#3a7d44")
        axes.plot(self.times, np.zeros(len(self.times)), label="used for older losses", color=WAVE)
        axes.set(title="Later deposits", ylabel=MILLIONS, ylim=(-0.02 * self._fenced(), None))
        axes.legend(loc="upper left")

    def _fenced(self) -> float:
        return max(float(self._column("fenced_atoms").sum()) / MILLION, 1e-6)


def _svg(figure: Any) -> str:
    told = io.StringIO()
    figure.savefig(told, format="svg", metadata={"Date": None})
    return told.getvalue()[told.getvalue().index("<svg") :]

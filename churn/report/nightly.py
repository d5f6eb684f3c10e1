"""The report and the digest of a night that is being written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from churn.files import replace_text
from churn.report.build import write_report
from churn.report.digest import digest


def report_of(target: str | Path) -> Callable[[Path], None]:
    """Return what adds report.html and digest.md to the fresh folder of a night, see `churn.scoring.night.Night.write`.

    Parameters
    ----------
    target : str or Path
        Where the folder will be; the digest compares with the newest older night beside it.

    Examples
    --------
    >>> import tempfile
    >>> from churn.files import write_json
    >>> fresh = Path(tempfile.mkdtemp(), "shop", ".2025-12-31.new")
    >>> fresh.mkdir(parents=True)
    >>> write_json(fresh / "summary.json", {"as_of": "2025-12-31", "population": 10, "at_risk": 0})
    >>> report_of(fresh.parent / "2025-12-31")(fresh)
    >>> sorted(p.name for p in fresh.iterdir())
    ['digest.md', 'report.html', 'summary.json']
    """
    here = Path(target).resolve()

    def finish(fresh: Path) -> None:
        write_report(fresh)
        beside = [p.parent for p in here.parent.glob("[0-9]*/summary.json") if p.parent.name < here.name]
        previous = max(beside, key=lambda p: p.name, default=None)
        replace_text(fresh / "digest.md", digest(fresh, previous=previous))

    return finish

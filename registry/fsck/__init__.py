"""Replays registry, file store and published log against each other, and names every difference.

Three witnesses hold the same history: the rows, the copies of their records in the file store, and the log's entries
under signed checkpoints. Whoever changes one contradicts the other two; `Fsck` finds where. It trusts the log's public
key alone, and any checkpoint from outside that it is given (a witness's, an off-site copy): who holds database, files
and log key together can only be told by those.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa

from registry.database import Database
from registry.formats.checkpoint import Checkpoint
from registry.formats.note import NoteVerifier
from registry.fsck import changes, front, guards, names, records, rules, status, tree
from registry.fsck.difference import Difference, Store, readable
from registry.fsck.names import Holder
from registry.fsck.published import read_in_front
from registry.fsck.status import Lists

__all__ = ["Difference", "Fsck", "Holder", "Lists", "Store"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fsck:
    """One registry with its file store and the folder of its published log, held against each other.

    With `status` the published status lists as well, and with `holder` (the holder's name of a decision: pack, public
    part) the names by which officers search.
    """

    database: Database
    documents: Store
    folder: Path
    verifier: NoteVerifier
    status: Lists | None = None
    holder: Holder | None = None

    def run(self, *, outside: Iterable[Checkpoint] = (), now: datetime.datetime) -> Iterator[Difference]:
        """Every difference. `outside` are checkpoints of this log, already verified, that others kept.

        The registry is read as of one moment, so that it may go on being used; what is published after that moment is
        not looked at. Raises `UnavailableError` where database or disk refuse altogether.
        """
        # Before the snapshot: what stands in front was kept in the registry before it was put there.
        in_front, problems = read_in_front(self.folder, self.verifier)
        yield from problems
        with self.database.read() as tx:
            yield from self.within(tx, in_front=in_front, outside=outside, now=now)
            yield from readable("checkpoint", front.check(tx, in_front, now=now))
            if self.status is not None:
                yield from readable("status lists", status.check(tx, self.status, now=now))

    def within(
        self,
        tx: sa.Connection,
        *,
        in_front: Checkpoint | None = None,
        outside: Iterable[Checkpoint] = (),
        now: datetime.datetime,
    ) -> Iterator[Difference]:
        """Every difference as `tx` sees the registry, which may be in the midst of a change (`registry.replay`)."""
        # A damaged index hides rows from every question that is asked below.
        for problem in self.database.problems(tx):
            yield Difference(code="database_damaged", place=problem)
        yield from readable("guards", guards.check(tx))
        walked = tree.Walk(folder=self.folder, verifier=self.verifier, in_front=in_front, outside=tuple(outside))
        yield from readable("log_entries", walked.check(tx, now=now))
        yield from readable("records", records.check(tx, self.documents))
        yield from readable("status_changes", changes.check(tx))
        for name, found in rules.checks(tx, self.documents):
            yield from readable(name, found)
        yield from readable("permit_names", names.check(tx, self.holder))

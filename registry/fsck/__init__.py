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

from registry.database import Database
from registry.formats.checkpoint import Checkpoint
from registry.formats.note import NoteVerifier
from registry.fsck import guards, records, rules, tree
from registry.fsck.difference import Difference, Store, readable
from registry.fsck.published import read_in_front

__all__ = ["Difference", "Fsck", "Store"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fsck:
    """One registry with its file store and the folder of its published log, held against each other."""

    database: Database
    documents: Store
    folder: Path
    verifier: NoteVerifier

    def run(self, *, outside: Iterable[Checkpoint] = (), now: datetime.datetime) -> Iterator[Difference]:
        """Every difference. `outside` are checkpoints of this log, already verified, that others kept.

        The registry is read as of one moment, so that it may go on being used; what is published after that moment is
        not looked at. Raises `UnavailableError` where database or disk refuse altogether.
        """
        # Before the snapshot: what stands in front was kept in the registry before it was put there.
        in_front, problems = read_in_front(self.folder, self.verifier)
        yield from problems
        with self.database.read() as tx:
            yield from readable("guards", guards.check(tx))
            walked = tree.Walk(folder=self.folder, verifier=self.verifier, in_front=in_front, outside=tuple(outside))
            yield from readable("log_entries", walked.check(tx, now=now))
            yield from readable("records", records.check(tx, self.documents))
            for name, found in rules.checks(tx, self.documents):
                yield from readable(name, found)

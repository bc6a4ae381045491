"""Makes public what was recorded: the transparency log first, then the status lists, in a development home.

The log's key stands beside the development PKI; a production home publishes once key handles for it exist.
"""

import dataclasses
import datetime
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.home import Home, MisuseError
from keys.development import DevelopmentPki
from keys.notes import Ed25519NoteSigner
from keys.trust import Trust
from registry.database import Database
from registry.formats.errors import UnavailableError
from registry.formats.language import N_, SOURCE
from registry.formats.note import NoteVerifier
from registry.publication import LogPublisher, Published
from registry.statuslists import StatusListPublisher

WATCH_SECONDS: Final = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Brings log and status lists of one home up to date."""

    log: LogPublisher
    status: StatusListPublisher

    def publish(self, *, now: datetime.datetime) -> Published:
        """Everything recorded until now becomes public. A permit is in the list only once the log covers it."""
        try:
            return self.log.publish(now=now)
        finally:
            # Also where the log cannot go on: a revocation must reach the lists all the same.
            self.status.refresh(now=now)

    def watch(
        self,
        *,
        clock: Callable[[], datetime.datetime],
        stop: threading.Event,
        language: str = SOURCE,
        say: Callable[[Published], None] = lambda _: None,
        complain: Callable[[str], None] = lambda text: print(f"absah: {text}", file=sys.stderr, flush=True),
    ) -> None:
        """Publish once a second until `stop` is set. An outage is said once, and tried again until it is over."""
        trouble = ""
        while True:
            try:
                published = self.publish(now=clock())
            except UnavailableError as error:
                if error.text(language) != trouble:
                    trouble = error.text(language)
                    complain(trouble)
            else:
                trouble = ""
                if published.added:
                    say(published)
            if stop.wait(WATCH_SECONDS):
                return


def log_signer(home: Home, pki: DevelopmentPki) -> Ed25519NoteSigner:
    """The signer of this home's log, whose origin is the host and "/log"."""
    return pki.log_signer(f"{home.settings.host}/log")


def last_signed(home: Home) -> Path:
    """Where the log's signer remembers the last checkpoint that it signed, beside its key."""
    return home.keys / "log.last"


def log_key(home: Home, pki: DevelopmentPki) -> str:
    """The log's public key as one line of text."""
    return NoteVerifier.of(log_signer(home, pki)).text


def publisher_of(home: Home, *, database: Database, pki: DevelopmentPki) -> Publisher:
    """The publisher of a development home."""
    return Publisher(
        log=LogPublisher(
            database=database,
            documents=home.documents(),
            folder=home.public / "log",
            signer=log_signer(home, pki),
            memory=last_signed(home),
        ),
        status=StatusListPublisher(
            database=database,
            folder=home.public / "status",
            signer=pki.statement_signer(),
            keys=Trust.read(home.trust).statement_keys,
            base_uri=f"https://{home.settings.host}/status/",
        ),
    )


@contextmanager
def publisher(home: Home, *, watched: bool = True) -> Iterator[Publisher]:
    """The publisher of a home, with its own connection. Raises `MisuseError` for a production home.

    Only a replay is not `watched`: its registry is behind the published log until it is done.
    """
    if home.settings.mode != "development":
        raise MisuseError(
            N_(
                "{home} dipakai untuk produksi, dan kunci lognya belum dapat dipakai di sini, jadi tidak ada yang "
                "diumumkan."
            ),
            home=str(home.root),
        )
    database = home.database() if watched else Database.open(home.place)
    try:
        yield publisher_of(home, database=database, pki=DevelopmentPki.load(home.keys))
    finally:
        database.close()


def publish_now(home: Home, *, now: datetime.datetime) -> Published:
    """Publish what was recorded. Raises `MisuseError` for a production home, `UnavailableError` in an outage."""
    with publisher(home) as one:
        return one.publish(now=now)


@contextmanager
def publishing(home: Home, *, clock: Callable[[], datetime.datetime]) -> Iterator[None]:
    """Keep publishing in a thread of its own while the block runs."""
    stop = threading.Event()
    with publisher(home) as one:
        thread = threading.Thread(
            target=one.watch, kwargs={"clock": clock, "stop": stop}, name="publisher", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

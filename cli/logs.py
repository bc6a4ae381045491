"""The transparency log for outside parties: watch it, cosign its checkpoints, judge a proof offline.

Needs no home, no database and no office: an auditor or an inspectorate runs it on a machine of its own. The log's key
never comes from the log itself, which could give each of its watchers another one: whoever watches brings the key,
known by another way, and a state file holds on to it from then on.
"""

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from keys.trust import LOG_KEY
from registry.formats.errors import DocumentError, UnavailableError
from registry.formats.language import translations
from registry.formats.logentry import Event, LogEntry
from registry.formats.note import NoteKind, NoteSigner, NoteVerifier
from registry.formats.tlogproof import MAX_BYTES as MAX_PROOF_BYTES
from verifier.catalogue import N_
from verifier.logfiles import WitnessMemory, keep_evidence, read_state, write_state
from verifier.logproof import Proven, check_keys
from verifier.logreader import ContradictionError, LogReader
from verifier.logsources import source_of
from verifier.monitor import Added, Alarm, AlarmCode, Consistent, Finding, Monitor, Seen, Warned, WarningCode
from verifier.witness import Cosignature, Witness

PUBLISHED_KEY: Final = Path("public") / ".well-known" / "absah" / LOG_KEY  # below the home of the office

_MAX_KEY_BYTES: Final = 4096
_SHOWN_DIGITS: Final = 16
_NONE: Final = "–"

# An entry does not say what kind of document it is about. What only happens to permits is said of permits.
EVENTS: Final = {
    Event.ISSUE: N_("dokumen terbit"),
    Event.SUSPEND: N_("izin dibekukan"),
    Event.REINSTATE: N_("izin diberlakukan kembali"),
    Event.REVOKE: N_("izin dicabut"),
    Event.ANNUL: N_("dokumen dibatalkan"),
    Event.SUPERSEDE: N_("izin diganti"),
    Event.CORRECT: N_("ralat dokumen"),
    Event.MANDATE: N_("wewenang pejabat dicatat"),
    Event.MANDATE_END: N_("wewenang pejabat berakhir"),
    Event.SIGNER: N_("sertifikat penanda tangan didaftarkan"),
    Event.NUMBER: N_("nomor dibukukan"),
    Event.HANDOVER: N_("dokumen diserahkan"),
    Event.DESTROY: N_("berkas dimusnahkan"),
    Event.ADOPT: N_("catatan lama diikat ke dalam log"),
}

_ALARMS: Final = {
    AlarmCode.CHECKPOINT: N_("yang diperlihatkan log bukan checkpoint bertanda tangan kunci log ini ({detail})."),
    AlarmCode.ROLLED_BACK: N_(
        "log mundur: dahulu berisi {old_size} catatan, kini {new_size}. Keduanya bertanda tangan log; simpan buktinya."
    ),
    AlarmCode.SPLIT_VIEW: N_(
        "log bermuka dua: untuk {new_size} catatan ada dua isi yang berbeda, keduanya bertanda tangan log; "
        "simpan buktinya."
    ),
    AlarmCode.INCONSISTENT: N_(
        "log menulis ulang riwayatnya: {new_size} catatan yang kini diperlihatkan tidak berawal dengan {old_size} "
        "catatan yang dahulu ditandatangani; simpan buktinya."
    ),
    AlarmCode.FILES: N_("berkas log tidak berisi apa yang ditandatangani checkpoint-nya ({detail})."),
    AlarmCode.ENTRY: N_("catatan {index} bukan catatan yang dikenal ({detail})."),
    AlarmCode.ISSUED_TWICE: N_("catatan {index} menerbitkan dokumen berserial {serial} untuk kedua kalinya."),
    AlarmCode.STALE: N_("tidak ada yang menunjukkan bahwa checkpoint log semuda yang diminta; mungkin log ditahan."),
}

_WARNINGS: Final = {
    WarningCode.BACK_IN_TIME: N_("catatan {index} dicatat pada {recorded}, lebih awal daripada catatan sebelumnya."),
    WarningCode.AHEAD_OF_TIME: N_("catatan {index} dicatat pada {recorded}, yang belum tiba menurut jam mesin ini."),
}

_ALARM: Final = N_("ALARM: {sentence}")
_WARNING: Final = N_("PERHATIAN: {sentence}")
_EVIDENCE: Final = N_("Bukti: {file}")
_WITNESSED: Final = N_("Disaksikan oleh {name} pada {moment}.")
_FIRST: Final = N_(
    "{origin}: pemantauan pertama, {size} catatan. Mulai kini log tidak dapat menarik atau mengubahnya tanpa ketahuan."
)
_GROWN: Final = N_("{origin}: {added} catatan baru; log bersambung dari yang terakhir dilihat dan kini berisi {size}.")
_SAME: Final = N_("{origin}: tidak ada yang baru; log tetap berisi {size} catatan.")
_LINE: Final = N_(
    "{index}  {event}  serial {serial}  berlaku {effective}  dicatat {recorded}  berkas {file}  pernyataan "
    "{statement}  rekaman {record}"
)

_KEY_MADE: Final = N_("Kunci saksi {name} dibuat. Berikan baris ini kepada siapa saja yang hendak memeriksa saksi ini:")
_COSIGNED: Final = N_("{origin}: {size} catatan disaksikan oleh {name}, {grown} di antaranya baru; hasilnya di {file}.")
_REFUSED: Final = N_("TIDAK DISAKSIKAN: {sentence}")

_PROVEN: Final = N_(
    "Terbukti: catatan {index} dalam log {origin} berbunyi “{event}”, serial {serial}, berlaku {effective}, dicatat "
    "{recorded}. Kunci log menandatangani bahwa log, ketika berisi {size} catatan, memuatnya."
)
_SAME_FILE: Final = N_("Berkas {file} adalah berkas yang dicatat itu.")
_NOT_SINCE: Final = N_(
    "Tidak terbukti: keadaan sesudahnya. Izin dapat saja sudah dibekukan, dicabut, atau diganti; tanyakan keadaannya "
    "kepada kantor atau pindai kode QR-nya."
)
_NOT_WITNESSED: Final = N_(
    "Tidak terbukti: bahwa log memperlihatkan isi yang sama kepada semua orang. Untuk itu mintalah saksi (--witness)."
)
_UNPROVEN: Final = N_("TIDAK TERBUKTI: {sentence}")
_OTHER_FILE: Final = N_("berkas {file} bukan berkas yang dicatat; isinya berbeda.")
_NO_FILE: Final = N_("catatan itu tidak menyebut berkas apa pun.")

Translate = Callable[[str], str]


class LogKeyError(UnavailableError):
    """A key that the command needs is not given, cannot be read, or is not the one that is known."""


def utc_now() -> datetime.datetime:
    """The clock."""
    return datetime.datetime.now(datetime.UTC)


def run(
    arguments: argparse.Namespace, *, clock: Callable[[], datetime.datetime], sleep: Callable[[float], None]
) -> int:
    """Run the command that was asked for: 0 all is well, 1 alarm (or refused, or unproven), 2 could not be checked."""
    translate = translations("cli", arguments.lang).gettext
    match arguments.action:
        case "monitor":
            return monitor(arguments, translate, clock=clock, sleep=sleep)
        case "witness":
            return witness(arguments, translate, clock=clock)
        case _:
            return verify(arguments, translate)


def monitor(
    arguments: argparse.Namespace,
    translate: Translate,
    *,
    clock: Callable[[], datetime.datetime],
    sleep: Callable[[float], None],
) -> int:
    """Watch a log, once or until the first alarm. Raises `UnavailableError` when it cannot be read (status 2)."""
    state: Path = arguments.state
    seen = _seen(state, arguments.key)
    witnesses = tuple(map(key_of, arguments.witness))
    check_keys(seen.verifier, witnesses)
    watch = Monitor(
        reader=LogReader(source=source_of(arguments.url), verifier=seen.verifier),
        witnesses=witnesses,
        max_age=None if arguments.max_age is None else datetime.timedelta(hours=arguments.max_age),
    )
    teller = _Teller(state=state, as_json=arguments.json, translate=translate)
    while True:
        try:
            seen, alarmed = _step(watch, seen, teller, now=clock())
        except UnavailableError as error:
            if arguments.watch is None:
                raise
            print(f"absah: {error}", file=sys.stderr, flush=True)
            alarmed = False
        if arguments.watch is None or alarmed:
            return 1 if alarmed else 0
        sleep(arguments.watch)


def _step(watch: Monitor, seen: Seen, teller: "_Teller", *, now: datetime.datetime) -> tuple[Seen, bool]:
    """One look: everything is told before it is remembered, so that nothing is remembered untold."""
    known, alarmed = seen, False
    for finding in watch.step(seen, now=now):
        teller.tell(finding, first=known.signed is None)
        if isinstance(finding, Alarm):
            alarmed = True
        if isinstance(finding, Consistent):
            seen = finding.seen
    if seen != known:
        write_state(teller.state, seen.encode())
    return seen, alarmed


def _seen(state: Path, key: str | None) -> Seen:
    data = read_state(state)
    given = None if key is None else key_of(key)
    if data is None:
        if given is None:
            raise LogKeyError(
                f"{state} is not there yet: bring the log's key with --key, from the office's letter or another source "
                "than the log itself"
            )
        return Seen(verifier=given)
    seen = Seen.decode(data)
    if given is not None and given != seen.verifier:
        raise LogKeyError(
            f"{state} holds on to another key of this log, {seen.verifier.text}. If the office has changed its key, "
            "let it prove that; then begin a new state file"
        )
    return seen


class _Teller:
    """Says findings to a reader, or one line of JSON each to a program."""

    def __init__(self, *, state: Path, as_json: bool, translate: Translate) -> None:
        self.state = state
        self._as_json = as_json
        self._translate = translate

    def tell(self, finding: Finding, *, first: bool) -> None:
        match finding:
            case Added():
                self._print(entry_json(finding), entry_line(finding, self._translate))
            case Alarm():
                # Before it is told, so that whoever hears of it finds it.
                files = keep_evidence(self.state, finding.evidence)
                sentence = alarm_sentence(finding, self._translate)
                evidence = [self._translate(_EVIDENCE).format(file=file) for file in files]
                text = self._translate(_ALARM).format(sentence=sentence)
                value: dict[str, object] = {
                    "kind": "alarm",
                    "code": finding.code.value,
                    "index": finding.index,
                    "serial": finding.serial,
                    "sentence": sentence,
                    "evidence": [str(file) for file in files],
                }
                self._print(value, "\n".join([text, *evidence]))
            case Warned():
                sentence = self._translate(_WARNINGS[finding.code]).format(
                    index=finding.index, recorded=instant(finding.recorded)
                )
                value = {
                    "kind": "warning",
                    "code": finding.code.value,
                    "index": finding.index,
                    "sentence": sentence,
                }
                self._print(value, self._translate(_WARNING).format(sentence=sentence))
            case Consistent():
                self._tell_consistent(finding, first=first)

    def _tell_consistent(self, finding: Consistent, *, first: bool) -> None:
        origin, size = finding.seen.verifier.name, finding.seen.size
        message = _FIRST if first else _GROWN if finding.added else _SAME
        sentence = self._translate(message).format(origin=origin, size=size, added=finding.added)
        witnessed = [
            self._translate(_WITNESSED).format(name=name, moment=instant(moment)) for name, moment in finding.cosigned
        ]
        value = {
            "kind": "consistent",
            "origin": origin,
            "size": size,
            "added": finding.added,
            "cosigned": [{"name": name, "at": instant(moment)} for name, moment in finding.cosigned],
            "sentence": sentence,
        }
        self._print(value, "\n".join([sentence, *witnessed]))

    def _print(self, value: dict[str, object], text: str) -> None:
        print(json.dumps(value, ensure_ascii=False) if self._as_json else text, flush=True)


def alarm_sentence(alarm: Alarm, translate: Translate) -> str:
    """What is wrong, in the reader's language; details that programs report stay in English."""
    return translate(_ALARMS[alarm.code]).format(
        old_size=alarm.old_size,
        new_size=alarm.new_size,
        index=alarm.index,
        serial=alarm.serial,
        detail=alarm.detail,
    )


def entry_json(added: Added) -> dict[str, object]:
    """An entry as `log monitor --json` prints it; instants are ISO 8601 in UTC, hashes in hex."""
    entry = added.entry
    return {
        "kind": "entry",
        "index": added.index,
        "event": entry.event.value,
        "serial": entry.serial,
        "effective": instant(entry.effective),
        "recorded": instant(entry.recorded),
        "file_sha256": _hex(entry.file_sha256),
        "statement_sha256": _hex(entry.statement_sha256),
        "record_sha256": _hex(entry.record_sha256),
    }


def entry_line(added: Added, translate: Translate) -> str:
    """An entry in one line for people; of each hash the first 16 digits."""
    entry = added.entry
    return translate(_LINE).format(
        index=added.index,
        **_words(entry, translate),
        file=_short(entry.file_sha256),
        statement=_short(entry.statement_sha256),
        record=_short(entry.record_sha256),
    )


def witness(arguments: argparse.Namespace, translate: Translate, *, clock: Callable[[], datetime.datetime]) -> int:
    """Make a witness's key, or cosign a log's checkpoint. Raises `UnavailableError` where it must not sign."""
    from keys.notes import Ed25519NoteSigner  # noqa: PLC0415  # monitor and verify need no private key

    key: Path = arguments.key
    memory = WitnessMemory.beside(key)
    if arguments.make_key is not None:
        if memory.folder.exists():
            raise LogKeyError(f"{memory.folder} belongs to an earlier key: choose another name for the new one")
        signer: NoteSigner = Ed25519NoteSigner.create(key, name=arguments.make_key)
        memory.make()
        print(translate(_KEY_MADE).format(name=signer.name), file=sys.stderr)
        print(NoteVerifier.of(signer, NoteKind.COSIGNATURE).text)
        return 0
    if arguments.log_key is None or arguments.out is None:
        raise LogKeyError("a witness needs --log-key, from another source than the log itself, and --out")
    signer = Ed25519NoteSigner.load(key)
    log = key_of(arguments.log_key)
    party = Witness(signer=signer, memory=memory, clock=clock)
    check_keys(log, (party.verifier,))
    reader = LogReader(source=source_of(arguments.url), verifier=log)
    try:
        made = party.cosign(reader, first=arguments.first)
    except DocumentError as error:
        print(translate(_REFUSED).format(sentence=_refusal(error, translate)))
        if isinstance(error, ContradictionError):
            for file in keep_evidence(memory.state_file(log.name), (error.old.note, error.new.note)):
                print(translate(_EVIDENCE).format(file=file))
        return 1
    write_state(arguments.out, made.cosigned)
    print(_cosigned(made, party, arguments.out, translate))
    return 0


def _cosigned(made: Cosignature, party: Witness, out: Path, translate: Translate) -> str:
    checkpoint = made.signed.checkpoint
    return translate(_COSIGNED).format(
        origin=checkpoint.origin, size=checkpoint.size, name=party.verifier.name, grown=made.grown, file=out
    )


def _refusal(error: DocumentError, translate: Translate) -> str:
    if not isinstance(error, ContradictionError):
        return str(error)
    alarm = Alarm(
        code=AlarmCode(error.kind.value),
        old_size=error.old.checkpoint.size,
        new_size=error.new.checkpoint.size,
        evidence=(),
    )
    return alarm_sentence(alarm, translate)


def verify(arguments: argparse.Namespace, translate: Translate) -> int:
    """Judge a proof file without asking anybody. Raises `UnavailableError` or `OSError` for missing files."""
    log = key_of(arguments.key or str(arguments.home / PUBLISHED_KEY))
    witnesses = tuple(map(key_of, arguments.witness))
    check_keys(log, witnesses)
    with arguments.proof.open("rb") as file:
        data = file.read(MAX_PROOF_BYTES + 1)
    found = None if arguments.file is None else _sha256(arguments.file)
    try:
        proven = Proven.of(data, verifier=log, witnesses=witnesses)
    except DocumentError as error:
        print(translate(_UNPROVEN).format(sentence=error))
        return 1
    if found is not None and proven.entry.file_sha256 != found:
        sentence = translate(_NO_FILE if proven.entry.file_sha256 is None else _OTHER_FILE).format(file=arguments.file)
        print(translate(_UNPROVEN).format(sentence=sentence))
        return 1
    checkpoint = proven.checkpoint
    words = _words(proven.entry, translate)
    print(translate(_PROVEN).format(index=proven.index, origin=checkpoint.origin, size=checkpoint.size, **words))
    if found is not None:
        print(translate(_SAME_FILE).format(file=arguments.file))
    for name, moment in proven.cosigned:
        print(translate(_WITNESSED).format(name=name, moment=instant(moment)))
    print(translate(_NOT_SINCE))
    if not witnesses:
        print(translate(_NOT_WITNESSED))
    return 0


def key_of(given: str) -> NoteVerifier:
    """The key in a text ``name+hash+base64``, or in a file that holds it in one line. Raises `LogKeyError`."""
    try:
        return NoteVerifier.parse(given)
    except DocumentError as wrong:
        try:
            with Path(given).open("rb") as file:
                return NoteVerifier.parse(file.read(_MAX_KEY_BYTES).decode("utf-8").rstrip("\n"))
        except (OSError, ValueError, DocumentError) as error:
            because = error if not isinstance(error, OSError) else wrong if "+" in given else error.strerror
            raise LogKeyError(f"{given} is neither a key (NAME+HASH+BASE64) nor a file with one: {because}") from error


def instant(seconds: int) -> str:
    """A moment as ISO 8601 in UTC; the bare seconds since the epoch where no calendar reaches."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"@{seconds}"


def _words(entry: LogEntry, translate: Translate) -> dict[str, object]:
    return {
        "event": translate(EVENTS[entry.event]),
        "serial": _NONE if entry.serial is None else entry.serial,
        "effective": instant(entry.effective),
        "recorded": instant(entry.recorded),
    }


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _short(digest: bytes | None) -> str:
    return _NONE if digest is None else digest.hex()[:_SHOWN_DIGITS]

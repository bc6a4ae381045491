"""Whoever watches the log notices what its keeper does to it, and keeps what proves it."""

import base64
import dataclasses
import datetime
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.errors import UnavailableError
from registry.formats.logentry import Event, decode, encode
from verifier.logfiles import keep_evidence
from verifier.monitor import (
    TOLERANCE,
    Alarm,
    AlarmCode,
    Consistent,
    Monitor,
    MonitorStateError,
    Seen,
    Warned,
    WarningCode,
)

_spec = importlib.util.spec_from_file_location("fake_logs", Path(__file__).with_name("fake_logs.py"))
fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)

NOW = fakes.NOW


@pytest.fixture
def log(tmp_path):
    return fakes.FakeLog(tmp_path / "log")


def look(log, seen=None, *, now=NOW, **options):
    """All findings of one look, the last first said to be remembered."""
    findings = list(Monitor(reader=log.reader(), **options).step(seen or Seen(verifier=log.verifier), now=now))
    last = findings[-1]
    if isinstance(last, Consistent) and last.seen.signed is not None:
        # As between two runs: through the bytes of the state file.
        assert Seen.decode(last.seen.encode()) == last.seen
    return findings


def remembered(log, **options) -> Seen:
    return look(log, **options)[-1].seen


def codes(findings) -> list:
    return [finding.code for finding in findings if isinstance(finding, Alarm | Warned)]


def test_the_first_look_shows_every_entry_and_the_next_only_what_was_added(log) -> None:
    log.count(3)
    *added, last = look(log)
    assert [(one.index, one.entry.serial) for one in added] == [(0, 1000), (1, 1001), (2, 1002)]
    assert (last.added, last.seen.size) == (3, 3)
    log.grow(fakes.entry(3, event=Event.REVOKE, serial=1001))
    one, then = look(log, last.seen)
    assert (one.index, one.entry.event, one.entry.serial) == (3, Event.REVOKE, 1001)
    assert (then.added, then.seen.size) == (1, 4)
    (same,) = look(log, then.seen)
    assert (same.added, same.seen) == (0, then.seen)


def test_a_log_without_entries_is_consistent(log) -> None:
    log.count(0)
    (last,) = look(log)
    assert (last.added, last.seen.size) == (0, 0)


@pytest.mark.parametrize(("before", "after"), [(255, 256), (256, 257), (255, 513), (1, 600)])
def test_what_was_added_over_the_border_of_a_tile_is_shown_once(log, before, after) -> None:
    log.count(before)
    seen = remembered(log)
    log.count(after - before)
    *added, last = look(log, seen)
    assert [one.index for one in added] == list(range(before, after))
    assert last.seen.size == after


CONTRADICTIONS = {
    "rolled back": ((300, 200, 200), AlarmCode.ROLLED_BACK),
    "emptied": ((3, 0, 0), AlarmCode.ROLLED_BACK),
    "split view": ((300, 299, 300), AlarmCode.SPLIT_VIEW),
    "rewritten and grown": ((300, 100, 310), AlarmCode.INCONSISTENT),
    "an entry dropped, others added": ((300, 299, 700), AlarmCode.INCONSISTENT),
}


@pytest.mark.parametrize(("sizes", "code"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_log_that_contradicts_itself_is_an_alarm_with_both_checkpoints(log, tmp_path, sizes, code) -> None:
    seen_size, common, size = sizes
    log.count(seen_size)
    seen = remembered(log)
    other = log.fork(tmp_path / "other", common)
    other.grow(*(fakes.entry(50_000 + index) for index in range(common, size)))
    for _ in range(2):  # it is one again next time: what was seen does not change
        (alarm,) = look(other, seen)
        assert alarm.code is code
        assert (alarm.old_size, alarm.new_size) == (seen_size, size)
        assert alarm.evidence == (log.checkpoint(), other.checkpoint())


def test_files_that_do_not_fit_the_checkpoint_are_an_alarm(log) -> None:
    log.count(300)
    seen = remembered(log)
    log.count(10)
    data = bytearray(log.get("tile/entries/001.p/54"))
    data[-1] ^= 1
    log.put("tile/entries/001.p/54", bytes(data))
    (alarm,) = look(log, seen)
    assert (alarm.code, alarm.evidence) == (AlarmCode.FILES, (seen.signed.note, log.checkpoint()))
    assert "tile/entries/001.p/54" in alarm.detail


def test_a_checkpoint_of_another_key_is_an_alarm_and_no_evidence(log) -> None:
    log.count(3)
    seen = remembered(log)
    fakes.FakeLog(log.folder).count(4)
    (alarm,) = look(log, seen)
    assert (alarm.code, alarm.new_size, alarm.evidence) == (AlarmCode.CHECKPOINT, None, (seen.signed.note,))


def test_a_log_that_cannot_be_read_is_no_alarm_and_no_all_clear(log) -> None:
    log.count(3)
    log.remove("tile/entries/000.p/3")
    with pytest.raises(UnavailableError):
        look(log)
    log.remove("checkpoint")
    with pytest.raises(UnavailableError):
        look(log)


@pytest.mark.parametrize("data", [b"", b"\xa0", b"bukan catatan", fakes.entry(1) + b"\0"])
def test_an_entry_that_nobody_can_read_is_named_and_the_watch_goes_on(log, data) -> None:
    log.grow(fakes.entry(0), data, fakes.entry(2))
    first, alarm, third, last = look(log)
    assert (first.index, third.index) == (0, 2)
    assert (alarm.code, alarm.index, alarm.evidence) == (AlarmCode.ENTRY, 1, (log.checkpoint(),))
    assert isinstance(last, Consistent)
    assert codes(look(log, last.seen)) == []


def test_a_permit_issued_twice_is_an_alarm_in_one_look_and_across_two(log) -> None:
    log.grow(fakes.entry(0, serial=7), fakes.entry(1, serial=7))
    findings = look(log)
    (alarm,) = (one for one in findings if isinstance(one, Alarm))
    assert (alarm.code, alarm.index, alarm.serial) == (AlarmCode.ISSUED_TWICE, 1, 7)
    log.grow(fakes.entry(2, event=Event.SUSPEND, serial=7), fakes.entry(3, serial=8))
    seen = look(log, findings[-1].seen)[-1].seen
    log.grow(fakes.entry(4, serial=8))
    assert codes(look(log, seen)) == [AlarmCode.ISSUED_TWICE]


def test_a_permit_issued_without_a_serial_does_not_slip_through(log) -> None:
    log.grow(encode(dataclasses.replace(decode(fakes.entry(0)), serial=None)))
    assert codes(look(log)) == [AlarmCode.ENTRY]


def test_times_of_recording_may_go_back_a_little_and_no_further(log) -> None:
    start, tolerance = fakes.START, int(TOLERANCE.total_seconds())
    log.grow(fakes.entry(0, recorded=start), fakes.entry(1, recorded=start - tolerance))
    findings = look(log)
    assert codes(findings) == []
    log.grow(fakes.entry(2, recorded=start - tolerance - 1))
    warned = look(log, findings[-1].seen)
    assert codes(warned) == [WarningCode.BACK_IN_TIME]
    assert (warned[1].index, warned[1].recorded) == (2, start - tolerance - 1)
    assert isinstance(warned[-1], Consistent)


def test_a_time_to_come_is_a_warning_and_no_measure_for_those_that_follow(log) -> None:
    ahead = int((NOW + TOLERANCE).timestamp()) + 1
    log.grow(fakes.entry(0, recorded=ahead), fakes.entry(1, recorded=2**40 - 1), fakes.entry(2))
    now = int(NOW.timestamp())
    findings = look(log)
    assert codes(findings) == [WarningCode.AHEAD_OF_TIME, WarningCode.AHEAD_OF_TIME, WarningCode.BACK_IN_TIME]
    assert findings[-1].seen.recorded == now


def test_a_log_that_may_be_withheld_is_an_alarm_only_when_asked_for(log) -> None:
    log.grow(fakes.entry(0, recorded=int(NOW.timestamp())))
    day = datetime.timedelta(hours=24)
    assert codes(look(log, now=NOW + 9 * day)) == []
    assert codes(look(log, now=NOW + day, max_age=day)) == []
    late = look(log, now=NOW + day + datetime.timedelta(seconds=1), max_age=day)
    assert codes(late) == [AlarmCode.STALE]
    assert isinstance(late[-1], Consistent)


def test_a_known_witness_shows_the_checkpoint_to_be_young(log) -> None:
    log.grow(fakes.entry(0, recorded=int(NOW.timestamp())))
    signer, witness = fakes.witness_signer()
    day, later = datetime.timedelta(hours=24), NOW + datetime.timedelta(days=9)
    log.put("checkpoint", fakes.cosigned(log.checkpoint(), signer, now=later))
    assert codes(look(log, now=later, max_age=day)) == [AlarmCode.STALE]
    findings = look(log, now=later, max_age=day, witnesses=(witness,))
    assert codes(findings) == []
    assert findings[-1].cosigned == ((witness.name, int(later.timestamp())),)


def test_a_wrong_cosignature_by_a_known_witness_is_an_alarm(log) -> None:
    log.count(1)
    signer, witness = fakes.witness_signer()
    text, blank, line = fakes.cosigned(log.checkpoint(), signer).rpartition(b"\n\xe2\x80\x94 ")
    name, _, encoded = line.partition(b" ")
    signature = bytearray(base64.b64decode(encoded))
    signature[-1] ^= 1
    log.put("checkpoint", text + blank + name + b" " + base64.b64encode(signature) + b"\n")
    assert codes(look(log, witnesses=(witness,))) == [AlarmCode.CHECKPOINT]


def test_evidence_is_kept_once_and_never_overwritten(tmp_path) -> None:
    state = tmp_path / "log.json"
    first = keep_evidence(state, (b"satu", b"dua"))
    assert [path.read_bytes() for path in first] == [b"satu", b"dua"]
    assert keep_evidence(state, (b"dua", b"tiga"))[0] == first[1]
    assert len(list(tmp_path.iterdir())) == 3
    assert all(path.name.startswith("log.json.evidence-") for path in tmp_path.iterdir())


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> bytes:
    return remembered(fakes.FakeLog(tmp_path_factory.mktemp("state")).count(5)).encode()


@given(
    data=st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_a_damaged_state_raises_our_error_alone(data) -> None:
    with pytest.raises(MonitorStateError):
        Seen.decode(data)


@pytest.mark.parametrize("name", ["format", "key", "checkpoint", "recorded", "issued"])
@given(value=st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text()) | st.floats(allow_nan=False))
def test_a_state_with_one_value_changed_raises_our_error_alone(state, name, value) -> None:
    changed = json.dumps({**json.loads(state), name: value}).encode()
    try:
        Seen.decode(changed)
    except MonitorStateError:
        return
    assert name in ("recorded", "issued")


def test_a_state_whose_checkpoint_was_exchanged_is_refused(state, tmp_path) -> None:
    other = fakes.FakeLog(tmp_path).count(2).checkpoint().decode()
    with pytest.raises(MonitorStateError):
        Seen.decode(json.dumps({**json.loads(state), "checkpoint": other}).encode())


def test_entries_are_shown_while_they_are_read(log) -> None:
    log.count(600)
    log.remove("tile/entries/002.p/88")
    steps = Monitor(reader=log.reader()).step(Seen(verifier=log.verifier), now=NOW)
    assert [next(steps).index for _ in range(512)] == list(range(512))
    with pytest.raises(UnavailableError):
        next(steps)

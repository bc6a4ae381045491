"""The command that records the hand-over of a permit to the applicant."""

import argparse
import re
import sys
from typing import Final

from cli.recording import Memory, actor
from registry import handovers, lifecycle
from registry.formats.record import Status, state_at
from registry.formats.spoken import word
from registry.handovers import Capacity, Handover

_KTP_DIGITS: Final = 16
_MAX_LINE: Final = 200


def hand_over(memory: Memory, arguments: argparse.Namespace) -> int:
    """Record a hand-over; the number of the identity document is read, never taken from the command line."""
    with memory.database.read() as tx:
        permit = memory.permit(tx, arguments.permit)
        before = handovers.of_permit(tx, permit)
        state = state_at(lifecycle.history(tx, permit.id), memory.now)
    handover = Handover(
        recipient=arguments.recipient,
        capacity=Capacity(arguments.capacity),
        identity_kind=arguments.identity_kind,
        identity_number=_identity_number(memory, arguments.identity_kind),
        survey_done=arguments.survey_done,
        handed=memory.instant(arguments.at),
        actor=actor(arguments),
        note=arguments.survey_missing_because,
    )
    with memory.database.write() as tx:
        handovers.record(tx, permit=permit, handover=handover, now=memory.now)
    _, kind = memory.translate, word(permit.kind, memory.language)
    memory.say(
        _("Penyerahan {kind} {number} kepada {recipient} pada {moment} dicatat.").format(
            kind=kind, number=permit.number, recipient=handover.recipient, moment=memory.moment(handover.handed)
        )
    )
    if before:
        memory.warn(
            _(
                "{Kind} ini sudah diserahkan {count} kali, terakhir pada {moment}: yang ini tercatat sebagai salinan."
            ).format(Kind=kind[:1].upper() + kind[1:], count=len(before), moment=memory.moment(before[-1].handed))
        )
    if state is not None and state.status is not Status.IN_FORCE:
        memory.warn(_("Sekarang {kind} ini tidak berlaku: katakan itu kepada penerimanya.").format(kind=kind))
    ktp = handover.identity_kind.casefold() == "ktp"
    if ktp and not re.fullmatch(f"[0-9]{{{_KTP_DIGITS}}}", handover.identity_number, re.ASCII):
        memory.warn(_("Nomor KTP terdiri atas {count} angka; yang dimasukkan tidak.").format(count=_KTP_DIGITS))
    memory.announce()
    return 0


def _identity_number(memory: Memory, kind: str) -> str:
    if sys.stdin.isatty():
        print(memory.translate("Nomor {kind}: ").format(kind=kind), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(_MAX_LINE).strip()

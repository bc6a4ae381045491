"""Commands that record what an instrument orders about an issued permit."""

import argparse
from pathlib import Path
from typing import Final

from cli.recording import Memory, actor
from registry import lifecycle
from registry.formats.language import N_
from registry.formats.logentry import Event
from registry.formats.spoken import SpokenError, word
from registry.lifecycle import Order, Slip

MAX_DOCUMENT_MIB: Final = 20
_HEADER: Final = b"%PDF-"
_SIGNED: Final = b"/ByteRange"  # ISO 32000-1 12.8.1: every signature that covers bytes of its file has one

SENTENCES: Final = {
    Event.SUSPEND: "Izin {number} dibekukan mulai {moment}.",
    Event.REINSTATE: "Izin {number} berlaku kembali mulai {moment}.",
    Event.REVOKE: "Izin {number} dicabut mulai {moment}.",
    Event.ANNUL: "{Kind} {number} dibatalkan mulai {moment}.",
    Event.SUPERSEDE: "Izin {number} diganti dengan {successor} mulai {moment}.",
    Event.CORRECT: "Ralat {kind} {number} dicatat: {field} tercetak “{printed}”, seharusnya “{correct}”.",
}


class OrderDocumentError(SpokenError):
    """The file is no signed PDF."""

    catalogue = "cli"


def change(memory: Memory, arguments: argparse.Namespace) -> int:
    """Record one change of state or a correction."""
    document = None if arguments.document is None else signed_pdf(arguments.document)
    with memory.database.read() as tx:
        permit = memory.permit(tx, arguments.permit)
    order = Order(
        change=Event(arguments.action),
        reason=arguments.reason,
        legal_ground=arguments.legal_ground,
        decree_number=arguments.decree_number,
        decree_date=arguments.decree_date,
        effective=memory.instant(arguments.effective),
        actor=actor(arguments),
        # Kept before the row that names it: a row without its file could never be shown to anyone.
        decree_sha256=None if document is None else memory.home.documents().put(document),
        replaced_by=getattr(arguments, "replaced_by", None),
        slip=_slip(arguments),
    )
    with memory.database.write() as tx:
        lifecycle.change(tx, permit=permit, order=order, zone=memory.zone, now=memory.now)
    _, kind = memory.translate, word(permit.kind, memory.language)
    memory.say(
        _(SENTENCES[order.change]).format(
            kind=kind,
            Kind=kind[:1].upper() + kind[1:],
            number=permit.number,
            moment=memory.moment(order.effective),
            successor=order.replaced_by,
            field=getattr(arguments, "field", None),
            printed=getattr(arguments, "printed", None),
            correct=getattr(arguments, "correct", None),
        )
    )
    if document is None:
        memory.warn(
            _(
                "Naskah {decree} yang bertanda tangan belum disimpan: dengan --document naskahnya disimpan bersama "
                "perubahan ini."
            ).format(decree=order.decree_number)
        )
    memory.announce()
    return 0


def signed_pdf(path: Path) -> bytes:
    """The bytes of a signed PDF. Raises `OrderDocumentError`; whether its signature is right is not judged here."""
    limit = MAX_DOCUMENT_MIB * 1024 * 1024
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OrderDocumentError(
            N_("{path} lebih besar dari {limit} MiB. Serahkan naskah yang bertanda tangan saja."),
            path=str(path),
            limit=MAX_DOCUMENT_MIB,
        )
    if not data.startswith(_HEADER):
        raise OrderDocumentError(N_("{path} bukan PDF. Serahkan naskahnya sebagai PDF."), path=str(path))
    if _SIGNED not in data:
        raise OrderDocumentError(
            N_(
                "{path} belum bertanda tangan elektronik. Mintakan dahulu tanda tangannya, atau catat tanpa berkas ini."
            ),
            path=str(path),
        )
    return data


def _slip(arguments: argparse.Namespace) -> Slip | None:
    if arguments.action != Event.CORRECT.value:
        return None
    return Slip(field=arguments.field, printed=arguments.printed, correct=arguments.correct)

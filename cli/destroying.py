"""The command that destroys a permit's documents after retention."""

import argparse
import sys

import sqlalchemy as sa

from cli.home import MisuseError
from cli.recording import Memory, actor
from registry import destructions, proofs
from registry.destructions import Approval, Order
from registry.documents import DocumentStore
from registry.formats.language import N_
from registry.formats.spoken import SpokenError
from registry.instruments import Instrument


class RefusedDestructionError(SpokenError):
    """The command goes no further; nothing new was destroyed."""

    catalogue = "cli"


def destroy(memory: Memory, arguments: argparse.Namespace) -> int:
    """Record an approved destruction, then delete the files that it names."""
    documents = memory.home.documents()
    with memory.database.read() as tx:
        permit = memory.permit(tx, arguments.permit)
        before = destructions.is_destroyed(tx, permit.id)
    if before:
        _sweep(memory, documents, permit.number)
        raise RefusedDestructionError(
            N_("Dokumen izin {number} sudah pernah dimusnahkan. Berkas yang masih tertinggal sekarang sudah dihapus."),
            number=permit.number,
        )
    order = Order(
        ground=arguments.ground,
        approvals=tuple(
            Approval(person=person, title=title, letter=letter) for person, title, letter in arguments.approval
        ),
        minutes_number=arguments.minutes_number,
        minutes_date=arguments.minutes_date,
        actor=actor(arguments),
    )
    if not arguments.yes:
        _confirm(memory, permit.number)
    with memory.database.write() as tx:
        _require_published(tx, permit)
        destructions.destroy(tx, permit=permit, order=order, today=memory.today, now=memory.now)
    _sweep(memory, documents, permit.number)
    memory.say(
        memory.translate(
            "Dokumen izin {number} sudah dimusnahkan. Nomor, sidik (SHA-256) dan catatan lognya tetap ada."
        ).format(number=permit.number)
    )
    memory.announce()
    return 0


def _sweep(memory: Memory, documents: DocumentStore, number: str) -> None:
    destructions.sweep(memory.database, documents)
    memory.home.copy_of(number).unlink(missing_ok=True)


def _require_published(tx: sa.Connection, permit: Instrument) -> None:
    """Nothing that still waits for the log may lose its content: its record could never be made again."""
    if any(event.proof is None for event in proofs.of_instrument(tx, permit.id)):
        raise RefusedDestructionError(
            N_("Belum semua catatan tentang izin {number} tercakup dalam log. Umumkan dahulu (`absah log publish`)."),
            number=permit.number,
        )


def _confirm(memory: Memory, number: str) -> None:
    _ = memory.translate
    if not sys.stdin.isatty():
        raise MisuseError(N_("Pemusnahan ditanyakan dahulu di terminal. Tanpa terminal, pastikan dengan --yes."))
    print(
        _("Dokumen izin ini akan hilang untuk selamanya. Ketik nomornya untuk melanjutkan: "),
        end="",
        file=sys.stderr,
        flush=True,
    )
    if sys.stdin.readline().strip() != number:
        raise RefusedDestructionError(
            N_("Nomor yang diketik bukan {number}. Tidak ada yang dimusnahkan."), number=number
        )

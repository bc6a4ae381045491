"""The command that destroys a permit's documents after retention."""

import argparse
import sys

import sqlalchemy as sa

from cli.home import ConfigurationError
from cli.recording import Memory, actor
from registry import destructions, proofs
from registry.destructions import Approval, DestructionError, Order
from registry.instruments import Instrument


def destroy(memory: Memory, arguments: argparse.Namespace) -> int:
    """Record an approved destruction, then delete the files that it names."""
    documents = memory.home.documents()
    with memory.database.read() as tx:
        permit = memory.permit(tx, arguments.permit)
        before = destructions.is_destroyed(tx, permit.id)
    if before:
        destructions.sweep(memory.database, documents)
        raise DestructionError(
            f"the documents of {permit.number} were destroyed before; files that a broken run left are deleted now"
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
    destructions.sweep(memory.database, documents)
    memory.say(
        memory.translate(
            "Dokumen izin {number} sudah dimusnahkan. Nomor, sidik (SHA-256) dan catatan lognya tetap ada."
        ).format(number=permit.number)
    )
    memory.announce()
    return 0


def _require_published(tx: sa.Connection, permit: Instrument) -> None:
    """Nothing that still waits for the log may lose its content: its record could never be made again."""
    if any(event.proof is None for event in proofs.of_instrument(tx, permit.id)):
        raise DestructionError(
            f"the log does not cover all that was recorded about {permit.number} yet: publish it first "
            "(`absah log publish`)"
        )


def _confirm(memory: Memory, number: str) -> None:
    _ = memory.translate
    if not sys.stdin.isatty():
        raise ConfigurationError("a destruction is asked about on a terminal; without one, confirm it with --yes")
    print(
        _("Dokumen izin ini akan hilang untuk selamanya. Ketik nomornya untuk melanjutkan: "),
        end="",
        file=sys.stderr,
        flush=True,
    )
    if sys.stdin.readline().strip() != number:
        raise DestructionError(f"the number that was typed is not {number}: nothing was destroyed")

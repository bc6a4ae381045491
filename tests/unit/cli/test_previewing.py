"""The preview that follows its file: drawn again at every change, and no page of an earlier draft among the new."""

import argparse
import datetime
import json
from pathlib import Path

import pytest

from cli import previewing
from templates import packs

NOW = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)


def test_a_changed_file_is_drawn_again_and_pages_that_are_gone_do_not_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long, short = (packs.pack(name).samples()[0].read_bytes() for name in ("pencabutan", "pengganti"))
    file, out = tmp_path / "keputusan.json", tmp_path / "draf.png"
    file.write_bytes(long)
    steps = iter([json.dumps({**json.loads(long), "public": {}}).encode(), short])
    seen = []

    def pause(_: float) -> None:
        seen.append(sorted(path.name for path in tmp_path.glob("*.png")))
        try:
            file.write_bytes(next(steps))
        except StopIteration:
            raise KeyboardInterrupt from None

    words = argparse.Namespace(file=file, out=out, home=tmp_path / "home", watch=True, lang="id")
    with pytest.raises(KeyboardInterrupt):
        previewing.run(words, clock=lambda: NOW, pause=pause)
    three = ["draf-1.png", "draf-2.png", "draf-3.png"]
    assert seen == [three, three, ["draf.png"]], "a refused file leaves the draft before it"
    said = capsys.readouterr()
    assert "Pratinjau 3 halaman" in said.out
    assert "SALAH" in said.err

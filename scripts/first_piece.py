"""Put the first piece of README.md there again: what `bandroid compose --seed 12` prints, its piano roll, its page.

python -m scripts.first_piece       after the style that is the default was made again
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from bandroid import terminal
from bandroid.cli import app
from bandroid.render.engraving import svg_to_png

ROOT = Path(__file__).resolve().parent.parent
SEED = 12
_BEGIN, _END = "```\nrock, seed", "```\n"
_PAGE_WIDTH_PX = 1000


def main() -> None:
    """Compose in a folder that is thrown away, and write README.md and its two pictures."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        printed = io.StringIO()
        with redirect_stdout(printed):
            words = ["compose", "--seed", str(SEED)]
            assert terminal.run(lambda: app(words, standalone_mode=False, prog_name="bandroid")) == 0
        made = Path("bandroid-out", f"rock-{SEED}")
        pictures = ROOT / "docs" / "images"
        shutil.copyfile(made / "pictures" / f"rock-{SEED}-1.png", pictures / f"rock-{SEED}-piano-roll.png")
        page = (made / "score" / f"rock-{SEED}-1-page-1.svg").read_text(encoding="utf-8")
        (pictures / f"rock-{SEED}-score.png").write_bytes(svg_to_png(page, _PAGE_WIDTH_PX))
        os.chdir(ROOT)
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(_BEGIN, 1)
    after = rest.split(_END, 1)[1]
    readme.write_text(f"{before}```\n{printed.getvalue()}{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

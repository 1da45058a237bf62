"""`bandroid` and `python -m bandroid`: the whole process, Ctrl-C included from the first import on."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    try:
        from bandroid import terminal

        def work() -> object:
            from bandroid.cli import app

            return app(standalone_mode=False, prog_name="bandroid")

        status = terminal.run(work)
        terminal.deafen()
    except KeyboardInterrupt:  # before terminal.run could see to it, or while it wrote its last words
        status = 130
    if status == 130:
        # Python would end itself by the signal where Ctrl-C came amid certain C code: then no status at all.
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()

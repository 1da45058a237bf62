"""`bandroid` and `python -m bandroid`: the whole process, Ctrl-C included from the first import on."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    try:
        from bandroid import terminal

        def work() -> object:
            from bandroid.cli import app

            return app(standalone_mode=False, prog_name="bandroid")

        status = terminal.run(work)
    except KeyboardInterrupt:  # between the imports above and terminal.run's own care
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()

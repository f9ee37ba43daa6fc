"""``tessera``: the platform from a terminal. `tessera --help` lists the commands, the README their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from tessera import errors
from tessera._version import __version__
from tessera.cli import _shell, account, calls, provider

app = typer.Typer(name="tessera", help="AI capabilities: find them, call them, bring your own.", no_args_is_help=True,
                  epilog=_shell.EXIT_CODES, pretty_exceptions_enable=False, rich_markup_mode=None,
                  context_settings={"help_option_names": ["-h", "--help"]})


def _version(wanted: bool) -> None:
    if wanted:
        _shell.out(__version__)
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True,
                                       help="Print the version.")) -> None:
    """AI capabilities: find them, call them, bring your own."""


account.add_to(app)
calls.add_to(app)
provider.add_to(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code; `tessera.cli._shell.EXIT_CODES` says what each means."""
    try:
        found = app(args=list(arguments) if arguments is not None else None, prog_name="tessera",
                    standalone_mode=False)
        return found if isinstance(found, int) else _shell.OK
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except Exception as error:
        words, code = getattr(error, "format_message", None), getattr(error, "exit_code", None)
        if callable(words) and isinstance(code, int):  # wrong usage, as typer tells it
            _shell.say(f"tessera: {words()}")
            return code
        if not isinstance(error, errors.TesseraError | _shell.Stop | OSError | ValueError):
            raise
        if str(error):
            _shell.say(f"tessera: {error}")
        return _shell.exit_code(error)


def run() -> None:
    """The command's entry point."""
    sys.exit(main())


__all__ = ["app", "main", "run"]

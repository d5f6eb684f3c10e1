"""``python -m churn`` and the ``churn`` command: runs the command line and turns errors into one paragraph."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import textwrap

from churn.display import speaks_unicode
from churn.errors import ChurnError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 cannot be used, 2 wrong command line, 70 a bug, 130 interrupted."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Output into a file on Windows is cp1252: an id or a bar that it does not know is no reason to fail.
        if isinstance(stream, io.TextIOWrapper) and not speaks_unicode(stream):
            stream.reconfigure(errors="replace")
    try:
        from churn.cli import app

        result = app(args=arguments, prog_name="churn", standalone_mode=False)
        sys.stdout.flush()
        return _interrupted() if result == 130 else int(result or 0)
    except ChurnError as error:
        _show(error, as_json="--json" in arguments)
        return 1
    except BrokenPipeError:  # the reader has seen enough: churn features | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as error:
        return _other(error, as_json="--json" in arguments)


def _interrupted() -> int:
    print("\nInterrupted; earlier results are untouched.", file=sys.stderr)  # noqa: T201
    return 130


def _show(error: ChurnError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": str(error)}}))  # noqa: T201
    text = textwrap.fill(f"Error: {error}", 110, break_long_words=False, break_on_hyphens=False)
    print(text, file=sys.stderr)  # noqa: T201


def _other(error: Exception, *, as_json: bool) -> int:
    import typer

    if isinstance(error, typer.Abort):
        return _interrupted()
    if hasattr(error, "show") and hasattr(
        error, "exit_code"
    ):  # a wrong command line, of whichever click is in use
        error.show()
        return int(error.exit_code)
    if os.environ.get("CHURN_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        told = ChurnError(
            "There is no room left on the disk",
            given=error.filename,
            fix="Make room, then run the command again; earlier results are untouched.",
            code="disk-full",
        )
        _show(told, as_json=as_json)
        return 1
    if isinstance(error, OSError) and error.filename:
        told = ChurnError(
            f"{error.filename}: {(error.strerror or 'cannot be used').lower()}",
            fix="Name another file or folder, or mend its permissions.",
            code="file-access",
        )
        _show(told, as_json=as_json)
        return 1
    print(  # noqa: T201
        f"This is a bug in churn: {type(error).__name__}: {error}\nSet CHURN_DEBUG=1 to see where it happened.",
        file=sys.stderr,
    )
    return 70


if __name__ == "__main__":
    main()

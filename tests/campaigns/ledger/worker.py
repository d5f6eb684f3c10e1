"""A worker as delivery works: claims, hands over to a file, records; it kills itself where it is told to.

``python worker.py URL RECEIVER WHERE TIME LEASE``: WHERE is a moment, at whose TIME-th coming it dies by SIGKILL, or
``nowhere``.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys

from churn.campaigns.ledger import open_ledger

LEASE = 0.3
MOMENTS = ("open", "claim", "half", "deliver", "record")
ON = dt.date(2026, 1, 12)


def hand_over(receiver: str, keys: list[str]) -> None:
    """Append keys to the receiver's file; short appends are whole."""
    handle = os.open(receiver, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for key in keys:
        os.write(handle, f"{key}\n".encode())
    os.close(handle)


def main(url: str, receiver: str, where: str, nth: int = 1, lease: float = LEASE) -> None:
    """Work until nothing is due."""
    passed = dict.fromkeys(MOMENTS, 0)

    def moment(name: str) -> None:
        passed[name] += 1
        if name == where and passed[name] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_ledger(url) as ledger:
        moment("open")
        while True:
            claims = ledger.claim("winter", None, ON, 5, f"worker {os.getpid()}", lease)
            if not claims:
                return
            moment("claim")
            keys = [c.key for c in claims]
            hand_over(receiver, keys[:2])
            moment("half")
            hand_over(receiver, keys[2:])
            moment("deliver")
            ledger.sent(claims)
            moment("record")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))

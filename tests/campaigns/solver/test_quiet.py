"""What compiled code prints is dropped inside the block, and nothing else."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from churn.campaigns.solver.quiet import quiet

CODE = """
import ctypes
from churn.campaigns.solver.quiet import quiet
clib = ctypes.CDLL(None)
print("before")
clib.printf(b"kept\\n")
with quiet():
    clib.printf(b"noise\\n")
clib.printf(b"kept too\\n")
clib.fflush(None)
print("after")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not done there")
def test_noise_is_dropped_also_where_output_is_buffered():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n") == ["before", "kept", "kept too", "after", ""]


@pytest.mark.skipif(sys.platform == "win32", reason="not done there")
def test_output_comes_back_after_an_error(capfd):
    def fails():
        with quiet():
            ctypes.CDLL(None).puts(b"noise")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    os.write(1, b"heard")
    assert capfd.readouterr().out == "heard"

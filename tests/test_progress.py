from __future__ import annotations

import threading

import pytest

from churn.progress import listening, report, show_progress


def test_nobody_listens_nothing_happens(capsys):
    report("Reading", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_the_innermost_listener_hears_and_the_outer_one_is_back_afterwards():
    heard = []
    with listening(lambda *a: heard.append(("outer", *a))):
        report("a")
        with listening(lambda *a: heard.append(("inner", *a))):
            report("b", 1, 2)
        report("c")
    report("d")
    assert heard == [("outer", "a", 0, 0), ("inner", "b", 1, 2), ("outer", "c", 0, 0)]


def test_an_error_inside_ends_the_listening():
    heard = []
    with pytest.raises(ValueError, match="stop"), listening(lambda *a: heard.append(a)):
        raise ValueError("stop")
    report("a")
    assert heard == []


def test_a_thread_does_not_speak_to_the_listener_of_another():
    heard = []
    with listening(lambda *a: heard.append(a)):
        thread = threading.Thread(target=report, args=("a",))
        thread.start()
        thread.join()
    assert heard == []


def test_progress_is_shown_on_standard_error_only(capsys):
    with show_progress():
        report("Reading orders")
        report("Computing signals", 1, 2)
        report("Computing signals", 2, 2)
        report("Reading orders")  # the same words again
    out, err = capsys.readouterr()
    assert out == ""
    assert "Reading orders" in err
    assert "2/2" in err or "✓ Computing signals" in err


def test_what_ended_early_does_not_look_unfinished(capsys):
    with show_progress():
        report("Finding the number of trees", 200, 600)
    assert "200/600" not in capsys.readouterr().err


def test_an_error_passes_through_the_bars(capsys):
    def fail() -> None:
        with show_progress():
            report("Reading", 1, 2)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    report("Reading", 2, 2)
    assert "2/2" not in capsys.readouterr().err

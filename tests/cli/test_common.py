import json

from churn.cli.common import print_json, print_result, progress
from churn.progress import report
from churn.retention.rate import retention_rate


def test_a_result_is_text_for_a_reader_and_json_for_a_script(capsys):
    rate = retention_rate(1000, 900, 200)
    print_result(rate, False)
    assert "70.0 %" in capsys.readouterr().out
    print_result(rate, True)
    assert 1000 in json.loads(capsys.readouterr().out).values()


def test_json_keeps_letters_and_writes_dates_as_text(capsys):
    import datetime as dt

    print_json({"wer": "Müller", "wann": dt.date(2024, 5, 31)})
    assert json.loads(capsys.readouterr().out) == {"wer": "Müller", "wann": "2024-05-31"}


def test_progress_is_silent_for_a_script(capsys):
    with progress(quiet=True):
        report("Reading", 1, 2)
    out = capsys.readouterr()
    assert out.out == out.err == ""
    with progress(quiet=False):
        report("Reading", 1, 2)
    assert "Reading" in capsys.readouterr().err

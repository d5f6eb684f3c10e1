import pytest

from churn.errors import ParameterError
from churn.model.jobs import run_jobs
from churn.progress import listening, report


def double(task, step):
    for _ in range(2):
        report("inside", 1, 2)
        step()
    if task == "wrong":
        raise ParameterError("It is wrong")
    return 2 * task


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_in_order_and_one_progress_for_all(jobs):
    told = []
    with listening(lambda *x: told.append(x)):
        assert run_jobs("Doubling", double, [3, 1, 2], jobs=jobs, steps=[2, 2, 2]) == [6, 2, 4]
    assert told[0] == ("Doubling", 0, 6)
    assert told[-1] == ("Doubling", 6, 6)
    assert {t[0] for t in told} == {"Doubling"}  # what the parts report is not shown
    assert [t[1] for t in told] == sorted(t[1] for t in told)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_comes_through(jobs):
    with pytest.raises(ParameterError, match="It is wrong"):
        run_jobs("Doubling", double, [1, "wrong"], jobs=jobs, steps=[2, 2])

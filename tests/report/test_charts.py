from churn.report import charts


def test_everything_that_is_named_is_there():
    assert all(callable(getattr(charts, name)) for name in charts.__all__)
    assert charts.__all__ == sorted(charts.__all__, key=lambda n: (n[0].islower(), n))

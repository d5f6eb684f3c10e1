import importlib.metadata

from churn.version import __version__


def test_the_installed_distribution_has_this_version():
    assert importlib.metadata.version("churn-signals") == __version__

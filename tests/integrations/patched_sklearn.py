"""A plugin of pytest that makes the patch, so that scikit-learn's own tests run under it:

PYTHONPATH=tests/integrations python -m pytest -p patched_sklearn --pyargs sklearn.neural_network
"""

import pytest

import fastact.sklearn

patched = fastact.sklearn.patch()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    still = fastact.sklearn._PATCH.active
    terminalreporter.write_line(f"the patch was {'made until the end' if still else 'lost'}")

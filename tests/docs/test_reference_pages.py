"""The reference has every public name: functions by their records, the rest on pages written by hand."""

from pathlib import Path

import pytest

import fastact
from fastact import functions

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.skipif(not REFERENCE.exists(), reason="no docs in the source tree")
def test_every_public_name_is_there():
    text = "\n".join(page.read_text("utf-8") for page in REFERENCE.glob("*.rst"))
    others = set(fastact.__all__) - functions.records.keys() - functions.aliases.keys()
    assert len(others) > 10
    assert [name for name in sorted(others) if f"fastact.{name}" not in text and name != "__version__"] == []

"""coefficients.py is what its script gives: in its text, and in the numbers of a selection that is refitted here.

`python -m fastact.numerics.fit --check` refits all, in about a minute of processor time; the gate does it.
"""

import datetime
import re
import runpy

import pytest

from fastact.numerics import fit

CHEAP = [part for part in fit.PARTS.values() if fit.cost(part) <= 3]
OTHERS = [part for part in fit.PARTS.values() if fit.cost(part) > 3]
#: Every day another of those that take a second or more.
TODAY = OTHERS[datetime.datetime.now(datetime.UTC).toordinal() % len(OTHERS)]


@pytest.fixture(scope="module")
def refitted():
    return [(part, *part.compute()) for part in [*CHEAP, TODAY]]


def test_numbers_are_those_of_the_fit(refitted):
    assert fit.check(refitted) == []


def test_every_part_stands_in_the_file():
    namespace = runpy.run_path(str(fit.FILE))
    assert [str(part) for part in fit.PARTS.values() if fit.found(namespace, part) is None] == []
    sections = [name for name in namespace if name in fit.SECTIONS]
    places = [(s, name, dtype) for s in sections for name, types in namespace[s].items() for dtype in types]
    assert places == list(fit.PARTS)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("0.16667008", "0.16667009", "POLYNOMIALS: exp_reduced, float32 is not what fit.py gives: 0.16667009 stands where"),
        (", 0.16667008)", ")", "POLYNOMIALS: exp_reduced, float32 is not what fit.py gives: another count of numbers"),
        ("-6.7869735e-08", "-6.786974e-08", "POWERS: powers_low, float32 is not what fit.py gives"),
        ("0x517cc1b7", "0x517cc1b8", "INVERSE_PI is not what fit.py gives"),
        ('    "sinc_tail": {', '    "sinc_tale": {', "POLYNOMIALS: sinc_tail, float32 is missing"),
        ("# (2^f - 1) / f", "# nearly (2^f - 1) / f", "the text is not what fit.py writes"),
    ],
)
def test_an_edit_is_found(refitted, tmp_path, old, new, complaint):
    text = fit.FILE.read_text()
    assert old in text
    edited = tmp_path / "coefficients.py"
    edited.write_text(text.replace(old, new, 1))
    lines = fit.check(refitted, edited)
    assert re.search(re.escape(complaint), lines[0]), lines
    assert all(line.startswith("coefficients.py: ") for line in lines)


def test_the_command_says_what_differs(tmp_path, monkeypatch, capsys):
    edited = tmp_path / "coefficients.py"
    edited.write_text(fit.FILE.read_text().replace("0.5000162", "0.5000163", 1))
    monkeypatch.setattr(fit, "FILE", edited)
    monkeypatch.setattr(fit, "compute_all", lambda parts: [(part, *part.compute()) for part in parts])
    with pytest.raises(SystemExit, match=r"exp_reduced, float32 .* 0\.5000163 stands where the fit gives"):
        fit.main(["--check", "exp_reduced"])
    with pytest.raises(SystemExit, match="there is no exp_reducd"):
        fit.main(["--check", "exp_reducd"])
    fit.main(["ln2_high"])
    assert "0.6931471805598903" in capsys.readouterr().out

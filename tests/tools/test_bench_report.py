"""What measurements come to."""

import pytest

from fastact.runtime.processor import Identity
from fastact.tools.bench import report
from fastact.tools.bench.workspace import Setting
from fastact.tools.directions import Direction
from fastact.tools.peers import torch


def test_what_measurements_come_to(cell):
    two = Setting(threads=2)
    bound = {"copy": 50.0, "floor": 80.0}
    slower = cell("tanh", 0.5, Direction.BACKWARD, size=999, **bound)
    cells = [cell("relu", 2, **bound), cell("relu", 8, size=1000, **bound), slower]
    found = report.means(cells, [16, 1000])
    rounded = {title: {key: tuple(round(v, 9) for v in pair) for key, pair in line.items()} for title, line in found.items()}
    assert rounded == {
        "all": {"NumPy": (2, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "forward": {"NumPy": (4, 2), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "backward": {"NumPy": (0.5, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "16": {"NumPy": (2, 2), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
        "1,000": {"NumPy": (2, 0.5), "time / copy": (2, 2), "time / floor": (1.25, 1.25)},
    }
    assert report.gains(cells, [16, 1000]) == {}
    shared = [cell(c.name, 2, c.direction, c.elements, setting=two, **bound) for c in cells]
    for c, nanoseconds in zip(shared, (100.0, 50.0, 12.5), strict=True):
        c.times["fastact"] = nanoseconds
    assert report.gains([*cells, *shared], [16, 1000]) == {str(two): {"16": (1, 1), "1,000": (4, 2)}}
    page = report.page([*cells, *shared], [16, 1000], "A title", {"CPU": "abacus"}, "the command", 1e-3)
    assert page.startswith("# A title\n")
    for line in (
        "    the command",
        "- CPU: abacus",
        "| float32, out=, 2 threads | 1.00 (1.00) | 4.00 (2.00) |",
        "| all | 2.00 (0.50) | 2.00 (2.00) | 1.25 (1.25) |",
        "| backward | **0.50** (0.50) | 2.00 (2.00) | 1.25 (1.25) |",
        "| relu | 2.00 | 8.00 | 1.25 | 1.25 |",
        "| tanh |  | **0.50** |  | 1.25 |",
        "- tanh backward, 999 elements: NumPy 0.50",
    ):
        assert f"\n{line}\n" in page


@pytest.mark.parametrize("vendor", ["AuthenticAMD", "GenuineIntel", ""])
def test_what_is_slow_on_amd(cell, monkeypatch, vendor):
    """Beside PyTorch's mean stands that without what MKL computes slowly there."""
    monkeypatch.setattr(report, "identity", lambda: Identity(vendor, 0x19, 0x11))
    cells = [cell("relu", 3, copy=50.0, floor=80.0), cell("tanh", 3, copy=50.0, floor=80.0)]
    for c, ratio in zip(cells, (2, 8), strict=True):
        c.times.update(torch=100.0 * ratio, scipy=700.0)
    found = report.means(cells, [16])["all"]
    assert found["PyTorch"] == (pytest.approx(4), 2)
    expected = ["NumPy", "PyTorch", *([report.WITHOUT_SLOW] if vendor == "AuthenticAMD" else []), "SciPy", *report.OWN]
    assert list(found) == expected
    page = report.page(cells, [16], "", {}, "", 1e-3)
    assert ("- **AMD.** PyTorch's tanh, erf and exp" in page) == (vendor == "AuthenticAMD")
    if vendor == "AuthenticAMD":
        assert found[report.WITHOUT_SLOW] == (2, 2)
        assert report.WITHOUT_SLOW not in report.means(cells[1:], [16])["all"]


def test_which_statements_are_slow_on_amd():
    slow = {name for name, s in torch.ACTIVATIONS.items() if torch.slow_on_amd(s.forward)}
    assert slow == {"tanh", "exponential", "tanh_shrink", "erf"}
    assert torch.slow_on_amd(torch.ACTIVATIONS["tanh"].backward)
    assert not torch.slow_on_amd(torch.ACTIVATIONS["tanh"].from_output)
    assert not torch.slow_on_amd(None)

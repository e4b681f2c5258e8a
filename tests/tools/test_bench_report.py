"""What measurements come to."""

from fastact.tools.bench import report
from fastact.tools.bench.workspace import Setting
from fastact.tools.directions import Direction


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
    page = report.page([*cells, *shared], [16, 1000], {"CPU": "abacus"}, "the command", 1e-3)
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

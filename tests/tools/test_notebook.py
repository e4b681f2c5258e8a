"""What a notebook shows: HTML that is well-formed, small, escaped, and drawn of the function itself."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import fastact
from fastact.tools.notebook import svg

OWN = fastact.define("where(x < 0, a * x, log1p(x))", parameters={"a": 0.1}, name="kinked")


def tree(shown):
    return ElementTree.fromstring(shown)


def words(element):
    return " ".join("".join(element.itertext()).split())


def paths(element):
    """The points of each curve in a picture, the two of the legend left out."""
    found = [path.get("d") for path in element.iter("path")][2:]
    return [[tuple(map(float, point.split())) for point in re.split("[ML]", d) if point] for d in found]


@pytest.mark.parametrize("function", [*fastact.activations.values(), OWN, OWN.derivative], ids=lambda f: f.name)
def test_every_activation(function):
    shown = function._repr_html_()
    assert len(shown) < 9000
    told = words(tree(shown))
    assert function.name in told
    assert function.info.formula in told.replace("\n", " ")
    assert all(name in told for name in function.params)
    assert "nan" not in shown.lower().replace("elsewhere nan", "")
    function_points, derivative_points = paths(tree(shown))
    assert len(function_points) >= 2
    assert len(derivative_points) >= 2


def test_what_is_told():
    told = words(tree(fastact.gelu._repr_html_()))
    assert "gelu: Gaussian error linear unit" in told
    assert "−0.169971 to ∞" in told
    assert "not monotonic, smooth, zero-centred, not identity near 0" in told
    assert "at most 2 ULP, of the derivative at most 4 ULP" in told
    assert "parameter" not in told
    assert "not proved: range" in words(tree(OWN._repr_html_()))
    assert "0 to 1, elsewhere NaN" in words(tree(fastact.logit._repr_html_()))


def test_the_curve_is_the_function():
    """Pixels, taken back to numbers by the lines at whole numbers, are points of the function."""
    shown = tree(fastact.relu6._repr_html_())
    picture = next(shown.iter("svg"))
    curve, _ = paths(shown)
    places = {words(t): float(t.get("x")) for t in picture.findall("text") if t.get("text-anchor") == "middle"}
    x_unit, x_zero = (places["4"] - places["−4"]) / 8, (places["4"] + places["−4"]) / 2
    left, top = (float(picture.find("svg").get(name)) for name in ("x", "y"))
    heights = {words(t): float(t.get("y")) - 4 for t in picture.findall("text") if t.get("text-anchor") == "end"}
    y_unit = (heights["4"] - heights["2"]) / 2
    for a, b in curve:
        x, y = (left + a - x_zero) / x_unit, (top + b - heights["2"]) / y_unit + 2
        assert y == pytest.approx(fastact.relu6(x), abs=0.02)
    assert len(curve) == 3  # two straight lines


def test_jumps_are_open():
    shown = tree(fastact.binary_step._repr_html_())
    circles = [circle.get("fill") for circle in shown.iter("circle")]
    assert circles.count("none") == 1
    step = [path.get("d") for path in shown.iter("path")][2]
    assert step.count("M") == 2


def test_what_grows_is_clipped():
    assert "1e+" not in fastact.exponential._repr_html_()
    steep = fastact.define("exp(100 * x)", name="steep")
    picture = tree(steep._repr_html_())
    assert max(abs(value) for curve in paths(picture) for point in curve for value in point) <= 5000


def test_no_ids_and_no_styles_that_notebooks_share():
    shown = fastact.silu._repr_html_()
    assert not re.search(r"\bid=|<style|<script|url\(", shown)
    assert "currentColor" in shown


def test_needs_no_other_package():
    code = (
        "import sys\n"
        "for name in ('matplotlib', 'rich', 'IPython'): sys.modules[name] = None\n"
        "import fastact\n"
        "before = {n for n in sys.modules if n.startswith('fastact.tools')}\n"
        "with fastact.monitor() as m: fastact.relu(1.0)\n"
        "assert not before, before\n"
        "assert '<svg' in fastact.relu._repr_html_() and '<svg' in m._repr_html_()\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_class_is_no_activation():
    assert "_repr_html_" in vars(fastact.Activation)
    assert fastact.sigmoid._repr_html_() != fastact.tanh._repr_html_()


# ---- a monitor ------------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(rng):
    x = rng.normal(size=(64, 8))
    with fastact.monitor() as m:
        for k, name in enumerate(("<b>first</b> & last", "x" * 90)):
            with m.name(name):
                h = fastact.relu(x)
                fastact.relu.backward(np.full_like(h, 1e-3**k), y=h)
        with m.name("flat"):
            fastact.sigmoid(100 * x)
            fastact.gelu(np.array([np.inf]))
    return m


def test_monitor(watched):
    shown = watched._repr_html_()
    root = tree(shown)
    assert "<b>" not in shown
    rows = [[words(cell) for cell in row] for row in root.iter("tr")]
    assert rows[0][:3] == ["where", "activation", "calls"]
    assert len({len(row) for row in rows}) == 1
    assert [row[0] for row in rows[1:]] == [record.label for record in watched]
    assert rows[1][5] == f"{next(iter(watched)).zeros:.1%}"
    bars = list(root.iter("rect"))
    assert len(bars) > 8
    assert all(float(bar.get("width")) >= 0.5 for bar in bars)
    zeros = next(bar for bar in bars)
    assert float(zeros.get("width")) == pytest.approx(120 * next(iter(watched)).zeros, abs=0.06)


def test_monitor_that_saw_nothing():
    root = tree(fastact.monitor()._repr_html_())
    assert len(list(root.iter("tr"))) == 1
    assert not list(root.iter("svg"))


# ---- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((-5, 5), [-4, -2, 0, 2, 4]), ((-0.3, 0.1), [-0.3, -0.2, -0.1, 0, 0.1])],
    ids=["share", "around 0", "small"],
)
def test_ticks(ends, ticks):
    assert svg.Scale(*ends, 0, 100).ticks() == pytest.approx(ticks)


def test_ticks_of_logarithms():
    assert svg.Scale(1e-9, 1, 0, 90, log=True).ticks(5) == pytest.approx([1e-9, 1e-7, 1e-5, 1e-3, 1e-1])
    assert svg.Scale(1e-9, 1, 0, 90, log=True)(1e-3) == pytest.approx(60)


def test_thinned_curves_keep_their_shape():
    x = np.linspace(0, 300, 1001)
    y = 100 * np.sin(x / 20)
    points = svg._thinned(np.column_stack([x, y]))
    assert len(points) < 300
    steepness = np.hypot(1, 5 * np.cos(x / 20))  # what is off by height is off by less at a right angle
    assert (np.abs(np.interp(x, *points.T) - y) / steepness).max() < 0.06
    assert len(svg._thinned(np.column_stack([x, 2 * x]))) == 2

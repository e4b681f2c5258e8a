"""The formulas as JavaScript give what the definitions give, with the default parameters and with others."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fastact import functions
from fastact.tools import reference

DOCS = Path(__file__).parents[2] / "docs"
STATIC = DOCS / "_static"
NODE = shutil.which("node") or shutil.which("nodejs")
X = np.concatenate([np.linspace(-6, 6, 97), [-2e-5, 3e-7, 0.5, 30.0, -30.0]])

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="no docs in the source tree")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no node here")


@pytest.fixture(scope="module")
def live():
    path = DOCS / "_extensions" / "live_gallery.py"
    spec = importlib.util.spec_from_file_location("live_gallery", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameter_sets(live, entry):
    """The defaults, and values about the middle of the sliders' halves."""
    defaults = [p.default for p in entry.parameters]
    sliders = list(map(live.slider, entry.parameters))
    sets = [defaults]
    for share in (0.3, 0.8):
        values = [s["low"] + share * (s["high"] - s["low"]) for s in sliders]
        sets.append(sorted(values) if entry.ordered else values)
    return sets if defaults else [[]]


@pytest.fixture(scope="module")
def computed(live, tmp_path_factory):
    """What node gives of all activations, by name: for each set of parameters the values and the slopes."""
    asked = {}
    for name, entry in functions.entries.items():
        names = [p.name for p in entry.parameters]
        asked[name] = [dict(zip(names, values, strict=True)) for values in parameter_sets(live, entry)]
    ask = f"""
        const x = {json.dumps(X.tolist())}, asked = {json.dumps(asked)}, found = {{}};
        const text = (number) => String(number);
        for (const name in asked)
          found[name] = asked[name].map((p) => [x.map((at) => text(activations[name].value(at, p))),
                                                x.map((at) => text(activations[name].slope(at, p)))]);
        console.log(JSON.stringify(found));"""
    program = tmp_path_factory.mktemp("javascript") / "ask.js"
    program.write_text("\n".join([(STATIC / "mathematics.js").read_text("utf-8"), live.script(functions.entries), ask]), "utf-8")
    done = subprocess.run([NODE, program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return {
        name: np.array(sets, dtype=object).astype(np.float64)  # float() of Python's knows NaN, and inf by Infinity
        for name, sets in json.loads(done.stdout).items()
    }


@needs_node
@pytest.mark.parametrize("name", functions.entries)
def test_the_javascript_is_the_definition(live, computed, name):
    for values, (found, slopes) in zip(parameter_sets(live, functions.entries[name]), computed[name], strict=True):
        with np.errstate(all="ignore"):
            wanted, slope, _ = reference.wide(name, X, *values)
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
            inside = np.isfinite(wanted)
            np.testing.assert_allclose(slopes[inside], slope[inside], rtol=1e-9, atol=1e-12)


@needs_node
@pytest.mark.parametrize("file", ["mathematics.js", "live_gallery.js"])
def test_a_script_can_be_read(file):
    done = subprocess.run([NODE, "--check", STATIC / file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", functions.entries)
def test_a_slider_has_its_default_between_its_ends(live, name):
    for parameter in functions.entries[name].parameters:
        slider = live.slider(parameter)
        assert slider["low"] <= slider["value"] <= slider["high"]
        assert slider["low"] < slider["high"]
        assert all(parameter.admits(slider[end]) for end in ("low", "high"))


@pytest.mark.parametrize("formula", ["x.real", "print(x)", "[x]", "x and 1", "lambda: x"])
def test_what_is_no_definition_is_an_error(live, formula):
    with pytest.raises(ValueError, match="a definition can't contain"):
        live.javascript(formula)


def test_no_script_asks_for_anything():
    """No page needs the network."""
    for file in (*STATIC.glob("*"), DOCS / "conf.py"):
        assert "://" not in file.read_text("utf-8").replace("http://www.w3.org/", "")

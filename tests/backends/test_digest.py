"""The tool that compares two builds: it gives the same twice, and finds what has changed."""

import subprocess
import sys
from pathlib import Path

import digest
import machine_code
import numpy as np
import pytest

from fastact import backends

COMPILED = [name for name in machine_code.ASSEMBLY if name in backends.available()]


def hash_of(*values):
    d = digest.Digest()
    d.add(*values)
    return str(d)


@pytest.mark.parametrize(
    "only", ["bits numpy sigmoid backward", "bits numpy softmax forward float32 axis", "api sig", "error numpy relu"]
)
def test_same_twice(only):
    found = digest.digests(["numpy"], only=only)
    assert found
    assert digest.digests(["numpy"], only=only) == found


def test_every_kind_of_item_is_there():
    keys = [key for key, _ in digest.items(["numpy"], digest.KINDS)]
    assert len(set(keys)) == len(keys)
    starts = {" ".join(key.split(" ")[:4]) for key in keys}
    assert {
        "bits numpy gelu forward",
        "bits numpy prelu backward-bias",
        "bits numpy swiglu backward",
        "bits numpy logsumexp backward",
        "bits numpy cross_entropy value-and-grad",
        "error numpy relu forward-out",
        "api relu",
        "doc relu.backward",
    } <= starts


def test_a_changed_result_is_found(monkeypatch, tmp_path, capsys):
    """One unit in the last place, of a few elements of one formula."""
    only = "bits numpy tanh "
    before = digest.digests(["numpy"], only=only)
    tanh = np.tanh
    monkeypatch.setattr(np, "tanh", lambda x: np.where(np.abs(x - 1) < 0.01, np.nextafter(tanh(x), 2), tanh(x)))
    after = digest.digests(["numpy"], only=only)
    assert "different bits numpy tanh forward float64 contiguous" in digest.compare(before, after)
    files = [tmp_path / "before.txt", tmp_path / "after.txt"]
    for file, found in zip(files, (before, after), strict=True):
        file.write_text("".join(f"{key} {value}\n" for key, value in found.items()))
    assert digest.main(["compare", *map(str, files)]) == 1
    assert "different bits numpy tanh forward float64 contiguous\n" in capsys.readouterr().out
    assert digest.main(["compare", str(files[0]), str(files[0])]) == 0


def test_a_changed_error_is_found(monkeypatch):
    only = "error numpy softmax backward-axis"
    before = digest.digests(["numpy"], only=only)
    monkeypatch.setattr(np.exceptions, "AxisError", IndexError)
    assert digest.compare(before, digest.digests(["numpy"], only=only)) == [f"different {key}" for key in before]


def test_missing_and_new():
    assert digest.compare({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ["missing   a", "new       c"]


def test_what_a_hash_sees():
    x = np.array([1, 0, np.nan], np.float32)
    other_nan = x.copy()
    other_nan.view(np.uint32)[2] = 0xFFC12345
    assert hash_of(x) == hash_of(other_nan)
    zero = x.copy()
    zero[1] = -0.0
    different = [x, zero, x.astype(np.float64), x[:2], x.reshape(1, 3), np.repeat(x, 2)[::2], list(x), (x,), x[0], 1.0]
    assert len({hash_of(value) for value in different}) == len(different)


def test_names_without_their_module():
    assert digest.bare("__pyx_f_5loops_relu_forward_float32") == "relu_forward_float32"
    assert digest.bare("__pyx_f_7fastact_8backends_6native_5loops_row_exp_float64.part.0") == "row_exp_float64.part.0"
    assert digest.bare("memset@plt") == "memset"
    error = TypeError("fastact.kernels.engine.FastPath.backward() takes no keywords")
    assert digest.told(error) == "TypeError: backward() takes no keywords"


def test_command_line(tmp_path):
    """In a process of its own, where strings have other hashes."""
    file, only = tmp_path / "digest.txt", "bits numpy relu forward int8"
    command = [sys.executable, digest.__file__, "write", str(file), "--backend", "numpy", "--no-code", "--only", only]
    subprocess.run(command, check=True, cwd=Path(digest.__file__).parents[2], env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."})
    assert digest.read(file)[1] == digest.digests(["numpy"], only=only)


@pytest.mark.skipif(not COMPILED or machine_code.OBJDUMP is None, reason="needs compiled kernels and objdump")
def test_a_changed_constant_of_the_machine_code_is_found(tmp_path):
    def found(path):
        items = {}
        for key, run in digest.code(name, path):
            d = digest.Digest()
            run(d)
            items[key] = str(d)
        return items

    name = COMPILED[0]
    path = digest.module_of(name)
    before = found(path)
    data = bytearray(path.read_bytes())
    for length, _, offset in digest.Constants(path)._sections:
        data[offset : offset + length] = bytes(255 - byte for byte in data[offset : offset + length])
    changed = tmp_path / path.name
    changed.write_bytes(data)
    differences = digest.compare(before, found(changed))
    assert f"different code {name} sigmoid_forward_float32" in differences
    assert f"different code {name} identity_forward_float32" not in differences

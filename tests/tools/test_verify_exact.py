"""`python -m fastact verify --exact`: what it proves, what it finds, and that it goes on where it was stopped."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

import fastact
from fastact.__main__ import main
from fastact.tools import reference
from fastact.tools.directions import BOTH, Direction
from fastact.tools.verify import blocks, bounds, workers
from fastact.tools.verify.blocks import Block
from fastact.tools.verify.bounds import Bound
from fastact.tools.verify.proof import LISTED, Wrong, as_json, from_json, merge
from fastact.tools.verify.tasks import Task

BACKEND = fastact.backend()


def block(name, start, stop, dtype="float32", directions=BOTH):
    return Block(Task(name, dtype, (), start=start, stop=stop), tuple((BACKEND, direction) for direction in directions))


def bits(x):
    return int(np.array(x, np.float32).view(np.uint32))


@pytest.fixture
def altered(monkeypatch):
    """Has the narrower results pass through a function."""

    def alter(change):
        original = blocks.of_backend

        def of_backend(backend, name, dtype, **options):
            found = original(backend, name, dtype, **options)
            if dtype == "float64":
                return found
            return dataclasses.replace(found, forward=lambda x: change(x, found.forward(x)))

        monkeypatch.setattr(blocks, "of_backend", of_backend)

    return alter


@pytest.mark.parametrize(
    ("name", "start"), [("exponential", bits(1)), ("silu", bits(-1.2784)), ("mish", bits(0.3)), ("relu", 1000)]
)
def test_right_results_are_proved(name, start):
    """The second one is at the zero of the derivative."""
    for proof in block(name, start, start + 40_000).run():
        assert (proof.inputs, proof.wrong, proof.unsound) == (40_000, 0, 0)
        assert proof.decided <= 20
        assert not proof.complete


def test_a_wrong_result_is_found(altered):
    at = bits(1.7)

    def one_off(x, y):
        y.view(np.uint32)[x.view(np.uint32) == at] += 1
        return y

    altered(one_off)
    forward, backward = block("tanh", at - 20_000, at + 20_000).run()
    right = bits(np.tanh(np.float64(np.float32(1.7))))
    assert forward.listed == (Wrong(at, right + 1, right),)
    assert (forward.wrong, forward.unsound, backward.wrong) == (1, 0, 0)
    assert not forward.passed


def test_many_wrong_results(altered):
    altered(lambda x, y: np.nextafter(y, np.float32(2)))
    (proof,) = block("tanh", bits(0.5), bits(0.5) + 3000, directions=[Direction.FORWARD]).run()
    assert proof.wrong == 3000
    assert len(proof.listed) == LISTED
    assert proof.unsound == 0


def test_a_zero_of_the_wrong_sign(altered):
    altered(lambda x, y: np.where(y == 0, -y, y))
    start = bits(-120)
    (proof,) = block("exponential", start, start + 1000, directions=[Direction.FORWARD]).run()
    assert proof.wrong == 1000
    assert proof.listed[0] == Wrong(start, 1 << 31, 0)


def test_numbers_where_there_are_none(altered):
    """NaN is right outside the domain, and nothing else."""
    start = bits(1.5)
    (proof,) = block("logit", start, start + 1000, directions=[Direction.FORWARD]).run()
    assert (proof.wrong, proof.decided) == (0, 0)
    altered(lambda x, y: np.where(x == 1.5, np.float32(7), y))
    (proof,) = block("logit", start, start + 1000, directions=[Direction.FORWARD]).run()
    assert (proof.wrong, proof.listed[0].x, proof.listed[0].got) == (1, start, bits(7))


def test_what_is_next_to_a_middle_goes_to_mpmath(monkeypatch):
    """(x + 1)^2 / 4 of 1 + 2^-11 and the like is the middle between two numbers."""
    asked = []
    original = blocks.right_results

    def right_results(name, direction, x, computed):
        asked.extend(x.tolist())
        return original(name, direction, x, computed)

    monkeypatch.setattr(blocks, "right_results", right_results)
    x = 2.0**-12
    (proof,) = block("sparse_plus", bits(x) - 50, bits(x) + 50, directions=[Direction.FORWARD]).run()
    assert x in asked
    assert proof.decided == len(asked) < 5
    assert proof.wrong == 0


def test_a_bound_that_does_not_hold(monkeypatch, altered):
    """Samples show it; so does a result that is right though the bound says that it is not."""
    with np.errstate(all="ignore"):
        used = blocks.Prover("tanh", "float32", Direction.FORWARD, [BACKEND]).used()
        assert 0 < used < 0.5
        monkeypatch.setattr(bounds, "RESERVE", 1e-3)
        assert blocks.Prover("tanh", "float32", Direction.FORWARD, [BACKEND]).used() > 0.5
    proof = dataclasses.replace(block("tanh", 1000, 1001).run()[0], inputs=2 * 0x7F800000)
    assert proof.passed
    assert not dataclasses.replace(proof, used=0.6).passed
    assert not dataclasses.replace(proof, unsound=1).passed
    original = blocks.of_backend

    def wrong_in_float64(backend, name, dtype, **options):
        found = original(backend, name, dtype, **options)
        return dataclasses.replace(found, forward=lambda x: found.forward(x) * (1 + 1e-6)) if dtype == "float64" else found

    monkeypatch.setattr(blocks, "of_backend", wrong_in_float64)
    assert block("tanh", bits(0.5), bits(0.5) + 100).run()[0].unsound > 50


@pytest.mark.parametrize("direction", BOTH)
@pytest.mark.parametrize(
    "name", ["silu", "sinusoid", "sinc", "gelu", "srelu", "hard_sigmoid", "log1mexp", "exponential", "snake"]
)
def test_the_bound_of_a_chunk_is_no_less_than_those_of_its_elements(name, direction):
    bound = Bound(name, direction)
    rng = np.random.default_rng(0)
    starts = [*rng.integers(0x30000000, 0x4B000000, 5), *rng.integers(0xB0000000, 0xCB000000, 5)]
    with np.errstate(all="ignore"):
        for start in starts:
            x = reference.from_bits(np.arange(start, start + 5000), np.float32)
            y, d, _ = reference.wide(name, x, *reference.defaults(name))
            computed = y if direction == Direction.FORWARD else d
            if not np.isnan(computed).any():
                assert bound.of_chunk(x, computed) >= bound.error(x).max()


def test_digests():
    """Of the bits, whatever the order of the blocks; every NaN counts as the same."""
    parts = [block("logit", start, start + 500) for start in (bits(0.75), bits(1) - 200, bits(-1))]
    found = [merge([proof for i in order for proof in parts[i].run()]) for order in ((0, 1, 2), (2, 0, 1))]
    assert [p.digests for p in found[0]] == [p.digests for p in found[1]]
    forward, _ = found[0]
    x = reference.from_bits(np.arange(bits(0.75), bits(0.75) + 500), np.float32)
    assert forward.digests[bits(0.75)] == hashlib.sha256(fastact.backends.load(BACKEND).exact.logit(x)).hexdigest()
    assert forward.digests[bits(-1)] == hashlib.sha256(np.full(500, np.nan, np.float32)).hexdigest()
    assert forward.digest is None
    whole = dataclasses.replace(forward, inputs=2 * 0x7F800000)
    in_order = b"".join(bytes.fromhex(forward.digests[start]) for start in sorted(forward.digests))
    assert whole.digest == hashlib.sha256(in_order).hexdigest()
    assert from_json(json.loads(json.dumps(as_json(forward), allow_nan=False))) == forward


@pytest.mark.skipif(BACKEND == "numpy", reason="there is one backend only")
def test_backends_that_differ(altered):
    """What is computed once serves both; each has the digest of its own results."""
    start, at = bits(0.5), bits(0.5) + 30_000
    calls = []

    def change(x, y):
        calls.append(x.size)
        if len(calls) % 2 == 0:  # the other backend's turn
            y = np.where(x.view(np.uint32) == at, np.float32(7), y)
        return y

    altered(change)
    wanted = tuple((backend, Direction.FORWARD) for backend in (BACKEND, "numpy"))
    one, other = Block(Task("relu", "float32", (), start=start, stop=start + 40_000), wanted).run()
    x = reference.from_bits(np.arange(start, start + 40_000), np.float32)
    assert (one.wrong, other.wrong, other.listed[0].x) == (0, 1, at)
    assert one.digests[start] == hashlib.sha256(x).hexdigest()
    assert other.digests[start] == hashlib.sha256(np.where(x.view(np.uint32) == at, np.float32(7), x)).hexdigest()


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(capsys):
    """Runs the command and gives its exit status and what it printed."""

    def run(*arguments):
        status = main(["verify", "--exact", "--backend", BACKEND, "--jobs", "1", *arguments])
        return status, capsys.readouterr().out

    return run


def test_the_command(shown, tmp_path):
    file = tmp_path / "proofs.json"
    status, text = shown("relu", "swish", "--dtype", "float16", "--json", str(file))
    assert status == 0, text
    assert "Every result is the real value, correctly rounded." in text
    found = json.loads(file.read_text())
    assert (found["fastact"], found["disagreements"]) == (fastact.__version__, [])
    proofs = [from_json(proof) for proof in found["proofs"]]
    assert {(p.name, p.direction) for p in proofs} == {(name, direction) for name in ("relu", "silu") for direction in BOTH}
    assert {(p.backend, p.dtype, p.inputs, p.passed) for p in proofs} == {(BACKEND, "float16", 2 * 0x7C00, True)}
    assert all(p.digest[:16] in text for p in proofs)


def test_it_goes_on_where_it_was_stopped(shown, tmp_path, monkeypatch):
    whole, file = tmp_path / "whole.json", tmp_path / "proofs.json"
    assert shown("tanh", "--dtype", "float16", "--json", str(whole))[0] == 0
    original, done = workers.measure, []

    def measure(work, jobs, stop=None):
        for one in original(work[:stop], jobs):
            done.append(one[0].task.start)
            yield one
        if stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(workers, "measure", lambda work, jobs: measure(work, jobs, 1))
    status, text = shown("tanh", "--dtype", "float16", "--json", str(file))
    assert status == 130
    assert "50% of the inputs" in text
    assert "correctly rounded." not in text
    monkeypatch.setattr(workers, "measure", measure)
    assert shown("tanh", "--dtype", "float16", "--json", str(file))[0] == 0
    assert done == [0, 0x8000]
    assert json.loads(file.read_text())["proofs"] == json.loads(whole.read_text())["proofs"]
    assert shown("tanh", "relu", "--dtype", "float16", "--json", str(file))[0] == 0
    assert done == [0, 0x8000, 0, 0x8000]
    assert len(json.loads(file.read_text())["proofs"]) == 4


def test_exceptions_are_told(shown, tmp_path, altered):
    def wrong(x, y):
        y[x == 1.5] = 3
        return y

    altered(wrong)
    file = tmp_path / "proofs.json"
    status, text = shown("relu", "--dtype", "float16", "--json", str(file))
    assert status == 1
    assert f"WRONG: relu forward, float16, {BACKEND}: at 1.5 (0x3e00): 3.0 (0x4200), where 1.5 (0x3e00) is right" in text
    assert json.loads(file.read_text())["proofs"][0]["listed"] == [{"x": "3e00", "got": "4200", "right": "3e00"}]


def test_wrong_command_lines(capsys, tmp_path):
    other, old = tmp_path / "other.json", tmp_path / "old.json"
    other.write_text('{"results": []}')
    old.write_text('{"fastact": "0.0.1", "proofs": []}')
    for arguments, said in [
        (["tanh", "--exhaustive"], "argument --exact: goes with neither --exhaustive nor --parameters"),
        (["elu", "--parameters"], "argument --exact: goes with neither --exhaustive nor --parameters"),
        (["tanh", "--dtype", "float64"], "float64 is what --exact rounds"),
        (["tahn"], "did you mean 'tanh'"),
        (["tanh", "--json", "no/such/directory/proofs.json"], "there is no directory"),
        (["tanh", "--json", str(other)], "holds no proofs of verify --exact; name another file"),
        (["tanh", "--json", str(old)], "holds proofs of fastact 0.0.1, this is"),
    ]:
        with pytest.raises(SystemExit) as caught:
            main(["verify", "--exact", *arguments])
        assert caught.value.code == 2
        assert said in capsys.readouterr().err

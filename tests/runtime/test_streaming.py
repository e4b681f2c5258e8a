"""From what size on results are streamed: by processor and caches, by the environment; and that the engine goes by that."""

import pytest
from processes import python

import fastact
from fastact.runtime import streaming
from fastact.runtime.caches import Cache
from fastact.runtime.processor import Identity, identity
from fastact.runtime.streaming import NEVER, Streaming, rule

KIB, MIB = 1 << 10, 1 << 20
SERVER, ZEN_4 = Identity("GenuineIntel", 6, 143), Identity("AuthenticAMD", 0x19, 0x11)


def known(second=0, third=0, shared=1):
    told = Cache(2, second, 2), Cache(3, third, shared)
    return {cache.level: cache for cache in told if cache.nbytes}


@pytest.mark.parametrize(
    ("who", "caches", "limit", "sharers"),
    [
        (SERVER, known(2 * MIB, 300 * MIB, 128), 12 * MIB, 1),
        (SERVER, known(2 * MIB, 105 * MIB, 2), 12 * MIB, 1),
        (Identity("GenuineIntel", 6, 183), known(2 * MIB, 36 * MIB, 32), 36 * MIB, 32),
        (Identity("GenuineIntel", 6, 183), known(2 * MIB, 12 * MIB, 12), 12 * MIB, 1),
        (SERVER, known(1 * MIB), 6 * MIB, 1),
        (SERVER, known(0, 32 * MIB, 16), 32 * MIB, 16),
        (SERVER, known(0, 300 * MIB, 16), 600 * MIB, 1),
        (SERVER, {}, 64 * MIB, 1),
        (ZEN_4, known(1 * MIB, 32 * MIB, 16), 48 * MIB, 16),
        (ZEN_4, known(1 * MIB, 96 * MIB, 16), 144 * MIB, 16),
        (Identity("AuthenticAMD", 0x17, 0x71), known(512 * KIB, 16 * MIB, 8), 24 * MIB, 8),
        (Identity("HygonGenuine", 0x18, 1), known(512 * KIB, 8 * MIB, 8), 12 * MIB, 8),
        (ZEN_4, known(1 * MIB), 64 * MIB, 1),
        (Identity("AuthenticAMD", 0x15, 2), known(2 * MIB, 6 * MIB, 8), 64 * MIB, 1),
        (Identity("CentaurHauls", 7, 91), known(256 * KIB, 48 * MIB, 8), 96 * MIB, 1),
    ],
)
def test_rule(who, caches, limit, sharers):
    assert rule(who, caches)[:2] == (limit, sharers)


def test_without_such_stores():
    assert rule(Identity(), known(MIB, 32 * MIB)).limit == NEVER


def test_in_words():
    words = "from 12 MiB on that each thread reads and writes, twice that where much is computed (why)"
    assert str(Streaming(12 * MIB, 1, "why")) == words
    assert str(Streaming(48 * MIB, 16, "why")).startswith("from 48 MiB on that 16 threads read and write")
    assert str(Streaming(NEVER, 1, "why")) == "never (why)"


@pytest.mark.parametrize(
    ("text", "limit"), [("0", 0), ("7", 7 * MIB), (" 100 ", 100 * MIB), ("never", NEVER), ("Never ", NEVER), ("8388608", 1 << 43)]
)
def test_environment(monkeypatch, text, limit):
    monkeypatch.setenv(streaming.VARIABLE, text)
    assert streaming._override(Streaming(48 * MIB, 16, "")) == Streaming(limit, 1 if limit == NEVER else 16, streaming.VARIABLE)


@pytest.mark.parametrize("text", ["-1", "1.5", "always", "8388609", "9" * 40])
def test_a_broken_variable(monkeypatch, text):
    monkeypatch.setenv(streaming.VARIABLE, text)
    suits = Streaming(48 * MIB, 16, "measured")
    with pytest.warns(RuntimeWarning, match=rf"^{streaming.VARIABLE}='{text}' is not .* it stays at 48$"):
        assert streaming._override(suits) == suits


def test_what_cannot_stream_does_not(monkeypatch):
    never = Streaming(NEVER, 1, "no such stores")
    monkeypatch.setenv(streaming.VARIABLE, "7")
    assert streaming._override(never) == never
    monkeypatch.setenv(streaming.VARIABLE, "-7")
    with pytest.warns(RuntimeWarning, match="it stays at never$"):
        assert streaming._override(never) == never


def test_the_engine_goes_by_it():
    engine = pytest.importorskip("fastact.backends.native.engine.elementwise")
    grain, *limits = engine._set_sizes(1, 1)
    assert engine._set_sizes(grain, *limits) == (1, 1, 1)
    assert limits == list(streaming.streaming()[:2])


@pytest.mark.skipif(not identity().vendor, reason="needs compiled kernels for x86-64")
def test_caches_reach_the_engine():
    """From the environment to the limit that `show_config` shows, and to what the engine uses."""
    code = """
import fastact
from fastact.backends.native.engine import elementwise
print(elementwise._set_sizes(1, 1)[1:])
fastact.show_config()
"""
    ran = python("-c", code, FASTACT_L2_KB="1024", FASTACT_L3_MB="65", FASTACT_STREAM_FROM_MB="77")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"({77 * MIB}, ")
    assert "level 2 1 MiB" in ran.stdout
    assert "level 3 65 MiB" in ran.stdout
    assert "from 77 MiB" in ran.stdout


def test_on_the_numpy_backend():
    ran = python("-m", "fastact", FASTACT_BACKEND="numpy")
    assert "streamed:     nothing, by NumPy" in ran.stdout


def test_show_config(capsys):
    fastact.show_config()
    text = capsys.readouterr().out
    assert "\ncaches: " in text
    assert "\nstreamed: " in text

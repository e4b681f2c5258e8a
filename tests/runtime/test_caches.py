"""The processor's caches, as whoever tells of them tells: from recorded registers, folders and records, not from this machine."""

import os
import struct

import pytest
from processes import python

from fastact.runtime import caches
from fastact.runtime.caches import Cache, from_cpuid, from_sysctl, from_sysfs, from_windows
from fastact.runtime.processor import Identity, identify, no_cpuid

KIB, MIB = 1 << 10, 1 << 20
INTEL = (0x756E6547, 0x6C65746E, 0x49656E69)  # EBX, ECX, EDX of leaf 0
AMD = (0x68747541, 0x444D4163, 0x69746E65)
HYGON = (0x6F677948, 0x656E6975, 0x6E65476E)
NOTHING = (0, 0, 0, 0)

#: Leaf 4 of a virtual machine of 2 processors on an Intel server (model 207: Sapphire Rapids' cores, more of level 3).
SAPPHIRE_RAPIDS = {
    (0, 0): (0x20, *INTEL),
    (1, 0): (0x000C06F2, 0x01020800, 0xFFFA3203, 0x1F8BFBFF),
    (4, 0): (0x04000121, 0x02C0003F, 0x0000003F, 0x00000000),
    (4, 1): (0x04000122, 0x01C0003F, 0x0000003F, 0x00000000),
    (4, 2): (0x04000143, 0x03C0003F, 0x000007FF, 0x00000000),
    (4, 3): (0x04004163, 0x04C0003F, 0x0003BFFF, 0x00000004),
    (0x80000000, 0): (0x80000008, 0, 0, 0),
    (0x80000001, 0): (0, 0, 0x121, 0x2C100800),
}


def zen(version, second_sets, third, features=0x75C237FF):
    """The registers of a processor of AMD: leaf 0x8000001D, and in leaf 4 nothing."""
    return {
        (0, 0): (0x10, *AMD),
        (1, 0): (version, 0, 0, 0),
        (0x80000000, 0): (0x80000023, 0, 0, 0),
        (0x80000001, 0): (version, 0, features, 0),
        (0x8000001D, 0): (0x00004121, 0x01C0003F, 0x0000003F, 0),
        (0x8000001D, 1): (0x00004122, 0x01C0003F, 0x0000003F, 0),
        (0x8000001D, 2): (0x00004143, 0x01C0003F, second_sets, 2),
        (0x8000001D, 3): third,
    }


ZEN_2 = zen(0x00870F10, 0x3FF, (0x0001C163, 0x03C0003F, 0x3FFF, 1))
ZEN_3 = zen(0x00A20F10, 0x3FF, (0x0003C163, 0x03C0003F, 0x7FFF, 1))
ZEN_4 = zen(0x00A10F11, 0x7FF, (0x0003C163, 0x03C0003F, 0x7FFF, 1))
#: Caches that an emulator has left at 0, and one of level 0.
ZEROS = {
    **SAPPHIRE_RAPIDS,
    (4, 0): (0x21, 0, 0, 0),
    (4, 1): (0x43, 0, 0, 0),
    (4, 2): (0x03, 0x03C0003F, 0x7FF, 0),
    (4, 3): NOTHING,
}

MACHINES = {
    "Sapphire Rapids": (SAPPHIRE_RAPIDS, Identity("GenuineIntel", 6, 207), [(48 * KIB, 1), (2 * MIB, 1), (300 * MIB, 2)]),
    "Zen 2": (ZEN_2, Identity("AuthenticAMD", 0x17, 0x71), [(32 * KIB, 2), (512 * KIB, 2), (16 * MIB, 8)]),
    "Zen 3": (ZEN_3, Identity("AuthenticAMD", 0x19, 0x21), [(32 * KIB, 2), (512 * KIB, 2), (32 * MIB, 16)]),
    "Zen 4": (ZEN_4, Identity("AuthenticAMD", 0x19, 0x11), [(32 * KIB, 2), (1 * MIB, 2), (32 * MIB, 16)]),
    "Hygon": ({**ZEN_2, (0, 0): (0xD, *HYGON)}, None, [(32 * KIB, 2), (512 * KIB, 2), (16 * MIB, 8)]),
    "AMD without the extension": (zen(0x00A10F11, 0x7FF, NOTHING, features=0), None, []),
    "AMD without the leaf": ({**ZEN_4, (0x80000000, 0): (0x80000008, 0, 0, 0)}, None, []),
    "without leaf 4": ({**SAPPHIRE_RAPIDS, (0, 0): (2, *INTEL)}, None, []),
    "leaf 4 is empty": ({**SAPPHIRE_RAPIDS, (4, 0): NOTHING}, None, []),
    "zeros": (ZEROS, None, []),
}


@pytest.fixture(autouse=True)
def many_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 128)


def cpuid_of(registers):
    return lambda leaf, part: registers.get((leaf, part), NOTHING)


def in_order(*expected):
    return {level: Cache(level, *cache) for level, cache in enumerate(expected, 1)}


@pytest.mark.parametrize(("registers", "who", "expected"), MACHINES.values(), ids=MACHINES)
def test_cpuid(registers, who, expected):
    assert from_cpuid(cpuid_of(registers)) == in_order(*expected)
    assert who in (None, identify(cpuid_of(registers)))


def test_no_cpuid():
    assert from_cpuid(no_cpuid) == {}
    assert identify(no_cpuid) == Identity()
    assert str(Identity()) == ""


def test_what_makers_are_known():
    makers = {
        vendor: Identity(vendor, 0x19, 1) for vendor in ("GenuineIntel", "AuthenticAMD", "HygonGenuine", "CentaurHauls", "")
    }
    assert [vendor for vendor, who in makers.items() if who.amd] == ["AuthenticAMD", "HygonGenuine"]
    assert [vendor for vendor, who in makers.items() if who.intel] == ["GenuineIntel"]
    assert str(makers["AuthenticAMD"]) == "AuthenticAMD family 25 model 1"


@pytest.mark.parametrize("registers", [(0x04004163, 0x04C0003F, 0x3BFFF, 4), (0xFFFFFFFF,) * 4, (1, 0, 0, 0), (0x21, 0, 0, 0)])
def test_a_hypervisor_that_answers_the_same_to_all(registers):
    """It neither goes on for ever nor believes that."""

    def cpuid(leaf, part):
        return (0x20, *INTEL) if leaf == 0 else registers

    assert all(131 * KIB < cache.nbytes < 1 << 36 for cache in from_cpuid(cpuid).values())


def test_no_more_share_than_there_are(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert from_cpuid(cpuid_of(ZEN_4))[3] == Cache(3, 32 * MIB, 2)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert from_cpuid(cpuid_of(ZEN_4))[3] == Cache(3, 32 * MIB, 16)


def folder_of(root, number, *caches):
    """What Linux tells of one processor's caches."""
    for index, facts in enumerate(caches):
        folder = root / f"cpu{number}" / "cache" / f"index{index}"
        folder.mkdir(parents=True)
        for name, text in zip(("level", "type", "size", "shared_cpu_list"), facts, strict=True):
            if text is not None:
                (folder / name).write_text(f"{text}\n")
    return root


GRAVITON = ((1, "Data", "64K", "3"), (1, "Instruction", "64K", "3"), (2, "Unified", "1024K", "3"), (3, "Unified", "32M", "0-63"))


def test_sysfs(tmp_path):
    root = folder_of(tmp_path, 3, *GRAVITON)
    (root / "cpu3" / "cache" / "uevent").write_text("")
    expected = in_order((64 * KIB, 1), (MIB, 1), (32 * MIB, 64))
    assert from_sysfs(str(root), [3]) == expected
    assert from_sysfs(str(root), [0, 3]) == expected, "of processor 0 nothing is told"
    assert from_sysfs(str(root), [0, 1]) == {}
    assert from_sysfs(str(root), []) == {}
    assert from_sysfs(str(tmp_path / "missing"), [0]) == {}


@pytest.mark.parametrize(
    "broken",
    [
        (2, "Unified", "0K", "0"), (2, "Unified", "", "0"), (2, "Unified", "many", "0"), (2, "Unified", "-1K", "0"),
        (2, "Unified", "1M", "0-x"), (2, "Unified", None, "0"), (2, None, "1M", "0"), (2, "Unified", "1M", None),
        ("two", "Unified", "1M", "0"), (9, "Unified", "1M", "0"), (2, "Unified", "99999999G", "0"),
    ],
)  # fmt: skip
def test_sysfs_that_is_broken(tmp_path, broken):
    """Of a cache of which not all is told nothing is known; the others stay."""
    root = folder_of(tmp_path, 0, GRAVITON[0], broken, GRAVITON[3])
    assert sorted(from_sysfs(str(root), [0])) == [1, 3]


@pytest.mark.parametrize(("shared", "count"), [("0", 1), ("0-3", 4), ("0-3,8-11", 8), ("5,7", 2), ("", 1), ("9-2", 1)])
def test_sysfs_shared_by(tmp_path, shared, count):
    root = folder_of(tmp_path, 0, (2, "Unified", "1M", shared))
    assert from_sysfs(str(root), [0]) == {2: Cache(2, MIB, count)}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity")
def test_in_a_set_of_processors():
    """As in a container that was given some processors only: nothing breaks, and the caches are the same."""
    code = """
import os
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
import fastact
from fastact.runtime import caches
fastact.show_config()
assert caches.from_sysfs() in ({}, caches.from_sysfs(processors=os.sched_getaffinity(0)))
"""
    ran = python("-c", code)
    assert ran.returncode == 0, ran.stderr
    assert "caches:" in ran.stdout


def test_sysctl():
    apple = {
        "hw.l1dcachesize": 64 * KIB, "hw.l2cachesize": 4 * MIB, "hw.perflevel0.l1dcachesize": 128 * KIB,
        "hw.perflevel0.l2cachesize": 16 * MIB, "hw.perflevel0.cpusperl2": 4,
    }  # fmt: skip
    assert from_sysctl(lambda name: apple.get(name, 0)) == in_order((128 * KIB, 1), (16 * MIB, 4))
    old = {"hw.l1dcachesize": 32 * KIB, "hw.l2cachesize": 256 * KIB, "hw.l3cachesize": 8 * MIB}
    assert from_sysctl(lambda name: old.get(name, 0)) == in_order((32 * KIB, 1), (256 * KIB, 1), (8 * MIB, 1))
    assert from_sysctl(lambda name: 0) == from_sysctl(lambda name: -1) == {}


def windows_record(level, nbytes, kind, mask, relation=2):
    return struct.pack("<IIBBHII18sHQH6x", relation, 56, level, 8, 64, nbytes, kind, b"", 1, mask, 0)


def test_windows():
    unified, instructions, data = 0, 1, 2
    records = [
        windows_record(1, 64 * KIB, instructions, 1),
        windows_record(1, 64 * KIB, data, 1),
        windows_record(1, 32 * KIB, data, 2),
        windows_record(2, 512 * KIB, unified, 1, relation=0),
        windows_record(2, MIB, unified, 0b1111),
    ]
    told = b"".join(records)
    assert from_windows(told) == in_order((64 * KIB, 1), (MIB, 4))
    for cut in range(len(told)):
        assert len(from_windows(told[:cut])) < 2 or cut > 4 * 56
    assert from_windows(b"") == from_windows(bytes(500)) == {}
    assert from_windows(windows_record(2, 0, unified, 1) + windows_record(2, MIB, unified, 0)) == {2: Cache(2, MIB, 1)}


def test_in_words():
    words = [str(Cache(*of)) for of in ((1, 48 * KIB, 1), (2, 1280 * KIB, 2), (3, 36608 * KIB, 28), (3, 32 * MIB, 16))]
    assert words == [
        "level 1 48 KiB", "level 2 1.25 MiB shared by 2", "level 3 35.75 MiB shared by 28", "level 3 32 MiB shared by 16",
    ]  # fmt: skip


# ---- the environment ------------------------------------------------------------------------------------------------

ZEN = in_order((32 * KIB, 2), (MIB, 2), (32 * MIB, 16))


def test_every_figure_can_be_overridden(monkeypatch):
    given = {"FASTACT_L1_KB": "48", "FASTACT_L2_KB": " 2048 ", "FASTACT_L3_MB": "300", "FASTACT_L2_SHARED": "1"}
    for variable, text in given.items():
        monkeypatch.setenv(variable, text)
    changed, variables = caches._override(ZEN)
    assert changed == in_order((48 * KIB, 2), (2 * MIB, 1), (300 * MIB, 16))
    assert variables == ["FASTACT_L1_KB", "FASTACT_L2_KB", "FASTACT_L2_SHARED", "FASTACT_L3_MB"]
    assert caches._override({})[0] == in_order((48 * KIB, 1), (2 * MIB, 1), (300 * MIB, 1))


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable(monkeypatch, text):
    monkeypatch.setenv("FASTACT_L2_KB", text)
    assert caches._override(ZEN) == (ZEN, [])


@pytest.mark.parametrize(
    ("variable", "stays"), [("L1_KB", 32), ("L2_KB", 1024), ("L3_MB", 32), ("L2_SHARED", 2), ("L3_SHARED", 16)]
)
@pytest.mark.parametrize("text", ["0", "-3", "1.5", "much", "1e3", "2**20", "99999999999", "9" * 5000, "½"])
def test_a_broken_variable(monkeypatch, variable, stays, text):
    monkeypatch.setenv(f"FASTACT_{variable}", text)
    with pytest.warns(RuntimeWarning, match=rf"^FASTACT_{variable}='{text[:9].replace('*', '.')}.* it stays at {stays}$"):
        assert caches._override(ZEN) == (ZEN, [])


def test_broken_variables_never_stop_an_import():
    broken = dict.fromkeys((*(variable for variable, _ in caches.SIZE_VARIABLES.values()), "FASTACT_STREAM_FROM_MB"), "-1")
    ran = python("-c", "import fastact; fastact.show_config()", **broken, FASTACT_L3_SHARED="x")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("RuntimeWarning") == 5
    for variable in broken:
        assert f"{variable}='-1' is not a number of" in ran.stderr

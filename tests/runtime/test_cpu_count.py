"""The quota of a container, from files as Linux shows them."""

import os

import pytest

from fastact.runtime.cpu_count import cpu_quota, processors, usable_processors

V2 = "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "33 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct"
OTHER = "34 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n22 1 8:1 / / rw - ext4 /dev/sda1 rw"
BOTH = f"{OTHER}\n{V1}\n31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"


@pytest.fixture
def system(tmp_path):
    """Make files below a folder, which takes the place of /; its name."""

    def make(groups, mounts, **quotas):
        files = {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts}
        for name, text in {**files, **{f"sys/fs/cgroup/{path}": text for path, text in quotas.items()}}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else f"{text}\n".encode())
        return str(tmp_path)

    return make


@pytest.mark.parametrize(
    ("groups", "mounts", "quotas", "expected"),
    [
        ("0::/", V2, {}, None),
        ("0::/", V2, {"cpu.max": "50000 100000"}, 0.5),
        ("0::/", V2, {"cpu.max": "max 100000"}, None),
        ("0::/a/b", V2, {"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", V2, {"a/b/cpu.max": "400000 100000", "a/cpu.max": "150000 100000", "cpu.max": "900000 100000"}, 1.5),
        ("0::/a/b", V2, {"a/b/cpu.max": "20000 100000", "a/cpu.max": "max 100000"}, 0.2),
        # a container that sees itself as the root
        ("0::/docker/c", V2.replace(" / ", " /docker/c "), {"cpu.max": "200000 100000"}, 2),
        ("0::/docker/c/d", V2.replace(" / ", " /docker/c "), {"d/cpu.max": "100000 100000"}, 1),
        ("0::/elsewhere", V2.replace(" / ", " /docker/c "), {"cpu.max": "200000 100000", "elsewhere/cpu.max": "1 1"}, 2),
        ("0::/docker/cd", V2.replace(" / ", " /docker/c "), {"cpu.max": "200000 100000", "d/cpu.max": "1 1"}, 2),
        ("0::/../..", V2, {"cpu.max": "300000 100000"}, 3),
        # version 1
        ("4:cpu,cpuacct:/", V1, {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, None),
        ("4:cpu,cpuacct:/a", V1, {"cpu,cpuacct/a/cpu.cfs_quota_us": "70000", "cpu,cpuacct/a/cpu.cfs_period_us": "50000"}, 1.4),
        ("4:cpu,cpuacct:/a/b", V1, {"cpu,cpuacct/a/cpu.cfs_quota_us": "70000", "cpu,cpuacct/a/cpu.cfs_period_us": "50000"}, 1.4),
        # both
        (
            "5:memory:/m\n4:cpu,cpuacct:/a\n0::/b",
            BOTH,
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
                "unified/b/cpu.max": "200000 100000",
                "memory/m/cpu.max": "1 100000",
            },
            2,
        ),
    ],
)
def test_quota(groups, mounts, quotas, expected, system):
    assert cpu_quota(system(groups, mounts, **quotas)) == expected


@pytest.mark.parametrize(
    "quota", ["", "max", "1", "a b", "0 100000", "-5 100000", "100000 0", "1 2 3", "9" * 5000 + " 1", b"\xff\xfe \x00"]
)
def test_nonsense_is_no_limit(quota, system):
    assert cpu_quota(system("0::/", V2, **{"cpu.max": quota})) is None


@pytest.mark.parametrize("text", ["", "nonsense", "0:", "0::", "::::", "1:cpu", b"\xff:\x00"])
def test_nonsense_in_the_list_of_groups(text, system):
    for mounts in (V2, text):
        assert cpu_quota(system(text, mounts, **{"cpu.max": "max"})) is None


def test_nothing_is_there(tmp_path):
    assert cpu_quota(str(tmp_path)) is None
    assert usable_processors(str(tmp_path)) == processors()


@pytest.mark.parametrize(
    ("quota", "expected"), [("1000 100000", 1), ("50000 100000", 1), ("100000 100000", 1), ("150000 100000", 2)]
)
def test_rounded_up(quota, expected, system):
    assert usable_processors(system("0::/", V2, **{"cpu.max": quota})) == min(expected, processors())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity mask")
def test_affinity():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert processors() == len(before)

"""The tasks cover the inputs."""

import dataclasses

import numpy as np
import pytest

from fastact.tools.verify import tasks
from fastact.tools.verify.dtypes import DTYPES, type_of


@pytest.mark.parametrize("dtype", DTYPES)
def test_tasks_cover_the_inputs(dtype):
    assert (
        sum(task.size for task in tasks.tasks("relu", dtype, ["numpy"]))
        == {
            "float32": 7_995_340,
            "float64": tasks.FLOAT64_POINTS,
            "float16": 2 * 0x7C00,
            "bfloat16": 2 * 0x7F80,
        }[dtype]
    )
    task = tasks.tasks("relu", dtype, ["numpy"])[-1]
    chunks = list(task.inputs())
    assert sum(chunk.size for chunk in chunks) == task.size
    assert {chunk.dtype for chunk in chunks} == {np.dtype(type_of(dtype))}
    assert all(np.isfinite(chunk.astype(np.float64)).all() for chunk in chunks)


def test_exhaustive_tasks_are_all_finite_numbers():
    work = sorted(tasks.tasks("relu", "float32", ["numpy"], exhaustive=True), key=lambda task: task.start)
    assert sum(task.size for task in work) == 2 * 0x7F800000
    assert {task.step for task in work} == {1}
    ends = {task.stop for task in work} - {task.start for task in work}
    assert ends == {0x7F800000, 0xFF800000}
    few = next(dataclasses.replace(work[-1], stop=work[-1].start + 3).inputs())
    np.testing.assert_array_equal(few.view(np.uint32), work[-1].start + np.arange(3))

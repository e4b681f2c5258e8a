# cython: language_level=3
"""What an x86-64 processor says of itself, by the instruction CPUID; processor.py and caches.py know what the registers mean."""

from libc.stdint cimport uint32_t

cdef extern from "processor.h" nogil:
    void fastact_cpuid(uint32_t leaf, uint32_t part, uint32_t* registers)
    int fastact_x86_level()


def cpuid(uint32_t leaf, uint32_t part=0):
    """The registers EAX, EBX, ECX, EDX of a leaf's part; of processors without CPUID all are 0."""
    cdef uint32_t[4] registers
    fastact_cpuid(leaf, part, registers)
    return registers[0], registers[1], registers[2], registers[3]


def x86_level():
    """Which x86-64 kernels processor and operating system can run: 0 baseline, 1 avx2, 2 avx512; -1 on another machine."""
    return fastact_x86_level()

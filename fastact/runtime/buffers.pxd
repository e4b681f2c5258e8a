"""What kind of arrays buffers.pyx is for."""

cdef enum:
    KEPT_FROM = 1 << 18  # bytes: below, the C library keeps what is freed, and asking here would cost more than it gains

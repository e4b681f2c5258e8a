# From what sizes on work is shared out to threads, and output is streamed past the caches.

cdef enum:
    LIGHT = 1  # the cost of a byte read or written, by a loop that waits for memory
    HEAVY = 2  # and by a loop that computes

# Bytes times cost that keep a thread busy for 3 us at least. To share out costs 2 us while the team is awake.
cdef Py_ssize_t grain = 256 << 10

# Bytes for each thread, to be multiplied by the cost: from here on output goes past the caches. What reads the output next then
# reads memory. A loop that computes gains less than that costs, so its limit is higher. Nanoseconds an element for 2 M elements,
# with 2 MB of second-level cache:
#
#                           stored  streamed
#     relu                    0.31      0.25
#     relu, then a sum        0.82      0.75
#     sigmoid                 0.48      0.43
#     sigmoid, then a sum     0.82      0.93
cdef Py_ssize_t stream_from = fastact_own_cache()


def _set_sizes(new_grain, new_stream_from):
    """Set `grain` and `stream_from`, as tests need it; return what was set before."""
    global grain, stream_from
    before = grain, stream_from
    grain, stream_from = new_grain, new_stream_from
    return before

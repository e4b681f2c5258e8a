# From what sizes on work is shared out to threads, and output is streamed past the caches.

cdef enum:
    LIGHT = 1  # the cost of a byte read or written, by a loop that waits for memory
    HEAVY = 2  # and by a loop that computes

# Bytes times cost that keep a thread busy for 3 us at least. To share out costs 2 us while the team is awake.
cdef Py_ssize_t grain = 256 << 10

# Bytes that so many threads together read and write, to be multiplied by the cost: from here on output goes past the caches. What
# reads the output next then reads memory. A loop that computes gains less than that costs, so its limit is higher. Nanoseconds an
# element for 2 M elements, with 2 MB of second-level cache:
#
#                           stored  streamed
#     relu                    0.31      0.25
#     relu, then a sum        0.82      0.75
#     sigmoid                 0.48      0.43
#     sigmoid, then a sum     0.82      0.93
cdef Py_ssize_t stream_from = streaming().limit
cdef int stream_sharers = streaming().sharers


cdef inline bint beyond_caches(Py_ssize_t nbytes, int threads, int cost) noexcept nogil:
    """Whether so many threads read and write so many bytes that output is worth streaming."""
    cdef Py_ssize_t limit = stream_from * cost
    if nbytes < limit:  # most calls: without a division
        return False
    return nbytes >= (threads + stream_sharers - 1) // stream_sharers * limit


def _set_sizes(new_grain, new_stream_from, new_stream_sharers=1):
    """Set `grain`, `stream_from` and `stream_sharers`, as tests need it; return what was set before."""
    global grain, stream_from, stream_sharers
    before = grain, stream_from, stream_sharers
    grain, stream_from, stream_sharers = new_grain, new_stream_from, new_stream_sharers
    return before

# Which precision calls are to have: a context variable of `fastact.runtime.precision`, read only once somebody has chosen one.
# Each engine includes this file.

cdef extern from "Python.h":
    int PyContextVar_Get(object, PyObject*, PyObject**) except -1

cdef bint precision_chosen = False
cdef object precision_variable  # True where results are to be exact


def watch_precision(variable):
    """From now on ask this context variable."""
    global precision_chosen, precision_variable
    precision_variable = variable
    precision_chosen = True


cdef inline bint is_to_be_exact(bint exact) noexcept:
    """Whether a call is to be handed over to the function that is exact; `exact` tells that it is this one."""
    return precision_chosen and not exact and reads_exact()


cdef bint reads_exact() noexcept:
    cdef PyObject* value = NULL
    PyContextVar_Get(precision_variable, NULL, &value)
    if value == NULL:
        return False
    exact = <object> value
    Py_DECREF(exact)
    return exact is True

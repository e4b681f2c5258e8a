/* fastact for C and C++: the types of its functions, and how to look them up by name.

   A look-up needs the GIL; keep what it gives. The functions need no GIL, allocate no Python object, never raise, and may be called
   by any thread. They give what the Python functions give in the mode of precision "fast", bit for bit, whatever the mode; leave the
   floating-point flags as they were, and compute in the processor's default mode.

   Elementwise. n elements, or none where n <= 0, at addresses that are multiples of the element's size, as C demands. An output is
   one of the inputs itself, or shares no memory with any; two outputs share none. Parameters lie side by side, in the order of the
   Python function's signature, in the type of the elements; NULL means the defaults. Their domains are not checked: outside of them
   the results are unspecified numbers. From 4096 elements on a call may be shared out to fastact's threads, as from Python.

   Rows. All rows of an array of outer * n * inner elements in C order, where a row lies along the middle: n elements, `inner` apart.
   One row is 1, n, 1. An output may be the input; that of `backward` from x may be x, but not dy. Of logsumexp y and dy have
   outer * inner elements. Where there is no memory for what a call works in, its result is NaN.

   The functions are those of the backend in use. Their types and names stay as they are from release to release. */
#ifndef FASTACT_H
#define FASTACT_H

#include <Python.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "value", "derivative": of one number. They fit SciPy's LowLevelCallable, with the parameters as its user data. */
typedef float (*fastact_value_float32)(float x, void *parameters);
typedef double (*fastact_value_float64)(double x, void *parameters);

/* "forward": y = f(x) */
typedef void (*fastact_forward_float32)(const float *x, float *y, Py_ssize_t n, const float *parameters);
typedef void (*fastact_forward_float64)(const double *x, double *y, Py_ssize_t n, const double *parameters);

/* "backward": dx = dy * f'(x); "backward_from_output": the same, from y = f(x) in the place of x */
typedef void (*fastact_backward_float32)(const float *dy, const float *x, float *dx, Py_ssize_t n, const float *parameters);
typedef void (*fastact_backward_float64)(const double *dy, const double *x, double *dx, Py_ssize_t n, const double *parameters);

/* "value_and_grad": y = f(x), d = f'(x) */
typedef void (*fastact_value_and_grad_float32)(const float *x, float *y, float *d, Py_ssize_t n, const float *parameters);
typedef void (*fastact_value_and_grad_float64)(const double *x, double *y, double *d, Py_ssize_t n, const double *parameters);

/* Rows: "forward"; "backward" from x, "backward_from_output" from y */
typedef void (*fastact_rows_float32)(const float *x, float *y, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner);
typedef void (*fastact_rows_float64)(const double *x, double *y, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner);
typedef void (*fastact_rows_backward_float32)(
    const float *dy, const float *x, float *dx, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner);
typedef void (*fastact_rows_backward_float64)(
    const double *dy, const double *x, double *dx, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner);

/* The address of a function, such as fastact_find("gelu", "forward", "float32"), to be cast to its type. NULL with a Python
   exception set: ValueError where there is no such function, ImportError where there is no fastact, or no compiled kernels. */
static inline void *fastact_find(const char *name, const char *kind, const char *dtype) {
    void *found = NULL;
    PyObject *address = NULL, *module = PyImport_ImportModule("fastact.capi");
    if (module != NULL) address = PyObject_CallMethod(module, "address", "sss", name, kind, dtype);
    if (address != NULL) found = PyLong_AsVoidPtr(address);
    Py_XDECREF(address);
    Py_XDECREF(module);
    return found;
}

#ifdef __cplusplus
}
#endif

#endif

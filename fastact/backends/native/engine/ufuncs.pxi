# The general path: real ufuncs, whose one inner loop works in tiles.

from fastact.functions.kinds import inputs_of, keeps_integers, kinds_of
from fastact.functions.record import Call

cdef extern from *:
    """
    static const char *const fastact_loop_names[] = FASTACT_LOOP_NAMES;
    """
    const char** fastact_loop_names


cdef class Table:
    """The loops of one instruction set, as its module handed them over.

    With `exact` all floats are computed in float64 and rounded once, by loops that have the same bits on all processors with FMA.
    """

    cdef const fastact_table* table
    cdef readonly bint exact

    def __cinit__(self, capsule, bint exact=False):
        self.table = <const fastact_table*> PyCapsule_GetPointer(capsule, FASTACT_TABLE_CAPSULE)
        self.exact = exact

    @property
    def flags(self):
        return self.table.flags.decode()

    @property
    def compiler(self):
        return self.table.compiler.decode()

    cdef int find_kernel(self, entry, kind, int type, bint to_round, Kernel* kernel) except -1:
        """What computes a kind of call of an entry in one type; nothing where there is no such loop.

        `to_round` says that results are stored in a narrower type.
        """
        kernel.loop, kernel.program = NULL, NULL
        if entry.call is not Call.DEFINED:
            kernel.loop = self.loop_of(entry, kind, type, to_round)
        elif type <= FLOAT64:
            new_program(self, plan_of(entry, kind), type, kernel)
        return 0

    cdef fastact_loop step_loop(self, loop, int type) except? NULL:
        """The loop of a program's step: that of an operation by its name, or of an activation by its entry and kind."""
        cdef int i
        cdef bytes name
        if not isinstance(loop, str):
            return self.loop_of(loop[0], loop[1], type, False)
        name = loop.encode()
        for i in range(self.table.operation_count):
            if strcmp(self.table.operations[i].name, name) == 0:
                return self.table.operations[i].loops[type]
        raise ImportError(
            f"the compiled kernels are older than fastact/expressions: they have no {loop!r}; "
            "build them again with: pip install ."
        )

    cdef fastact_loop loop_of(self, entry, kind, int type, bint to_round) except? NULL:
        """The loop of an activation of the catalogue."""
        cdef const fastact_activation* activation = self.activation(entry)
        cdef int number = loop_number(kind)
        if not self.exact or type != FLOAT64:
            return activation.loops[type][number]
        return activation.to_round[number] if to_round else activation.same_text[number]

    cdef fastact_loop quick_loop(self, entry, kind) except? NULL:
        """A loop of float32 with exact results; NULL if there is none. Its parameters are doubles."""
        if not self.exact or entry.call is Call.DEFINED or kind.bias:
            return NULL
        return self.activation(entry).quick[loop_number(kind)]

    cdef fastact_loop block_loop(self, entry, kind) except? NULL:
        """A loop of float64 by block kernels, which may have other results on other processors; NULL if there is none.

        Its error is below 2^-41 of the result, but where a derivative changes its sign.
        """
        cdef const fastact_activation* activation
        cdef int number = loop_number(kind)
        if not self.exact or entry.call is Call.DEFINED:
            return NULL
        activation = self.activation(entry)
        if not (number == FORWARD or number == GATED or entry.info.monotonic):
            return NULL
        if activation.loops[<int> FLOAT64][number] == activation.same_text[number]:
            return NULL
        return activation.loops[<int> FLOAT64][number]

    cdef int computed_in(self, cnp.dtype dtype):
        """The type in which a float dtype is computed."""
        return FLOAT64 if self.exact else computed_type(dtype)

    cdef const fastact_activation* activation(self, entry) except NULL:
        """The loops of an entry."""
        cdef const fastact_activation* found
        cdef int i
        cdef bytes name = entry.name.encode()
        for i in range(self.table.activation_count):
            found = &self.table.activations[i]
            if strcmp(found.name, name) == 0 and found.parameters == len(entry.parameters):
                return found
        raise ImportError(
            f"the compiled kernels are older than fastact/functions: they have no {entry.name!r} with "
            f"{len(entry.parameters)} parameters; build them again with: pip install ."
        )


# ---- the inner loop -------------------------------------------------------------------------------------------------

cdef void run_ufunc(char** pointers, const cnp.npy_intp* dimensions, const cnp.npy_intp* strides, void* data) noexcept nogil:
    """The inner loop of every ufunc; `data` is its Loop."""
    cdef const Loop* loop = <const Loop*> data
    cdef Py_ssize_t n = dimensions[0], i
    cdef int total = loop.operands + (loop.add != NULL) + loop.parameters + loop.outputs, k
    cdef (char*)[MAX_OPERANDS] at
    cdef char[TILES] tiles  # on NumPy's own thread
    cdef fastact_flags flags = fastact_save_flags()
    if n == 1 or (has_constant_parameters(loop, strides) and not reads_results(loop, pointers, strides, n)):
        run_inner_loop(loop, pointers, strides, n, tiles)
    else:
        for i in range(n):
            for k in range(total):
                at[k] = pointers[k] + i * strides[k]
            run_tiles(loop, at, strides, 1, False, tiles)
    fastact_restore_flags(flags)


cdef bint has_constant_parameters(const Loop* loop, const cnp.npy_intp* strides) noexcept nogil:
    """Whether the parameters that are numbers to the loop are the same for all elements."""
    cdef int inputs = loop.operands + (loop.add != NULL), k
    for k in range(loop.parameters):
        if not loop.arrays >> k & 1 and strides[inputs + k] != 0:
            return False
    return True


cdef bint reads_results(const Loop* loop, char** pointers, const cnp.npy_intp* strides, Py_ssize_t n) noexcept nogil:
    """Whether an input is an earlier result of the same call, as in a ufunc's `accumulate` and `reduce`."""
    cdef int inputs = loop.operands + (loop.add != NULL) + loop.parameters, k, i
    cdef Py_ssize_t ahead, stride
    for k in range(inputs, inputs + loop.outputs):
        for i in range(inputs):
            ahead, stride = pointers[k] - pointers[i], strides[i]
            if stride == strides[k] and ((ahead == 0 and stride == 0) or (0 < ahead < n * stride) or (0 > ahead > n * stride)):
                return True
    return False


cdef void run_inner_loop(
    const Loop* loop, char** pointers, const cnp.npy_intp* strides, Py_ssize_t n, char* tiles
) noexcept nogil:
    """An inner loop with constant parameters, as a job where it is long."""
    cdef int total = loop.operands + (loop.add != NULL) + loop.parameters + loop.outputs
    cdef LoopJob job
    if n >= RELEASE_GIL:
        job.loop, job.rows, job.n = loop, 1, n
        memcpy(job.at, pointers, total * sizeof(char*))
        memcpy(job.stride, strides, total * sizeof(cnp.npy_intp))
        if not overlaps(&job):
            run_loop_job(&job)
            return
    run_tiles(loop, pointers, strides, n, False, tiles)


cdef bint overlaps(const LoopJob* job) noexcept nogil:
    """Whether an output of the only row may share memory with an input, but is not in its place.

    NumPy lets that through where the input is ahead: each element is then read before it is overwritten, in one thread alone.
    """
    cdef int inputs = job.loop.operands + (job.loop.add != NULL) + job.loop.parameters, k, i
    cdef Py_ssize_t written, read, widest = sizeof(double)
    for k in range(inputs, inputs + job.loop.outputs):
        written = (job.n - 1) * job.stride[k]
        for i in range(inputs):
            read = (job.n - 1) * job.stride[i]
            if (job.at[i] != job.at[k] or job.stride[i] != job.stride[k]) and not apart(
                job.at[i] + min(read, 0), llabs(read) + widest, job.at[k] + min(written, 0), llabs(written) + widest
            ):
                return True
    return False


# ---- making a ufunc -------------------------------------------------------------------------------------------------

cdef enum:
    MOST_SIGNATURES = 2 * INTEGER_NUMBERS + 3

# The dtypes of one loop of a ufunc: NumPy's numbers, and the types of table.h
cdef struct Signature:
    int operand, number, array, out  # of parameters, those that are numbers to the loop and those that are arrays
    int stored, stored_array, computed
    bint bools  # what is stored


cdef Signature signature_of(cnp.dtype dtype, int computed, bint like_operands) noexcept:
    """The signature for operands of a dtype, computed in a type. Floats come out in their own dtype, integers as computed.

    Parameters are of the computed type. Arrays that are learnt are `like_operands`: of their dtype.
    """
    cdef Signature signature
    cdef int number = dtype.type_num
    if computed == FLOAT32 or computed == FLOAT64:
        number = cnp.NPY_FLOAT if computed == FLOAT32 else cnp.NPY_DOUBLE
    signature.operand, signature.stored, signature.computed = dtype.type_num, stored_type(dtype), computed
    signature.bools = is_bool(dtype)
    signature.out = dtype.type_num if is_half(signature.stored) or signature.stored == FLOAT32 else number
    signature.number = number
    signature.array = signature.operand if like_operands else number
    signature.stored_array = signature.stored if like_operands else computed
    return signature


cdef int list_signatures(Signature* signatures, Table table, entry, kind) except -1:
    """Write a ufunc's signatures in the order in which NumPy looks for one; return how many there are."""
    cdef bint like_operands = takes_arrays_like_operands(entry, kind)
    cdef int count = 0, number
    cdef cnp.dtype dtype
    if keeps_integers(entry, kind):
        for number in range(INTEGER_NUMBERS):
            dtype = cnp.PyArray_DescrFromType(number)
            signatures[count] = signature_of(dtype, stored_type(dtype), like_operands)
            count += 1
    for number in range(INTEGER_NUMBERS):
        signatures[count] = signature_of(cnp.PyArray_DescrFromType(number), FLOAT64, like_operands)
        count += 1
    for number in (cnp.NPY_FLOAT16, cnp.NPY_FLOAT, cnp.NPY_DOUBLE):
        dtype = cnp.PyArray_DescrFromType(number)
        signatures[count] = signature_of(dtype, table.computed_in(dtype), like_operands)
        count += 1
    return count


cdef bint takes_arrays_like_operands(entry, kind) noexcept:
    """Whether parameters that are arrays come in like the operands: those that are learnt, or the value of a gated unit."""
    return kind.unit or bool(entry.learnt_parameters)


cdef int arrays_of(entry, kind) except -1:
    """Which parameters are arrays to the loops, bit by bit: a gated unit's value is the only one of its loops."""
    return 1 if kind.unit else sum([1 << k for k, p in enumerate(entry.parameters) if p.array])


cdef int write_numbers(const Signature* signature, entry, kind, int* numbers) except -1:
    """Write NumPy's numbers of inputs and outputs; return how many there are."""
    cdef int operands = len(kind.inputs), inputs = inputs_of(entry, kind), total = inputs + len(kind.outputs), k
    cdef int arrays = 0 if kind.unit else arrays_of(entry, kind)
    for k in range(operands):
        numbers[k] = signature.operand
    for k in range(inputs - operands):
        numbers[operands + k] = signature.array if arrays >> k & 1 else signature.number
    for k in range(inputs, total):
        numbers[k] = signature.out
    return total


def plan_of(entry, kind):
    """The plan of a program. What makes it is imported when first needed: most processes define nothing."""
    from fastact.backends.native.programs import plan

    return plan(entry, kind)


cdef int loop_number(kind) except -1:
    """The number in the table of the loops that compute a kind of call; table.h names them as functions/kinds.py does."""
    cdef int number
    cdef bytes name = kind.loop.upper().encode()
    for number in range(LOOPS):
        if strcmp(fastact_loop_names[number], name) == 0:
            return number
    raise ValueError(f"functions/kinds.py: {kind.name!r} has the loop {kind.loop!r}, which engine/table.h does not list")


cdef inline void set_exact_loop(Loop* loop, fastact_loop quick, fastact_loop block) noexcept:
    """Have float32 computed exactly: by a quick loop, if there is one, or in float64. There a loop by block kernels may run
    first, and the loop's own computes what that leaves in doubt.
    """
    if quick != NULL:
        loop.run.loop = quick
        set_ways(loop, loop.table, FLOAT32, FLOAT32, False, False)
        loop.number_size = sizeof(double)
    elif block != NULL:
        loop.careful, loop.run.loop = loop.run.loop, block


cdef Loop* new_loop(Table table, entry, kind, const Signature* signature) except NULL:
    """A loop, and the ways between memory and it; lives as long as the process."""
    cdef Loop* loop
    cdef Kernel kernel
    cdef bint converts_arrays
    cdef bint to_round = signature.stored == FLOAT32 or is_half(signature.stored)
    table.find_kernel(entry, kind, signature.computed, to_round, &kernel)
    if not is_there(&kernel):
        raise ImportError(
            f"the compiled kernels are older than fastact/functions: they have no {kind.loop!r} of {entry.name!r}; "
            "build them again with: pip install ."
        )
    loop = <Loop*> PyMem_Calloc(1, sizeof(Loop))
    if loop == NULL:
        raise MemoryError()
    loop.run = kernel
    loop.operands, loop.outputs = len(kind.loop_inputs), len(kind.outputs)
    loop.parameters = inputs_of(entry, kind) - loop.operands - kind.bias
    loop.arrays = arrays_of(entry, kind)
    loop.cost = LIGHT if entry.light else HEAVY
    if kind.bias:
        loop.add = add_bools if signature.bools and signature.computed == UINT8 else table.table.add[signature.computed]
    converts_arrays = signature.stored_array != signature.computed
    converts_arrays |= signature.bools and takes_arrays_like_operands(entry, kind)
    set_ways(loop, table.table, signature.stored, signature.computed, converts_arrays, signature.bools)
    if signature.stored == FLOAT32 and signature.computed == FLOAT64:
        set_exact_loop(loop, table.quick_loop(entry, kind), table.block_loop(entry, kind))
    return loop


def make_ufunc(Table table not None, entry, kind, str name):
    """The ufunc of one kind of call for an entry. Its inputs are the kind's, then the parameters."""
    cdef Signature[MOST_SIGNATURES] signatures
    cdef int[MAX_OPERANDS] numbers
    if len(entry.parameters) > MAX_PARAMETERS:
        raise OverflowError(f"{entry.name}: at most {MAX_PARAMETERS} parameters")
    cdef int count = list_signatures(signatures, table, entry, kind)
    cdef int total = write_numbers(signatures, entry, kind, numbers), i, k
    cdef bytes encoded = name.encode()
    # NumPy keeps the pointers, so nothing of this is ever freed
    cdef char* types = <char*> PyMem_Malloc(count * total)
    cdef char* c_name = <char*> PyMem_Malloc(len(encoded) + 1)
    cdef void** data = <void**> PyMem_Malloc(count * sizeof(void*))
    cdef cnp.PyUFuncGenericFunction* functions = <cnp.PyUFuncGenericFunction*> PyMem_Malloc(count * sizeof(void*))
    if types == NULL or c_name == NULL or data == NULL or functions == NULL:
        raise MemoryError()
    memcpy(c_name, <const char*> encoded, len(encoded) + 1)
    for i in range(count):
        write_numbers(&signatures[i], entry, kind, numbers)
        for k in range(total):
            types[i * total + k] = <char> numbers[k]
        functions[i] = <cnp.PyUFuncGenericFunction> run_ufunc
        data[i] = new_loop(table, entry, kind, &signatures[i])
    return cnp.PyUFunc_FromFuncAndData(
        functions, data, types, count, inputs_of(entry, kind), len(kind.outputs), cnp.PyUFunc_None, c_name,
        "See the activation of this name in fastact.", 0,
    )


def add_bfloat16(Table table not None, entry, kind, ufunc, cnp.dtype dtype):
    """Add the loop for bfloat16, the given dtype of another package, to a ufunc of `make_ufunc`."""
    cdef Signature signature = signature_of(dtype, table.computed_in(dtype), takes_arrays_like_operands(entry, kind))
    cdef int[MAX_OPERANDS] numbers
    write_numbers(&signature, entry, kind, numbers)
    cnp.PyUFunc_RegisterLoopForType(
        ufunc, dtype.type_num, <cnp.PyUFuncGenericFunction> run_ufunc, numbers, new_loop(table, entry, kind, &signature)
    )

# Programs: what has no loop of its own runs as steps over registers, each step a loop of the table. To the rest of the engine a
# program is one more loop: both are a `Kernel`. backends/native/programs.py plans them.

cdef enum:
    MAX_PARAMETERS = 8
    PARAMETER_BYTES = 8 * MAX_PARAMETERS
    REGISTER = 2048  # bytes of a register: all of a program's stay in the first-level cache
    MAX_REGISTERS = 24
    FEW_BYTES = 256  # so much of what fills a register is at hand from the beginning: calls of few elements read it there
    SCALAR_BYTES = 512  # for the parameters that are numbers to the loops of all steps together

# Where a step finds its operands and puts its results. Slots of arrays move on from tile to tile; registers stay.
cdef enum:
    NOWHERE, FIRST, SECOND, OUT1, OUT2  # no operand; the loop's a and b; its outputs
    PARAMETERS  # as many slots as there can be parameters that are arrays
    REGISTERS = PARAMETERS + MAX_PARAMETERS
    SLOTS = REGISTERS + MAX_REGISTERS

cdef struct Step:
    fastact_loop run  # NULL: copy
    int a, b, third, out1, out2  # slots. The third operand goes where a loop takes an array parameter
    int scalars  # where the parameters of the step's loop begin, in bytes

# A number that fills a register before the first step: a constant or, with `parameter` >= 0, a parameter
cdef struct Spread:
    int slot, parameter
    char* few  # the constant or the parameter's default, as often as FEW_BYTES hold it

# Where a parameter's number stands among the scalars
cdef struct Scalar:
    int offset, parameter

cdef struct Program:
    Step* steps
    Spread* spreads
    Scalar* scalars
    char[SCALAR_BYTES] constants  # the scalars, with the defaults of parameters
    char* uniform_few  # for the two results of each uniform step FEW_BYTES, of the defaults
    int uniform  # so many steps, the first, run once: what they compute is the same for all elements
    int step_count, spread_count, scalar_count, scalar_bytes
    int registers, parameters  # how many there are
    int arrays  # bit k: parameter k is an array. If there is any, a program gets pointers to all, else the numbers side by side
    Py_ssize_t itemsize, tile  # elements of a register

# What computes a kind of call in one type: a loop of the table, or a program
cdef struct Kernel:
    fastact_loop loop
    const Program* program


cdef inline bint is_there(const Kernel* kernel) noexcept nogil:
    return kernel.loop != NULL or kernel.program != NULL


cdef inline void run_kernel(
    const Kernel* kernel, const void* a, const void* b, void* out1, void* out2, Py_ssize_t n, const void* parameters
) noexcept nogil:
    """As a loop of table.h is called. A program with parameters that are arrays takes an array of pointers to all of them."""
    if kernel.loop != NULL:
        kernel.loop(a, b, out1, out2, n, parameters)
    else:
        run_program(kernel.program, <char*> a, <char*> b, <char*> out1, <char*> out2, n, parameters)


# ---- running --------------------------------------------------------------------------------------------------------

cdef void run_program(
    const Program* program, char* a, char* b, char* out1, char* out2, Py_ssize_t n, const void* parameters
) noexcept nogil:
    """All steps on one tile after another."""
    cdef char[MAX_REGISTERS * REGISTER + LINE] memory
    cdef char[SCALAR_BYTES] room
    cdef const char* scalars
    cdef (char*)[SLOTS] at
    cdef (const char*)[MAX_PARAMETERS] given
    cdef char* registers = first_line(memory)
    cdef Py_ssize_t tile = program.tile, done = 0, m = min(tile, n)
    cdef int k
    find_parameters(program, parameters, given)
    for k in range(program.registers):
        at[REGISTERS + k] = registers + k * REGISTER
    at[NOWHERE], at[FIRST], at[SECOND], at[OUT1], at[OUT2] = NULL, a, b, out1, out2
    for k in range(program.parameters):
        at[PARAMETERS + k] = <char*> given[k]
    scalars = fill_in_scalars(program, given, room)
    if fill_in_spreads(program, given, at, m) and scalars == program.constants:
        find_uniform(program, at)
    else:
        run_steps(program, 0, program.uniform, at, scalars, m)
    if n > tile and bytes_to_line(out1) >= program.itemsize:  # then no later tile is stored across two cache lines
        m = bytes_to_line(out1) // program.itemsize
    while True:
        run_steps(program, program.uniform, program.step_count, at, scalars, m)
        done += m
        if done >= n:
            return
        for k in range(FIRST, PARAMETERS + program.parameters):
            if at[k] != NULL:  # a number's slot is read by no step
                at[k] += m * program.itemsize
        m = min(tile, n - done)


cdef inline void run_steps(
    const Program* program, int first, int end, char** at, const char* scalars, Py_ssize_t n
) noexcept nogil:
    cdef const Step* step
    cdef int k
    for k in range(first, end):
        step = program.steps + k
        if step.run == NULL:
            memmove(at[step.out1], at[step.a], n * program.itemsize)
        else:
            step.run(
                at[step.a], at[step.b], at[step.out1], at[step.out2], n,
                <const char*> at[step.third] if step.third != NOWHERE else scalars + step.scalars,
            )


cdef inline void find_parameters(const Program* program, const void* parameters, const char** given) noexcept nogil:
    """Where each parameter is, a number or the first of many."""
    cdef int k
    for k in range(program.parameters):
        if program.arrays:
            given[k] = (<const char* const*> parameters)[k]
        else:
            given[k] = <const char*> parameters + k * program.itemsize


cdef inline const char* fill_in_scalars(const Program* program, const char** given, char* room) noexcept nogil:
    """Where the steps find the parameters of their loops: in `room` where some are not the defaults."""
    cdef const Scalar* scalar
    cdef int k
    for k in range(program.scalar_count):
        scalar = program.scalars + k
        if not is_same_number(given[scalar.parameter], program.constants + scalar.offset, program.itemsize):
            break
    else:
        return program.constants
    memcpy(room, program.constants, program.scalar_bytes)
    for k in range(program.scalar_count):
        scalar = program.scalars + k
        copy_number(room + scalar.offset, given[scalar.parameter], program.itemsize)
    return room


cdef inline bint fill_in_spreads(const Program* program, const char** given, char** at, Py_ssize_t n) noexcept nogil:
    """Have the slots of numbers hold them n times, as loops take arrays; whether all lay ready."""
    cdef const Spread* spread
    cdef const char* value
    cdef bint is_few = n * program.itemsize <= FEW_BYTES, all_ready = is_few
    cdef int k
    for k in range(program.spread_count):
        spread = program.spreads + k
        value = given[spread.parameter] if spread.parameter >= 0 else spread.few
        if is_few and is_same_number(value, spread.few, program.itemsize):
            at[spread.slot] = spread.few  # no step writes there
        else:
            fill_register(at[spread.slot], value, program.itemsize, n)
            all_ready = False
    return all_ready


cdef inline void find_uniform(const Program* program, char** at) noexcept nogil:
    """Have the slots of what uniform steps compute of the defaults hold that."""
    cdef const Step* step
    cdef int k
    for k in range(program.uniform):
        step = program.steps + k
        at[step.out1] = program.uniform_few + 2 * k * FEW_BYTES
        if step.out2 != NOWHERE:
            at[step.out2] = program.uniform_few + (2 * k + 1) * FEW_BYTES


cdef inline uint64_t bits_of(const char* number, Py_ssize_t itemsize) noexcept nogil:
    """A number's bits, those of float32 twice."""
    cdef uint64_t low
    if itemsize == 4:
        low = (<const uint32_t*> number)[0]
        return low << 32 | low
    return (<const uint64_t*> number)[0]


cdef inline bint is_same_number(const char* a, const char* b, Py_ssize_t itemsize) noexcept nogil:
    return bits_of(a, itemsize) == bits_of(b, itemsize)


cdef inline void copy_number(char* target, const char* number, Py_ssize_t itemsize) noexcept nogil:
    if itemsize == 4:
        (<uint32_t*> target)[0] = (<const uint32_t*> number)[0]
    else:
        (<uint64_t*> target)[0] = (<const uint64_t*> number)[0]


cdef inline void fill_register(char* at, const char* value, Py_ssize_t itemsize, Py_ssize_t n) noexcept nogil:
    """Write a number n times, in whole lines: a register has some."""
    cdef uint64_t bits = bits_of(value, itemsize)
    cdef uint64_t* line
    cdef Py_ssize_t done = 0
    while done < n * itemsize:
        line = <uint64_t*> (at + done)
        line[0] = line[1] = line[2] = line[3] = line[4] = line[5] = line[6] = line[7] = bits
        done += LINE


# ---- building -------------------------------------------------------------------------------------------------------

cdef int new_program(Table table, plan, int type, Kernel* kernel) except -1:
    """Build the program of a `programs.Plan` in one type; it lives as long as the process, as ufuncs do."""
    cdef Py_ssize_t itemsize = itemsize_of(type)
    cdef int k
    cdef Program* program
    cdef char* few
    if len(plan.scalars) * itemsize > SCALAR_BYTES or plan.registers > MAX_REGISTERS:
        raise OverflowError("too many steps for a program")
    program = <Program*> PyMem_Calloc(1, sizeof(Program))
    if program == NULL:
        raise MemoryError()
    program.itemsize, program.tile, program.arrays, program.uniform = itemsize, REGISTER // itemsize, plan.arrays, plan.uniform
    program.step_count, program.spread_count = len(plan.steps), len(plan.spreads)
    program.registers, program.parameters = plan.registers, plan.parameters
    program.scalar_bytes = len(plan.scalars) * itemsize
    program.steps = <Step*> PyMem_Calloc(program.step_count + 1, sizeof(Step))
    program.spreads = <Spread*> PyMem_Calloc(program.spread_count + 1, sizeof(Spread))
    program.scalars = <Scalar*> PyMem_Calloc(len(plan.scalars) + 1, sizeof(Scalar))
    few = <char*> PyMem_Calloc((program.spread_count + 2 * program.uniform) * FEW_BYTES + LINE, 1)
    if program.steps == NULL or program.spreads == NULL or program.scalars == NULL or few == NULL:
        raise MemoryError()
    few = first_line(few)
    for k, value in enumerate(plan.scalars):
        if isinstance(value, int):
            program.scalars[program.scalar_count].offset = k * itemsize
            program.scalars[program.scalar_count].parameter = value
            program.scalar_count += 1
            value = plan.defaults[value]
        write_number(program.constants + k * itemsize, value, type)
    for k, (register, value) in enumerate(plan.spreads):
        program.spreads[k].slot, program.spreads[k].parameter = slot_number(register), -1
        program.spreads[k].few = few + k * FEW_BYTES
        if isinstance(value, int):
            program.spreads[k].parameter = value
            value = plan.defaults[value]
        write_number(program.spreads[k].few, value, type)
        fill_register(program.spreads[k].few, program.spreads[k].few, itemsize, FEW_BYTES // itemsize)
    for k, step in enumerate(plan.steps):
        program.steps[k].run = NULL if step.loop is None else table.step_loop(step.loop, type)
        program.steps[k].a, program.steps[k].b = slot_number(step.a), slot_number(step.b)
        program.steps[k].third = slot_number(step.third)
        program.steps[k].out1, program.steps[k].out2 = slot_number(step.out1), slot_number(step.out2)
        program.steps[k].scalars = step.scalars * itemsize
    program.uniform_few = few + program.spread_count * FEW_BYTES
    compute_uniform(program)
    kernel.loop, kernel.program = NULL, program
    return 0


cdef void compute_uniform(const Program* program) noexcept:
    """Compute what is the same for all elements of the defaults, for calls of few elements."""
    cdef (char*)[SLOTS] at
    cdef fastact_flags flags = fastact_save_flags()
    cdef int k
    for k in range(SLOTS):
        at[k] = NULL
    for k in range(program.spread_count):
        at[program.spreads[k].slot] = program.spreads[k].few
    find_uniform(program, at)
    run_steps(program, 0, program.uniform, at, program.constants, FEW_BYTES // program.itemsize)
    fastact_restore_flags(flags)


cdef void write_number(char* target, double value, int type) noexcept:
    cdef fastact_flags flags = fastact_save_flags()  # a constant may be too large for float32
    if type == FLOAT32:
        (<float*> target)[0] = <float> value
    else:
        (<double*> target)[0] = value
    fastact_restore_flags(flags)


cdef dict SLOT_NUMBERS = {
    "first": FIRST, "second": SECOND, "out1": OUT1, "out2": OUT2, "parameter": PARAMETERS, "register": REGISTERS,
}


cdef int slot_number(slot) except -1:
    """The number of a slot of `programs.Slot`, or NOWHERE for None."""
    if slot is None:
        return NOWHERE
    number = SLOT_NUMBERS[slot.kind] + slot.number
    if not 0 < number < SLOTS:
        raise OverflowError("too many steps for a program")
    return number

"""The functions of rows and the losses: their steps, and the programs that are made of them. build/steps.py says what these are.

To add a function, write its steps, as far as they are not here, and its programs, and list it in `FUNCTIONS` under the
name of its record. The build finds everything from there.

Exponentials are sums' main cost, so they are computed once where there is room to store them: in the output, or in a tile that
holds the whole row. Otherwise `without_room` says how they are computed again, with the same bits.
"""

from __future__ import annotations

from ..build.steps import BuiltInStep, ElementStep, Output, Pass, Program, RowFunction, RowStep, Step, Sum

# ---- The largest element, and exponentials -----------------------------------------------------------------------------

MAX = BuiltInStep("max")  # NaN is passed over
MAXIMUM = BuiltInStep("maximum")  # NaN is the largest

# What exponentials are measured in: see exp_unit in math/exponential.h.
UNIT = RowStep(
    "unit",
    """
    for r in range(in_vectors(p.rows)):
        unit_of_row_{dtype}(s, r)
    """,
)

_POWER = {"e": "exp_unit(at_least({low}, x[i] - {pivot}), {unit})"}
_OF_STORED = {"e": "powers[i]"}
_NORMALISED = "scaled(e, {factor}, {factor_low})"

EXP = ElementStep("exp", let=_POWER, out="e", sums=(Sum("e"),))
EXP_SUM = ElementStep("exp_sum", let=_POWER, sums=(Sum("e"),))

# The sum of all exponentials but those of the largest elements, and how many of these there are: where one element outweighs the
# others, 1 + sum would lose their digits.
_OTHERS = (
    Sum("zero if x[i] == {largest} else e"),
    Sum("one if x[i] == {largest} else zero", into="count", counts=True),
)
OTHERS = ElementStep("others", let=_POWER, out="e", sums=_OTHERS)
OTHERS_SUM = ElementStep("others_sum", let=_POWER, sums=_OTHERS)

FIND_LARGEST = Pass(steps=[MAX], then=[UNIT])

# ---- softmax -----------------------------------------------------------------------------------------------------------

# One over the sum of exponentials. Of logsumexp's gradient the row's dy times the scale, over the sum.
SOFTMAX_FACTOR = RowStep(
    "softmax",
    """
    cdef int empty = p.empty
    if p.factor == NULL:
        for r in range(in_vectors(p.rows)):
            softmax_of_row_{dtype}(s, r, 1, empty)
    else:
        for r in range(in_vectors(p.rows)):
            softmax_of_row_{dtype}(s, r, p.factor[r] * p.scale, empty)
    """,
)
SCALE = ElementStep("scale", ("powers",), let=_OF_STORED, out=_NORMALISED)
EXP_SCALE = ElementStep("exp_scale", let=_POWER, out=_NORMALISED)
SHORT_SOFTMAX = BuiltInStep("short_softmax")

SOFTMAX = Program(
    inputs=("x",),
    logits=True,
    passes=[
        FIND_LARGEST,
        Pass(steps=[EXP], output=Output.POWERS, then=[SOFTMAX_FACTOR]),
        Pass(steps=[SCALE], output=Output.RESULT, reads_powers=True),
    ],
    without_room=[
        FIND_LARGEST,
        Pass(steps=[EXP_SUM], then=[SOFTMAX_FACTOR]),
        Pass(steps=[EXP_SCALE], output=Output.RESULT),
    ],
    short_rows=[Pass(steps=[SHORT_SOFTMAX], output=Output.RESULT)],
)

DOT = ElementStep("dot", ("dy", "y"), sums=(Sum("dy[i] * y[i]"),))
# The sum as factor; the gradient's scale; exponentials of y <= 0.
TOTAL = RowStep(
    "total",
    """
    cdef {real} zero = 0
    for r in range(in_vectors(p.rows)):
        s.factor[r] = <{real}> total_of_row_{dtype}(s, SUM, r)
        s.factor_low[r] = <{real}> p.scale
        s.low[r] = -exp_furthest(zero)
        s.unit[r] = exp_unit_to_integer(zero)
    """,
)
SOFTMAX_GRAD = ElementStep("softmax_grad", ("dy", "y"), out="y[i] * (dy[i] - {factor}) * {factor_low}")

SOFTMAX_GRADIENT = Program(
    inputs=("dy", "y"),
    passes=[
        Pass(steps=[DOT], then=[TOTAL]),
        Pass(steps=[SOFTMAX_GRAD], output=Output.RESULT),
    ],
)

# ---- log_softmax -------------------------------------------------------------------------------------------------------

# The largest element as factor, the logarithm of the sum relative to it as factor_low.
LOG = RowStep(
    "log",
    """
    cdef double[PANEL_ROWS] logs
    logs_{dtype}(s, p.rows, logs)
    for r in range(p.rows):
        log_of_row_{dtype}(s, r, logs[r], p.empty)
    """,
)
SHIFT = ElementStep("shift", let={"e": "(x[i] - {factor}) - {factor_low}"}, out="at_least({low}, e)")
SHORT_LOG_SOFTMAX = BuiltInStep("short_log_softmax")

LOG_SOFTMAX = Program(
    inputs=("x",),
    logits=True,
    left_out=float("-inf"),
    passes=[
        FIND_LARGEST,
        Pass(steps=[OTHERS_SUM], then=[LOG]),
        Pass(steps=[SHIFT], output=Output.RESULT),
    ],
    short_rows=[Pass(steps=[SHORT_LOG_SOFTMAX], output=Output.RESULT)],
)

SUM = ElementStep("sum", ("dy",), sums=(Sum("dy[i]"),))
LOG_SOFTMAX_GRAD = ElementStep(
    "log_softmax_grad",
    ("dy", "y"),
    let={"u": "exp_unit(at_least({low}, y[i]), {unit})", "e": "u * per_headroom(zero)"},
    out="(dy[i] - e * {factor}) * {factor_low}",
)

LOG_SOFTMAX_GRADIENT = Program(
    inputs=("dy", "y"),
    passes=[
        Pass(steps=[SUM], then=[TOTAL]),
        Pass(steps=[LOG_SOFTMAX_GRAD], output=Output.RESULT),
    ],
)

# ---- logsumexp ---------------------------------------------------------------------------------------------------------

# largest + logarithm. Where the largest is inf, a NaN beside it has to be looked for.
LOGSUMEXP_RESULT = RowStep(
    "logsumexp",
    """
    cdef double[PANEL_ROWS] logs
    logs_{dtype}(s, p.rows, logs)
    p.again = 0
    for r in range(p.rows):
        p.result[r] = s.largest[r] + logs[r]
        if s.largest[r] == -INFINITY:
            p.result[r] = -INFINITY if s.total[SUM][r] == s.total[SUM][r] else NAN
        if s.largest[r] == INFINITY:
            p.result[r] = NAN
            p.again = 1
    """,
)
# The largest element, where there is no result yet.
LARGEST_TO_RESULT = RowStep(
    "to_result",
    """
    for r in range(p.rows):
        if p.result[r] != p.result[r]:
            p.result[r] = s.largest[r]
    """,
)

LOGSUMEXP = Program(
    inputs=("x",),
    logits=True,
    passes=[
        FIND_LARGEST,
        Pass(steps=[OTHERS_SUM], then=[LOGSUMEXP_RESULT]),
        Pass(steps=[MAXIMUM], then=[LARGEST_TO_RESULT], on_demand=True),
    ],
)

# ---- sparsemax ---------------------------------------------------------------------------------------------------------

# What is above the threshold, relative to the largest element. NaN spoils the sum.
ABOVE = ElementStep(
    "above",
    let={"e": "x[i] - {largest}"},
    sums=(
        Sum("e if e > {threshold} else (zero if e == e else e)"),
        Sum("one if e > {threshold} else zero", into="count", counts=True),
    ),
)
# A step of Newton's method for the threshold: from below it rises, until the support stays what it is.
THRESHOLD = RowStep(
    "threshold",
    """
    cdef {real} threshold
    p.again = 0
    for r in range(p.rows):
        threshold = <{real}> ((total_of_row_{dtype}(s, SUM, r) - 1) / s.total[COUNT][r])
        if threshold > s.threshold[r] or (threshold != threshold and s.threshold[r] == s.threshold[r]):
            s.threshold[r] = threshold
            p.again = 1
        s.total[SUM][r] = s.total_low[SUM][r] = s.total[COUNT][r] = s.total_low[COUNT][r] = 0
    """,
)
SPARSEMAX_OUT = ElementStep("sparsemax", let={"e": "(x[i] - {largest}) - {threshold}"}, out="at_least(zero, e)")

SPARSEMAX = Program(
    inputs=("x",),
    passes=[
        Pass(steps=[MAX]),
        Pass(steps=[ABOVE], then=[THRESHOLD], repeats=True),
        Pass(steps=[SPARSEMAX_OUT], output=Output.RESULT),
    ],
)

# In the support, where y > 0, all of dy less their mean; elsewhere 0, or NaN where y is.
_OR_NAN = {"u": "y[i] - y[i]"}
SUPPORT = ElementStep(
    "support",
    ("dy", "y"),
    let={"e": "dy[i]", **_OR_NAN},
    sums=(Sum("e if y[i] > zero else u"), Sum("one if y[i] > zero else zero", into="count", counts=True)),
)
MEAN = RowStep(
    "mean",
    """
    for r in range(p.rows):
        s.factor[r] = <{real}> (total_of_row_{dtype}(s, SUM, r) / s.total[COUNT][r])
    """,
)
SPARSEMAX_GRAD = ElementStep(
    "sparsemax_grad", ("dy", "y"), let={"e": "dy[i] - {factor}", **_OR_NAN}, out="e if y[i] > zero else u"
)

SPARSEMAX_GRADIENT = Program(
    inputs=("dy", "y"),
    passes=[
        Pass(steps=[SUPPORT], then=[MEAN]),
        Pass(steps=[SPARSEMAX_GRAD], output=Output.RESULT),
    ],
)

# ---- entmax15 ----------------------------------------------------------------------------------------------------------

_ROOT = {"half": "0.5", "e": "half * (x[i] - {largest}) - {threshold}"}
# The squares of what is above the threshold, and what is above it, relative to the largest element. NaN spoils the sum.
SQUARES = ElementStep(
    "squares",
    let=_ROOT,
    sums=(Sum("e * e if e > zero else (zero if e == e else e)"), Sum("e if e > zero else zero", into="loss")),
)
# A step of Newton's method for the threshold at which the norm is 1. The norm falls and is convex, so from below the threshold
# rises, and where all elements are equal it is found at once. What a threshold lacks is kept beside it.
ROOT_THRESHOLD = RowStep(
    "root_threshold",
    """
    cdef double norm, next
    cdef {real} threshold
    p.again = 0
    for r in range(p.rows):
        norm = square_root(total_of_row_{dtype}(s, SUM, r))
        next = s.threshold[r] + (norm - 1) * norm / total_of_row_{dtype}(s, LOSS, r)
        threshold = <{real}> next
        if threshold > s.threshold[r] or (threshold != threshold and s.threshold[r] == s.threshold[r]):
            s.threshold[r] = threshold
            p.again = 1
        s.factor_low[r] = <{real}> (next - s.threshold[r])
        s.total[SUM][r] = s.total_low[SUM][r] = s.total[LOSS][r] = s.total_low[LOSS][r] = 0
    """,
)
ENTMAX15_OUT = ElementStep("entmax15", let={**_ROOT, "r": "at_least(zero, e - {factor_low})"}, out="r * r")

ENTMAX15 = Program(
    inputs=("x",),
    passes=[
        Pass(steps=[MAX]),
        Pass(steps=[SQUARES], then=[ROOT_THRESHOLD], repeats=True),
        Pass(steps=[ENTMAX15_OUT], output=Output.RESULT),
    ],
)

# With r the root of y: r times dy less the mean of dy weighted by r; where y is not positive 0, or NaN where y is.
_ROOT_OF_OUTPUT = {"r": "square_root(at_least(zero, y[i]))", **_OR_NAN}
ROOTS = ElementStep(
    "roots",
    ("dy", "y"),
    let={**_ROOT_OF_OUTPUT, "e": "r * dy[i]"},
    sums=(Sum("e if y[i] > zero else u"), Sum("r", into="loss")),
)
MEAN_BY_ROOTS = RowStep(
    "mean_by_roots",
    """
    for r in range(p.rows):
        s.factor[r] = <{real}> (total_of_row_{dtype}(s, SUM, r) / total_of_row_{dtype}(s, LOSS, r))
    """,
)
ENTMAX15_GRAD = ElementStep(
    "entmax15_grad", ("dy", "y"), let={**_ROOT_OF_OUTPUT, "e": "r * (dy[i] - {factor})"}, out="e if y[i] > zero else u"
)

ENTMAX15_GRADIENT = Program(
    inputs=("dy", "y"),
    passes=[
        Pass(steps=[ROOTS], then=[MEAN_BY_ROOTS]),
        Pass(steps=[ENTMAX15_GRAD], output=Output.RESULT),
    ],
)

# ---- maxout ------------------------------------------------------------------------------------------------------------

FIRST = BuiltInStep("first")  # the row's dy at its first largest element

MAXOUT = Program(inputs=("x",), passes=[Pass(steps=[MAXIMUM], then=[LARGEST_TO_RESULT])])
MAXOUT_GRADIENT = Program(inputs=("x",), passes=[Pass(steps=[MAXIMUM]), Pass(steps=[FIRST], output=Output.RESULT)])

# ---- Cross-entropy with labels -----------------------------------------------------------------------------------------

# The logits at the labels.
LABELS = RowStep(
    "labels",
    """
    cdef Py_ssize_t at
    for r in range(p.rows):
        at = p.labels[r] - p.start
        if 0 <= at < p.length:
            s.at_label[r] = (<const {real}*> p.input[0])[r * p.pitch[0] + at if p.along else at * p.pitch[0] + r]
    """,
)
# The losses, and what makes the gradient: factor * e - share * weight, and at_label at the label.
CROSS_ENTROPY_RESULT = RowStep(
    "cross_entropy",
    """
    cdef Py_ssize_t label
    cdef double others, log, drop, not_label, weight, kept, target, all_targets, loss, other_targets, spread = p.smoothing / p.n
    cdef double[PANEL_ROWS] logs
    logs_{dtype}(s, p.rows, logs)
    for r in range(p.rows):
        label = p.labels[r]
        if label < 0:
            p.result[r] = 0
            s.factor[r] = s.factor_low[r] = s.share[r] = s.at_label[r] = 0
            continue
        others = others_{dtype}(s, r)
        log = logs[r]
        weight = p.label_weights[label] if p.label_weights != NULL else 1
        kept = target = all_targets = (1 - p.smoothing) * weight
        drop = <double> s.largest[r] - s.at_label[r]
        loss = kept * (drop + log) if kept != 0 else 0
        if p.smoothing != 0:
            loss += spread * (total_of_row_{dtype}(s, LOSS, r) + p.weights_sum * log)
            all_targets += spread * p.weights_sum
            target += spread * weight
        p.result[r] = loss
        divided_{dtype}(s, r, p.factor[r] * all_targets, largest_power_{dtype}(s, r) * (1 + others))
        if s.largest[r] == -INFINITY:
            s.factor[r] = <{real}> NAN
        s.share[r] = <{real}> (p.factor[r] * spread)
        if p.smoothing == 0:
            not_label = others / (1 + others) if drop == 0 else 1 - c_exp(-drop) / (1 + others)
            s.at_label[r] = <{real}> (p.factor[r] * (0 - target * not_label))
            continue
        other_targets = spread * total_of_row_{dtype}(s, OTHER_TARGETS, r) + (0 if drop == 0 else kept)
        set_at_largest_{dtype}(s, r, p.factor[r], others, all_targets, other_targets)
        if drop == 0:
            s.at_label[r] = s.at_largest[r]
            if others >= 1:
                s.at_label[r] = <{real}> (p.factor[r] * (all_targets / (1 + others) - target))
        else:
            s.at_label[r] = <{real}> (
                p.factor[r] * (all_targets * (power_{dtype}(s, r, s.at_label[r]) / (1 + others)) - target)
            )
        if s.largest[r] == -INFINITY:
            s.at_label[r] = <{real}> NAN
    """,
)
# The gradient at the labels, and of ignored rows.
LABEL_GRAD = RowStep(
    "label_grad",
    """
    cdef {real}* out = <{real}*> p.out
    cdef Py_ssize_t i, at, row = p.out_pitch if p.along else 1, position = 1 if p.along else p.out_pitch
    for r in range(p.rows):
        at = p.labels[r] - p.start
        if p.labels[r] < 0:
            for i in range(p.length):
                out[i * position + r * row] = 0
        elif 0 <= at < p.length:
            out[at * position + r * row] = s.at_label[r]
    """,
)

FIND_LARGEST_AND_LABELS = Pass(steps=[MAX, LABELS], then=[UNIT])

CROSS_ENTROPY = Program(
    inputs=("logits",),
    passes=[FIND_LARGEST_AND_LABELS, Pass(steps=[OTHERS_SUM], then=[CROSS_ENTROPY_RESULT])],
)
CROSS_ENTROPY_GRADIENT = Program(
    inputs=("logits",),
    passes=[
        FIND_LARGEST_AND_LABELS,
        Pass(steps=[OTHERS], output=Output.POWERS, then=[CROSS_ENTROPY_RESULT]),
        Pass(steps=[SCALE, LABEL_GRAD], output=Output.RESULT, reads_powers=True),
    ],
    without_room=[
        FIND_LARGEST_AND_LABELS,
        Pass(steps=[OTHERS_SUM], then=[CROSS_ENTROPY_RESULT]),
        Pass(steps=[EXP_SCALE, LABEL_GRAD], output=Output.RESULT),
    ],
)

# Where each class has a share in the gradient, the largest element has a formula of its own: see set_at_largest in
# row_softmax.pxi.in. The stored exponential of such an element is negative.
MARKED_OTHERS = ElementStep("marked_others", let=_POWER, out="-e if x[i] == {largest} else e", sums=_OTHERS)


# Of a choice both sides are computed first, and have names: so that compilers take it in vectors, with SSE2 too.


def _less(share: str) -> dict[str, str]:
    """The gradient of an element, from which this share is taken: of the row's largest, and of any other."""
    return {"top": f"{{at_largest}} - {{largest_share}} * {share}", "other": f"{_NORMALISED} - {{share}} * {share}"}


_WHERE_LARGEST = "top if x[i] == {largest} else other"
_WHERE_MARKED = "top if e < zero else other"

# With label smoothing: how far the logits are below the largest counts, too.
DROP = ElementStep(
    "drop",
    weighted=True,
    let={"u": "w[i]", "v": "u * ({largest} - x[i])"},
    sums=(Sum("zero if u == zero else v", into="loss"),),
)
OTHER_WEIGHTS = ElementStep(
    "other_weights", weighted=True, let={"u": "w[i]"}, sums=(Sum("zero if x[i] == {largest} else u", into="other_targets"),)
)
CLASS_GRAD = ElementStep("class_grad", ("powers",), weighted=True, let={**_OF_STORED, **_less("w[i]")}, out=_WHERE_MARKED)
EXP_CLASS_GRAD = ElementStep("exp_class_grad", weighted=True, let={**_POWER, **_less("w[i]")}, out=_WHERE_LARGEST)

SMOOTHED_CROSS_ENTROPY = Program(
    inputs=("logits",),
    passes=[FIND_LARGEST_AND_LABELS, Pass(steps=[DROP, OTHERS_SUM], then=[CROSS_ENTROPY_RESULT])],
)
SMOOTHED_CROSS_ENTROPY_GRADIENT = Program(
    inputs=("logits",),
    passes=[
        FIND_LARGEST_AND_LABELS,
        Pass(steps=[DROP, OTHER_WEIGHTS, MARKED_OTHERS], output=Output.POWERS, then=[CROSS_ENTROPY_RESULT]),
        Pass(steps=[CLASS_GRAD, LABEL_GRAD], output=Output.RESULT, reads_powers=True),
    ],
    without_room=[
        FIND_LARGEST_AND_LABELS,
        Pass(steps=[DROP, OTHER_WEIGHTS, OTHERS_SUM], then=[CROSS_ENTROPY_RESULT]),
        Pass(steps=[EXP_CLASS_GRAD, LABEL_GRAD], output=Output.RESULT),
    ],
)

# ---- Cross-entropy with probabilities ----------------------------------------------------------------------------------

# How label smoothing mixes the targets with a uniform distribution.
KEEP = RowStep(
    "keep",
    """
    for r in range(p.rows):
        s.keep[r] = <{real}> (1 - p.smoothing)
        s.spread[r] = <{real}> (p.smoothing / p.n) if p.n else 0
    """,
)
_TARGET = {"u": "w[i] * fma({keep}, target[i], {spread})"}
TARGETS = ElementStep(
    "targets",
    ("x", "target"),
    weighted=True,
    let={**_TARGET, "v": "u * ({largest} - x[i])"},
    sums=(Sum("zero if u == zero else v", into="loss"), Sum("u", into="targets")),
)
OTHER_TARGETS = ElementStep(
    "other_targets",
    ("x", "target"),
    weighted=True,
    let=_TARGET,
    sums=(Sum("zero if x[i] == {largest} else u", into="other_targets"),),
)
TARGET_ENTROPY = RowStep(
    "target_entropy",
    """
    cdef double others, all_targets
    for r in range(p.rows):
        others = others_{dtype}(s, r)
        all_targets = total_of_row_{dtype}(s, TARGETS, r)
        p.result[r] = total_of_row_{dtype}(s, LOSS, r) + all_targets * log1p_f64(others, 0, 0)
        divided_{dtype}(s, r, p.factor[r] * all_targets, largest_power_{dtype}(s, r) * (1 + others))
        if s.largest[r] == -INFINITY:
            p.result[r] = NAN
            s.factor[r] = <{real}> NAN
        s.share[r] = <{real}> p.factor[r]
        set_at_largest_{dtype}(s, r, p.factor[r], others, all_targets, total_of_row_{dtype}(s, OTHER_TARGETS, r))
    """,
)
TARGET_GRAD = ElementStep("target_grad", ("powers", "target"), True, {**_OF_STORED, **_TARGET, **_less("u")}, _WHERE_MARKED)
EXP_TARGET_GRAD = ElementStep("exp_target_grad", ("x", "target"), True, {**_POWER, **_TARGET, **_less("u")}, _WHERE_LARGEST)

FIND_LARGEST_AND_KEEP = Pass(steps=[MAX], then=[UNIT, KEEP])

TARGET_CROSS_ENTROPY = Program(
    inputs=("logits", "targets"),
    passes=[FIND_LARGEST_AND_KEEP, Pass(steps=[TARGETS, OTHERS_SUM], then=[TARGET_ENTROPY])],
)
TARGET_CROSS_ENTROPY_GRADIENT = Program(
    inputs=("logits", "targets"),
    passes=[
        FIND_LARGEST_AND_KEEP,
        Pass(steps=[TARGETS, OTHER_TARGETS, MARKED_OTHERS], output=Output.POWERS, then=[TARGET_ENTROPY]),
        Pass(steps=[TARGET_GRAD], output=Output.RESULT, reads_powers=True),
    ],
    without_room=[
        FIND_LARGEST_AND_KEEP,
        Pass(steps=[TARGETS, OTHER_TARGETS, OTHERS_SUM], then=[TARGET_ENTROPY]),
        Pass(steps=[EXP_TARGET_GRAD], output=Output.RESULT),
    ],
)

# ---- Binary cross-entropy ----------------------------------------------------------------------------------------------

_WEIGHTED = ("x", "target", "weight", "positive")


# What weighs nothing is 0, infinite or NaN as it may be.
_WEIGHTED_LOSS = "zero if weight[i] == zero else loss"
_WEIGHTED_SLOPE = "(zero if weight[i] == zero else slope) * {factor}"

_LOSS = {"loss": "weight[i] * softplus_parts(x[i], one - target[i], positive[i] * target[i])"}
_BINARY_SLOPE = "(one - target[i]) * sigmoid_forward(x[i]) - positive[i] * target[i] * sigmoid_forward(-x[i])"
_SLOPE = {"slope": f"weight[i] * ({_BINARY_SLOPE})"}

BINARY = ElementStep("binary", _WEIGHTED, let=_LOSS, sums=(Sum(_WEIGHTED_LOSS),))
BINARY_GRAD = ElementStep("binary_grad", _WEIGHTED, let={**_LOSS, **_SLOPE}, out=_WEIGHTED_SLOPE, sums=(Sum(_WEIGHTED_LOSS),))
BINARY_EACH = ElementStep("binary_each", _WEIGHTED, let=_LOSS, out=_WEIGHTED_LOSS)
SUM_TO_RESULT = RowStep(
    "total_to_result",
    """
    for r in range(p.rows):
        p.result[r] = total_of_row_{dtype}(s, SUM, r)
    """,
)

# The same of probabilities, x, in place of logits.
_LOSS_OF_SHARE = "(one - target[i]) * -clamped_log1p(-x[i]) + positive[i] * target[i] * -clamped_log(x[i])"
_OF_SHARE = {"loss": f"weight[i] * ({_LOSS_OF_SHARE})"}
_SLOPE_OF_SHARE = {"slope": "weight[i] * binary_slope(x[i], target[i], positive[i])"}

BINARY_OF_SHARES = ElementStep("binary_of_shares", _WEIGHTED, let=_OF_SHARE, sums=(Sum(_WEIGHTED_LOSS),))
BINARY_OF_SHARES_GRAD = ElementStep(
    "binary_of_shares_grad",
    _WEIGHTED,
    let={**_OF_SHARE, **_SLOPE_OF_SHARE},
    out=_WEIGHTED_SLOPE,
    sums=(Sum(_WEIGHTED_LOSS),),
)
BINARY_OF_SHARES_EACH = ElementStep("binary_of_shares_each", _WEIGHTED, let=_OF_SHARE, out=_WEIGHTED_LOSS)


def _binary(inputs: str, loss: Step, gradient: Step, each: Step) -> tuple[RowFunction, RowFunction]:
    """What sums losses along the rows, and what gives each."""
    of = (inputs, "targets", "weights", "weights of positive targets")
    return RowFunction(
        forward=Program(inputs=of, passes=[Pass(steps=[loss], then=[SUM_TO_RESULT])]),
        gradient=Program(inputs=of, passes=[Pass(steps=[gradient], output=Output.RESULT, then=[SUM_TO_RESULT])]),
    ), RowFunction(forward=Program(inputs=of, passes=[Pass(steps=[each], output=Output.RESULT)]))


_OF_LOGITS = _binary("logits", BINARY, BINARY_GRAD, BINARY_EACH)
_OF_SHARES = _binary("probabilities", BINARY_OF_SHARES, BINARY_OF_SHARES_GRAD, BINARY_OF_SHARES_EACH)

# ---- All of them -------------------------------------------------------------------------------------------------------

#: By the names of their records. Of the losses those with other programs besides: the engine's `RowArithmetic` chooses.
FUNCTIONS = {
    "softmax": RowFunction(forward=SOFTMAX, gradient=SOFTMAX_GRADIENT),
    "log_softmax": RowFunction(forward=LOG_SOFTMAX, gradient=LOG_SOFTMAX_GRADIENT),
    "logsumexp": RowFunction(forward=LOGSUMEXP, gradient=SOFTMAX),
    "sparsemax": RowFunction(forward=SPARSEMAX, gradient=SPARSEMAX_GRADIENT),
    "entmax15": RowFunction(forward=ENTMAX15, gradient=ENTMAX15_GRADIENT),
    "maxout": RowFunction(forward=MAXOUT, gradient=MAXOUT_GRADIENT),
    "cross_entropy": RowFunction(forward=CROSS_ENTROPY, gradient=CROSS_ENTROPY_GRADIENT),
    "cross_entropy_smoothed": RowFunction(forward=SMOOTHED_CROSS_ENTROPY, gradient=SMOOTHED_CROSS_ENTROPY_GRADIENT),
    "cross_entropy_probabilities": RowFunction(forward=TARGET_CROSS_ENTROPY, gradient=TARGET_CROSS_ENTROPY_GRADIENT),
    "binary_cross_entropy": _OF_LOGITS[0],
    "binary_cross_entropy_each": _OF_LOGITS[1],
    "binary_cross_entropy_of_probabilities": _OF_SHARES[0],
    "binary_cross_entropy_of_probabilities_each": _OF_SHARES[1],
}

"""Regenerate every polynomial of vecmath.h, special.py and the block kernels:  python docs/coefficients.py [name ...]

Each polynomial is a minimax fit: Lawson's algorithm on a dense Chebyshev grid, in 80 digits.  The low coefficients carry the
most weight, so they are rounded to the target type one at a time and the rest is refitted around what was lost.  Printed
for each: the coefficients from the constant term up, and log2 of the largest weighted error *after* rounding.

The tables of avx512_tanh.h, avx512_erf.h and avx512_gelu.h are such polynomials for 32 pieces of one function: see there.
"""

import itertools
import sys
import textwrap

import mpmath as mp
import numpy as np

mp.mp.dps = 80
GRID = 400
LAWSON_STEPS = 30
REFITTED = 4  # coefficients rounded one at a time; the error of rounding the later ones is lost in their small terms


def chebyshev_grid(low, high):
    centre, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    return [centre - half * mp.cos(mp.pi * (i + mp.mpf(0.5)) / GRID) for i in range(GRID)]


def polynomial(coefficients, x):
    return mp.polyval(coefficients[::-1], x)


def minimax(xs, values, weights, degree):
    """Coefficients of the polynomial that minimises max |weight * (value - polynomial)| over the grid.

    Lawson's algorithm: least squares, each point's weight multiplied by its error until all extrema are equal.
    """
    powers = [[x**k for x in xs] for k in range(2 * degree + 1)]
    emphasis = [mp.mpf(1)] * len(xs)
    best, least = None, mp.inf
    for _ in range(LAWSON_STEPS):
        squares = [e * w * w for e, w in zip(emphasis, weights, strict=True)]
        moments = [mp.fdot(squares, p) for p in powers]
        targets = [s * v for s, v in zip(squares, values, strict=True)]
        matrix = mp.matrix([[moments[i + j] for j in range(degree + 1)] for i in range(degree + 1)])
        right = mp.matrix([mp.fdot(targets, powers[i]) for i in range(degree + 1)])
        coefficients = list(mp.lu_solve(matrix, right))
        errors = [abs(w * (v - polynomial(coefficients, x))) for x, v, w in zip(xs, values, weights, strict=True)]
        largest = max(errors)
        if largest < least:
            best, least = coefficients, largest
        emphasis = [e * error / largest for e, error in zip(emphasis, errors, strict=True)]
        total = mp.fsum(emphasis)
        emphasis = [e / total for e in emphasis]
    return best


def fit(function, weight, low, high, degree, dtype):
    """Rounded coefficients and log2 of their largest weighted error."""
    xs = chebyshev_grid(low, high)
    values = [function(x) for x in xs]
    weights = [abs(weight(x)) for x in xs]
    rest, scale, rounded = values, weights, []
    for k in range(min(REFITTED, degree)):
        lowest = mp.mpf(float(dtype(float(minimax(xs, rest, scale, degree - k)[0]))))
        rounded.append(lowest)
        rest = [(v - lowest) / x for v, x in zip(rest, xs, strict=True)]
        scale = [w * abs(x) for w, x in zip(scale, xs, strict=True)]
    rounded += [mp.mpf(float(dtype(float(c)))) for c in minimax(xs, rest, scale, degree - len(rounded))]
    worst = max(abs(w * (v - polynomial(rounded, x))) for x, v, w in zip(xs, values, weights, strict=True))
    return [dtype(float(c)) for c in rounded], float(mp.log(worst, 2))


def odd_tail(function):
    """(function(x)/x - 1) / x^2 as a function of u = x^2, for an odd function with slope 1 at zero."""
    return lambda u: (function(mp.sqrt(u)) / mp.sqrt(u) - 1) / u


def odd_weight(function):
    """Makes an error of odd_tail relative to the function."""
    return lambda u: u * mp.sqrt(u) / function(mp.sqrt(u))


def normal_tail(shift, centre):
    """(a + shift) e^(a^2/2) Phi(-a) as a function of w = v - centre, v = a/(a + shift): see vecmath.h."""

    def tail(w):
        v = w + centre
        a = shift * v / (1 - v)
        return (a + shift) * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2

    return tail, lambda w: 1 / tail(w)


def log1p_tail(centre):
    """(log1p(t) - t) / t^2 as a function of w = t - centre."""

    def tail(w):
        t = w + centre
        return (mp.log1p(t) - t) / t**2

    return tail, lambda w: (w + centre) ** 2 / mp.log1p(w + centre)


def log_erfc(a):
    return mp.log(mp.erfc(a)) / a


def sinc(u):
    """sin(pi r) / (pi r) as a function of u = r^2"""
    return mp.sincpi(mp.sqrt(u))


def sin_squared_tail(u):
    """(sin(r)^2 - u) / u^2 as a function of u = r^2."""
    return (mp.sin(mp.sqrt(u)) ** 2 - u) / u**2


def sinc_slope(u):
    """Its derivative by r, over r."""
    r = mp.sqrt(u)
    return (mp.cospi(r) - mp.sincpi(r)) / u


HALF_PI = mp.pi / 2 * mp.mpf("1.0001")
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0001")
TANH_SMALL = mp.mpf("0.6875")
ERF_SMALL = mp.mpf("0.9375")
F32, F64 = np.float32, np.float64

# name: function, weight that makes the error relative to the whole result, interval for each type, degree for each type
POLYNOMIALS = {
    "expm1": (
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2,
        {F32: (-HALF_LN2, HALF_LN2, 4), F64: (-HALF_LN2, HALF_LN2, 9)},
    ),
    "exp_sixteenth": (
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2,
        {F32: (-HALF_LN2 / 16, HALF_LN2 / 16, 1), F64: (-HALF_LN2 / 16, HALF_LN2 / 16, 4)},
    ),
    "expm1_sixteenth": (
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        {F32: (-HALF_LN2 / 16, HALF_LN2 / 16, 2)},
    ),
    "exp_twice": (
        lambda r: mp.exp(2 * r),
        lambda r: mp.exp(-2 * r),
        {F32: (-HALF_LN2 / 2, HALF_LN2 / 2, 6), F64: (-HALF_LN2 / 2, HALF_LN2 / 2, 11)},
    ),
    "tanh": (
        odd_tail(mp.tanh),
        odd_weight(mp.tanh),
        {F32: (0, TANH_SMALL**2, 4), F64: (0, TANH_SMALL**2, 11)},
    ),
    "arctan": (odd_tail(mp.atan), odd_weight(mp.atan), {F32: (0, 1, 8), F64: (0, 1, 19)}),
    "sin": (
        odd_tail(mp.sin),
        odd_weight(mp.sin),
        {F32: (0, mp.pi**2 / 16, 2), F64: (0, mp.pi**2 / 16, 5)},
    ),
    "sin_tail": (odd_tail(mp.sin), odd_weight(mp.sin), {F32: (0, HALF_PI**2, 3), F64: (0, HALF_PI**2, 7)}),
    "cosine": (
        lambda u: (mp.cos(mp.sqrt(u)) - 1) / u,
        lambda u: u,
        {F32: (0, HALF_PI**2 / 4, 3), F64: (0, HALF_PI**2 / 4, 6)},
    ),
    "sin_squared": (
        sin_squared_tail,
        lambda u: u**2 / mp.sin(mp.sqrt(u)) ** 2,
        {F32: (0, HALF_PI**2 / 4, 3), F64: (0, HALF_PI**2 / 4, 6)},
    ),
    "erf": (
        lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u) - 1,
        lambda u: mp.sqrt(u) / mp.erf(mp.sqrt(u)),
        {F32: (0, ERF_SMALL**2, 6), F64: (0, ERF_SMALL**2, 11)},
    ),
    "log_erfc": (
        log_erfc,
        lambda a: a * mp.erfc(a) / mp.erf(a),
        {F32: (ERF_SMALL, 4, 5), F64: (ERF_SMALL, 6, 17)},
    ),
    "log1p": (
        lambda r: (mp.log1p(r) - r) / r**2,
        lambda r: r**2 / mp.log1p(r),
        {F32: (mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 8), F64: (mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 19)},
    ),
    "sinc": (
        lambda u: (sinc(u) - 1) / u,
        lambda u: u / sinc(u),
        {F32: (0, mp.mpf(0.25), 3), F64: (0, mp.mpf(0.25), 7)},
    ),
    "sinc_slope": (
        sinc_slope,
        lambda u: 1 / sinc_slope(u),
        {F32: (0, mp.mpf(0.25), 4), F64: (0, mp.mpf(0.25), 7)},
    ),
    "exp2": (
        lambda f: mp.expm1(f * mp.log(2)) / f,
        lambda f: f / 2**f,
        {F32: (-mp.mpf("0.5001"), mp.mpf("0.5001"), 5)},
    ),
    "cospi": (
        lambda u: (mp.cospi(mp.sqrt(u)) - 1) / u,
        lambda u: u,
        {F32: (0, mp.mpf(0.25), 4), F64: (0, mp.mpf(0.25), 7)},
    ),
}


def shrink(u):
    """(x - tanh(x)) / x^3 as a function of u = x^2."""
    x = mp.sqrt(u)
    return (x - mp.tanh(x)) / (x * u)


EIGHTH = mp.tan(mp.pi / 8) * mp.mpf("1.0001")
POLYNOMIALS["tanh_shrink"] = (shrink, lambda u: 1 / shrink(u), {F32: (0, 1, 7), F64: (0, 1, 15)})
POLYNOMIALS["arctan_eighth"] = (
    odd_tail(mp.atan),
    odd_weight(mp.atan),
    {F32: (0, EIGHTH**2, 4), F64: (0, EIGHTH**2, 10)},
)

# Two are centred: their terms are then small where the sum is, and round less. Each centre is a number near the best
# place for which the constant term is almost a float.
for dtype, centre, degree in ((F32, 0.794189453125, 8), (F64, 0.7201433181762695, 19)):
    tail, weight = log1p_tail(mp.mpf(centre))
    POLYNOMIALS[f"log1p_{dtype.__name__}"] = (tail, weight, {dtype: (-mp.mpf(centre), 1 - mp.mpf(centre), degree)})

for dtype, centre, shift, furthest, degree in ((F32, 0.508544921875, 3, 15, 10), (F64, 0.45018482208251953, 4, 39.5, 23)):
    tail, weight = normal_tail(shift, mp.mpf(centre))
    interval = (-mp.mpf(centre), mp.mpf(furthest) / (furthest + shift) - centre, degree)
    POLYNOMIALS[f"normal_tail_{dtype.__name__}"] = (tail, weight, {dtype: interval})

PER_HALF_SQUARE = mp.mpf(float(F32(0.5 / np.log(2))))  # what the kernels of gelu multiply a^2 by: rounding it is made good here


def gelu_tail(h):
    """2^(PER_HALF_SQUARE a^2) a Phi(-a), a = 2h."""
    return 2 ** (4 * PER_HALF_SQUARE * h * h) * 2 * h * mp.ncdf(-2 * h)


def gelu_slope(h):
    """2^(PER_HALF_SQUARE a^2) (Phi(-a) - a phi(a)), a = 2h."""
    return 2 ** (4 * PER_HALF_SQUARE * h * h) * (mp.ncdf(-2 * h) - 2 * h * mp.npdf(2 * h))


# name: function, weight, furthest x, octaves the pieces are spread over, degree, type; and the function whose centres it shares
TABLES = {
    "tanh_pieces": (mp.tanh, lambda x: 1 / mp.tanh(x), 9.3, 4, 3, F32, mp.tanh),
    "erf_pieces": (mp.erf, lambda x: 1 / mp.erf(x), 4, 2, 3, F32, mp.erf),
    "erf_pieces_f64": (mp.erf, lambda x: 1 / mp.erf(x), 6, 1, 11, F64, mp.erf),
    "gelu_pieces": (gelu_tail, lambda h: 1 / gelu_tail(h), 7.3, 4, 3, F32, gelu_tail),
    "gelu_slope_pieces": (gelu_slope, lambda h: 1, 7.3, 4, 3, F32, gelu_tail),
}


def number_near(function, low, high, dtype):
    """A number of the type near the harmonic middle for which the function almost is one, too; zero for the first piece."""
    if low == 0:
        return low
    middle = 2 * low * high / (low + high)
    candidates = [mp.mpf(float(dtype(float(middle + k * (high - low) / 1024)))) for k in range(-40, 41)]
    return min(candidates, key=lambda x: abs(function(x) / mp.mpf(float(dtype(float(function(x))))) - 1))


def piece_ends(pieces, furthest, octaves):
    """Offset and scale, and the two ends of each piece: where offset + x * scale, from 1 to 2^octaves, is a number of few bits.

    The offset halves the first piece, whose error is relative to the smallest values."""
    per_octave = pieces // octaves
    offset = 1 + mp.mpf(1) / (2 * per_octave)
    scale = mp.mpf(float(F32(float((2**octaves - offset) / furthest))))
    bounds = [mp.mpf(2) ** (k // per_octave) * (1 + mp.mpf(k % per_octave) / per_octave) for k in range(pieces + 1)]
    ends = [max(mp.mpf(0), (bound - offset) / scale) for bound in bounds]
    return offset, scale, list(itertools.pairwise(ends))


def fit_piece(function, weight, low, high, centre, degree, dtype):
    """centre, value = function(centre), and the polynomial (function(x) - value) / d - 1 of d = x - centre; its largest error."""
    value = mp.mpf(float(dtype(float(function(centre)))))
    ds = [x - centre for x in chebyshev_grid(low, high)]
    values = [(function(centre + d) - value) / d - 1 for d in ds]
    weights = [abs(weight(centre + d) * d) for d in ds]
    rounded = [mp.mpf(float(dtype(float(c)))) for c in minimax(ds, values, weights, degree)]
    worst = max(abs(w * (v - polynomial(rounded, d))) for d, v, w in zip(ds, values, weights, strict=True))
    return [centre, value, *rounded], worst


def print_pieces(name):
    """A table in C: centres, values, coefficients from the constant term up, each in the order of the pieces' bits."""
    function, weight, furthest, octaves, degree, dtype, sharing = TABLES[name]
    pieces, suffix = (32, "f") if dtype is F32 else (16, "")
    offset, scale, ends = piece_ends(pieces, furthest, octaves)
    fits = [fit_piece(function, weight, low, high, number_near(sharing, low, high, dtype), degree, dtype) for low, high in ends]
    error = float(mp.log(max(worst for _, worst in fits), 2))
    print(f"{name}, offset {float(offset)!s}, scale {F32(float(scale))!s}, error 2^{error:.1f}")
    first = 127 * pieces // octaves % pieces  # the low bits of the exponent of 1 come first, then those of the mantissa
    for row in zip(*(fits[(k - first) % pieces][0] for k in range(pieces)), strict=True):
        numbers = [f"{dtype(float(number))!s}{suffix}" for number in row]
        print(textwrap.fill("{" + ", ".join(numbers) + "},", 128, initial_indent="    ", subsequent_indent="     "))


def print_inverse_pi():
    """INVERSE_PI: 128 zeros, then the digits of 1/pi."""
    count, words = 39, [0] * 4
    with mp.workprec(32 * count + 64):
        digits = int(mp.floor(mp.ldexp(1 / mp.pi, 32 * count)))
    words += [digits >> (32 * k) & 0xFFFFFFFF for k in reversed(range(count))]
    lines = ["    " + ", ".join(f"0x{word:08x}u" for word in words[k : k + 8]) for k in range(0, len(words), 8)]
    print("#define INVERSE_PI \\", ", \\\n".join(lines), sep="\n")


def print_powers():
    """POWERS: 2^(k/16) in two bits fewer than fit, so that 1 - 2^(k/16 - n) is exact for n up to 2, and what it then lacks,
    relative to it."""
    for dtype, bits in ((F32, 22), (F64, 51)):
        exact = [mp.power(2, mp.mpf(k) / 16) for k in range(16)]
        short = [mp.nint(mp.ldexp(power, bits - 1)) / mp.ldexp(1, bits - 1) for power in exact]
        print(dtype.__name__, *(dtype(float(power)) for power in short), sep=", ")
        print(*(dtype(float(e / power - 1)) for e, power in zip(exact, short, strict=True)), sep=", ")


if __name__ == "__main__":
    printers = {"inverse_pi": print_inverse_pi, "powers": print_powers}
    if printer := printers.get(" ".join(sys.argv[1:])):
        printer()
        sys.exit()
    for name in sys.argv[1:] or [*POLYNOMIALS, *TABLES]:
        if name in TABLES:
            print_pieces(name)
            continue
        function, weight, targets = POLYNOMIALS[name]
        for dtype, (low, high, degree) in targets.items():
            coefficients, error = fit(function, weight, low, high, degree, dtype)
            print(f"{name} {dtype.__name__}, degree {degree}, error 2^{error:.1f}")
            for c in coefficients:
                print(f"  {c!s}")

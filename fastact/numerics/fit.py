"""Compute every number of coefficients.py: the polynomials, the tables of the block kernels, the digits of 1/pi.

    python -m fastact.numerics.fit [NAME ...]           print the fits, and the error of each
    python -m fastact.numerics.fit --check [NAME ...]   say which numbers of coefficients.py differ from the fits
    python -m fastact.numerics.fit --write              write coefficients.py anew

What is fitted stands in approximations.py. Each polynomial is a minimax fit: Lawson's algorithm on a dense Chebyshev grid, in
115 digits. The low coefficients carry the most weight. So they are rounded to the target type one at a time, and the rest is
refitted around what was lost. Each degree is the lowest whose error is small against the rounding errors of the function that
uses it.

All fits take about a minute of processor time; they are shared out to all processors. Needs mpmath (the extra `verify`).
"""

import argparse
import itertools
import runpy
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from .approximations import ERF_SMALL, NORMAL_SHIFT, POLYNOMIALS, TABLES, TANH_SMALL, mp

FRACTION = 384  # bits behind the point of the integers in which `minimax` computes
GRID = 400
LAWSON_STEPS = 30
REFITTED = 4  # coefficients rounded one at a time; the error of rounding the later ones is lost in their small terms
WIDTH = 128  # of a line in coefficients.py

TYPES = {"float32": np.float32, "float64": np.float64}
FILE = Path(__file__).with_name("coefficients.py")


# ---- Fitting -------------------------------------------------------------------------------------------------------------


def chebyshev_grid(low, high):
    centre, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    return [centre - half * mp.cos(mp.pi * (i + mp.mpf(0.5)) / GRID) for i in range(GRID)]


def evaluate(coefficients, x):
    total = mp.mpf(0)
    for coefficient in coefficients[::-1]:
        total = total * x + coefficient
    return total


def nearest(number, dtype):
    """The number of the type that is nearest to this one."""
    return mp.mpf(float(TYPES[dtype](float(number))))


def written(numbers, dtype):
    """These numbers of the type in the fewest digits that give them back."""
    return tuple(float(str(TYPES[dtype](float(number)))) for number in numbers)


def log2(error):
    return float(mp.log(error, 2))


def fixed_point(numbers):
    return np.array([int(mp.nint(mp.ldexp(number, FRACTION))) for number in numbers], object)


def solve(matrix, right):
    """The solution of linear equations, symmetric and positive definite, in fixed point."""
    n = len(right)
    rows = np.concatenate([matrix, right[:, None]], axis=1)
    for k in range(n):
        factors = (rows[k + 1 :, k] << FRACTION) // rows[k, k]
        rows[k + 1 :] -= factors[:, None] * rows[k] >> FRACTION
    solution = np.zeros(n, object)
    for k in reversed(range(n)):
        known = rows[k, k + 1 : n] @ solution[k + 1 :] if k + 1 < n else 0
        solution[k] = ((rows[k, n] << FRACTION) - known) // rows[k, k]
    return solution


def minimax(xs, values, weights, degree):
    """Coefficients of the polynomial that minimises max |weight * (value - polynomial)| over the grid.

    Lawson's algorithm: least squares, each point's weight multiplied by its error until all extrema are equal. In integers, as
    numbers with a fixed point: these are several times as fast as mpmath's.
    """
    xs, values, weights = map(fixed_point, (xs, values, weights))
    powers = [np.full(len(xs), 1 << FRACTION, object)]
    for _ in range(2 * degree):
        powers.append(powers[-1] * xs >> FRACTION)
    powers = np.array(powers)
    places = np.arange(degree + 1)
    places = places + places[:, None]
    emphasis = powers[0]
    squared_weights = weights * weights >> FRACTION
    best, least = None, None
    for _ in range(LAWSON_STEPS):
        squares = emphasis * squared_weights >> FRACTION
        moments = powers @ squares >> FRACTION
        right = powers[: degree + 1] @ (squares * values >> FRACTION) >> FRACTION
        coefficients = solve(moments[places], right)
        sums = coefficients[-1]
        for coefficient in coefficients[-2::-1]:
            sums = (sums * xs >> FRACTION) + coefficient
        errors = abs((values - sums) * weights >> FRACTION)
        largest = max(errors)
        if least is None or largest < least:
            best, least = coefficients, largest
        emphasis = emphasis * errors // largest
        emphasis = (emphasis << FRACTION) // sum(emphasis)
    return [mp.ldexp(int(coefficient), -FRACTION) for coefficient in best]


def weight_at(approximation, x):
    """What an error at x is multiplied by."""
    return abs(approximation.weight(x) if approximation.weight else 1 / approximation.function(x))


def fit_polynomial(polynomial, dtype):
    """Rounded coefficients, from the constant term up, and log2 of their largest weighted error."""
    target = getattr(polynomial, dtype)
    centre = mp.mpf(target.centre)
    xs = chebyshev_grid(target.low - centre, target.high - centre)
    values = [polynomial.function(x + centre) for x in xs]
    weights = [weight_at(polynomial, x + centre) for x in xs]
    rest, scale, rounded = values, weights, []
    for k in range(min(REFITTED, target.degree)):
        lowest = nearest(minimax(xs, rest, scale, target.degree - k)[0], dtype)
        rounded.append(lowest)
        rest = [(v - lowest) / x for v, x in zip(rest, xs, strict=True)]
        scale = [w * abs(x) for w, x in zip(scale, xs, strict=True)]
    rounded += [nearest(c, dtype) for c in minimax(xs, rest, scale, target.degree - len(rounded))]
    worst = max(abs(w * (v - evaluate(rounded, x))) for x, v, w in zip(xs, values, weights, strict=True))
    return written(rounded, dtype), log2(worst)


def centre_between(function, low, high, dtype):
    """A number of the type near the harmonic middle for which the function almost is one, too; zero if that is one's."""
    if low == 0 and function(low) == nearest(function(low), dtype):
        return low
    middle = 2 * low * high / (low + high) if low else high / 2
    candidates = [nearest(middle + k * (high - low) / 1024, dtype) for k in range(-40, 41)]
    return min(candidates, key=lambda x: abs(function(x) / nearest(function(x), dtype) - 1))


def interval_ends(table):
    """Offset and scale, and the two ends of each interval: where offset + x * scale, from 1 to 2^octaves, has few bits.

    The offset halves the first interval, whose error is relative to the smallest values. With intervals skipped all is as many
    further on."""
    per_octave = table.intervals // table.octaves
    offset = 1 + mp.mpf(2 * table.skipped + 1) / (2 * per_octave)
    steps = range(table.skipped, table.skipped + table.intervals + 1)
    bounds = [mp.mpf(2) ** (k // per_octave) * (1 + mp.mpf(k % per_octave) / per_octave) for k in steps]
    scale = nearest((bounds[-1] - offset) / table.furthest, "float32")
    ends = [max(mp.mpf(0), (bound - offset) / scale) for bound in bounds]
    return offset, scale, list(itertools.pairwise(ends))


def fit_interval(table, low, high):
    """centre, its value, the polynomial (function(x) - value) / d - near_slope of d = x - centre; its largest error."""
    if table.zero and low < table.zero < high:
        centre = mp.mpf(table.zero)
    else:
        centre = centre_between(table.rounded or table.function, low, high, table.dtype)
    value = nearest(table.function(centre), table.dtype)
    ds = [x - centre for x in chebyshev_grid(low, high)]
    values = [(table.function(centre + d) - value) / d - table.near_slope for d in ds]
    weights = [weight_at(table, centre + d) * abs(d) for d in ds]
    rounded = [nearest(c, table.dtype) for c in minimax(ds, values, weights, table.degree)]
    worst = max(abs(w * (v - evaluate(rounded, d))) for d, v, w in zip(ds, values, weights, strict=True))
    return [centre, value, *rounded], worst


def fit_table(table):
    """Its record in coefficients.py, and log2 of its largest weighted error."""
    offset, scale, ends = interval_ends(table)
    fits = [fit_interval(table, low, high) for low, high in ends]
    # the bits that count begin with the exponent's lowest
    first = 127 * table.intervals // table.octaves + table.skipped
    columns = [fits[(k - first) % table.intervals][0] for k in range(table.intervals)]
    rows = tuple(written(row, table.dtype) for row in zip(*columns, strict=True))
    return {"offset": float(offset), "scale": written([scale], "float32")[0], "rows": rows}, log2(max(worst for _, worst in fits))


# ---- Numbers that need no fit --------------------------------------------------------------------------------------------

LN2_BITS = {"float32": 16, "float64": 42}  # of the first part of ln(2): its products with exponents are exact
POWER_BITS = {"float32": 22, "float64": 51}  # two fewer than fit: then 1 - 2^(k/16 - n) is exact for n up to 2


def rounded_to(number, places):
    """To a multiple of 2^-places."""
    return mp.ldexp(mp.nint(mp.ldexp(number, places)), -places)


def constants(dtype):
    ln2 = mp.log(2)
    ln2_high = rounded_to(ln2, LN2_BITS[dtype])
    return {
        "log2_e": ("log2(e)", 1 / ln2),
        "ln2_high": ("ln(2) in two parts, the first of 16 (float64: 42) bits", ln2_high),
        "ln2_low": ("", ln2 - ln2_high),
        "tanh_small": ("up to here tanh_small", TANH_SMALL),
        "erf_small": ("up to here erf_small, from here on log_erfc", ERF_SMALL),
        "normal_shift": ("of normal_tail", NORMAL_SHIFT[dtype]),
    }


def powers(dtype):
    exact = [mp.power(2, mp.mpf(k) / 16) for k in range(16)]
    short = [rounded_to(power, POWER_BITS[dtype] - 1) for power in exact]
    low = [e / power - 1 for e, power in zip(exact, short, strict=True)]
    return {
        "powers": ("2^(k/16), in two bits fewer than fit", short),
        "powers_low": ("what they lack, relative to them", low),
        "eighth_powers": (
            "every second of them, less k/8 of an octave in their bits: to these 8n + k is added, for 2^(n + k/8)",
            [less_eighths(power, k, dtype) for k, power in enumerate(short[::2])],
        ),
        "eighth_powers_low": ("what every second of them lacks", low[::2]),
    }


def less_eighths(power, k, dtype):
    """This number of the type, seen as an integer, less k in the three highest bits of its mantissa."""
    number = np.array(float(power), dtype)
    bits = number.view(f"i{number.itemsize}")
    bits -= k << (np.finfo(dtype).nmant - 3)
    return mp.mpf(float(number))


LOGARITHMS = {"log": (mp.e, 17), "log2": (mp.mpf(2), 16), "log10": (mp.mpf(10), 18)}
"""Per logarithm its base, and of how many places those of the factors are: their sums with octaves are exact."""
FACTOR_ONE = {32: (0, 30, 31), 8: (0, 7)}
"""Per count of intervals those beside 1, which have the factor 1: the next one's error would be 1.24 ULP where 32 had two."""


def factors(name, count):
    """For each of `count` intervals of 3/4 <= m < 3/2 a factor c with m c nearly 1, and its logarithm.

    The interval's number is the leading bits of m's mantissa. Of the factors near the inverse of an interval's middle that one is
    taken whose logarithm almost is a number of few places.
    """
    base, places = LOGARITHMS[name]
    columns = []
    for k in range(count):
        middle, reach = 1 + mp.mpf(2 * k + 1) / (2 * count), 2 ** (places - 5) // count
        middle = middle if k < count / 2 else middle / 2
        if k in FACTOR_ONE[count]:
            middle, reach = mp.mpf(1), 0
        near = int(mp.nint(mp.ldexp(-mp.log(middle, base), places)))
        logs = [mp.ldexp(near + step, -places) for step in range(-reach, reach + 1)]
        pairs = [(rounded_to(mp.power(base, log), 23), log) for log in logs]
        columns.append(min(pairs, key=lambda pair: abs(mp.power(base, pair[1]) / pair[0] - 1)))
    return [list(row) for row in zip(*columns, strict=True)]


def logarithms():
    """Names, texts and numbers of the tables of factors."""
    for name in LOGARITHMS:
        for size, count in (("", 32), ("_eight", 8)):
            text = f"factors for {count} intervals of 3/4 <= m < 3/2, of which {name} almost is a number of few places"
            for k, (row, said) in enumerate(((f"{name}{size}_factors", text), (f"{name}_of{size}_factors", "these numbers"))):
                yield row, said, partial(chosen_factors, name, count, k)


def chosen_factors(name, count, k):
    return written(factors(name, count)[k], "float32"), None


def quick_factors():
    """For each of 16 intervals of 0 <= t <= 1 a factor c of 12 places with c (1 + t) nearly 1, and its logarithm.

    The interval's number is the leading bits of 33/32 + 0.967 t, which is below 2.
    """
    middles = [mp.mpf(k) / 16 / mp.mpf("0.967") for k in range(16)]  # in the first, 0, so that nothing cancels
    chosen = [rounded_to(1 / (1 + middle), 12) for middle in middles]
    return chosen, [mp.log(c) for c in chosen]


def inverse_pi():
    """128 zeros, then the digits of 1/pi, 32 bits a word."""
    count = 39
    with mp.workprec(32 * count + 64):
        digits = int(mp.floor(mp.ldexp(1 / mp.pi, 32 * count)))
    return (0, 0, 0, 0, *(digits >> (32 * k) & 0xFFFFFFFF for k in reversed(range(count))))


# ---- coefficients.py -----------------------------------------------------------------------------------------------------

HEAD = '''"""The coefficients of every polynomial, and the like: the one source for the C headers and for the NumPy backend.

A polynomial has the name of the C function that evaluates it. Coefficients begin with the constant term. Numbers of float32 are
written in the fewest digits that give them back.

Written by fit.py: never edit this file, but run `python -m fastact.numerics.fit --write`.
"""

# fmt: off

class Intervals:
    """A function of x >= 0 by polynomials: the interval is the leading bits of offset + scale * x.

    `rows` are the centres, the values there, and the coefficients from the constant term up; each in the order of those bits.
    """

    def __init__(self, offset: float, scale: float, rows: tuple[tuple[float, ...], ...]) -> None:
        self.offset, self.scale, self.rows = offset, scale, rows

'''

#: The dictionaries of coefficients.py, with the type of their numbers.
SECTIONS = {
    "POLYNOMIALS": "tuple[float, ...]",
    "CENTRES": "float",
    "INTERVALS": "Intervals",
    "POWERS": "tuple[float, ...]",
    "LOGARITHMS": "tuple[float, ...]",
    "CONSTANTS": "float",
}


@dataclass(frozen=True)
class Part:
    """What coefficients.py has under one name for one type. `compute` gives the numbers, and log2 of a fit's error."""

    section: str
    name: str
    dtype: str
    text: str
    compute: Callable
    degree: int = 0

    @property
    def place(self):
        return self.section, self.name, self.dtype

    def __str__(self):
        return f"{self.section}: {self.name}, {self.dtype}"


def parts():
    """All of coefficients.py but the digits of 1/pi, in its order."""
    for polynomial in POLYNOMIALS:
        for dtype in TYPES:
            if target := getattr(polynomial, dtype):
                compute = partial(fit_polynomial, polynomial, dtype)
                yield Part("POLYNOMIALS", polynomial.name, dtype, polynomial.text, compute, target.degree)
    for polynomial in POLYNOMIALS:
        for dtype in TYPES:
            if (target := getattr(polynomial, dtype)) and target.centre:
                yield Part("CENTRES", polynomial.name, dtype, "", partial(plain, target.centre, dtype))
    for table in TABLES:
        yield Part("INTERVALS", table.name, table.dtype, table.text, partial(fit_table, table), table.degree)
    yield from plain_parts("POWERS", powers)
    for name, text, compute in logarithms():
        yield Part("LOGARITHMS", name, "float32", text, compute)
    factors_text = "factors for 16 intervals of 1 <= 1 + t <= 2"
    for k, (name, text) in enumerate((("quick_factors", factors_text), ("log_of_quick_factors", "their logarithms"))):
        yield Part("LOGARITHMS", name, "float64", text, partial(plain, quick_factors()[k], "float64"))
    yield from plain_parts("CONSTANTS", constants)


def plain_parts(section, numbers):
    """The parts of a section without fits, by a function that gives texts and numbers for a type."""
    of_type = {dtype: numbers(dtype) for dtype in TYPES}
    for name in of_type["float32"]:
        for dtype, named in of_type.items():
            text, number = named[name]
            yield Part(section, name, dtype, text, partial(plain, number, dtype))


def plain(number, dtype):
    """A number or several, rounded."""
    return (written(number, dtype) if isinstance(number, list) else written([number], dtype)[0]), None


def compute(place):
    return PARTS[place].compute()


def compute_all(chosen):
    """(part, numbers, error) for each of these parts. They are shared out to all processors, those first that take longest."""
    order = sorted((part.place for part in chosen), key=lambda place: -cost(PARTS[place]))
    with ProcessPoolExecutor() as pool:
        results = dict(zip(order, pool.map(compute, order), strict=True))
    return [(part, *results[part.place]) for part in chosen]


def cost(part):
    return part.degree + 20 * (part.section == "INTERVALS")


def chosen(names):
    """The parts of these names; all if there are none."""
    unknown = set(names) - {part.name for part in PARTS.values()}
    if unknown:
        sys.exit(f"fit.py: there is no {', '.join(sorted(unknown))}")
    return [part for part in PARTS.values() if not names or part.name in names]


def filled(head, numbers, tail):
    text = head + ", ".join(map(repr, numbers)) + ("," if len(numbers) == 1 else "") + tail
    margin = " " * (len(head) - len(head.lstrip()))
    return textwrap.fill(text.strip(), WIDTH, initial_indent=margin, subsequent_indent=margin + "    ")


def render(results):
    """The text of coefficients.py with these numbers."""
    lines = [HEAD.rstrip()]
    for section, those in itertools.groupby(results, lambda result: result[0].section):
        lines += ["", f"{section}: dict[str, dict[str, {SECTIONS[section]}]] = {{"]
        for name, both in itertools.groupby(those, lambda result: result[0].name):
            types = list(both)
            lines += [f"    # {text}" for text in dict.fromkeys(part.text for part, _, _ in types) if text]
            lines.append(f'    "{name}": {{')
            for part, numbers, _ in types:
                start = f'        "{part.dtype}": '
                if isinstance(numbers, dict):
                    rows = [filled("            (", row, "),") for row in numbers["rows"]]
                    lines.append(f"{start}Intervals(offset={numbers['offset']!r}, scale={numbers['scale']!r}, rows=(")
                    lines += [*rows, "        )),"]
                elif isinstance(numbers, tuple):
                    lines.append(filled(f"{start}(", numbers, "),"))
                else:
                    lines.append(f"{start}{numbers!r},")
            lines.append("    },")
        lines.append("}")
    words = [f"0x{word:08x}" for word in inverse_pi()]
    lines += [
        "",
        "# The digits of 1/pi, 32 bits a word; the fifth begins with the bit worth 1/2",
        "INVERSE_PI: tuple[int, ...] = (",
    ]
    lines += ["    " + ", ".join(words[k : k + 8]) + "," for k in range(0, len(words), 8)]
    return "\n".join([*lines, ")", ""])


PARTS = {part.place: part for part in parts()}


def found(namespace, part):
    """The part's numbers in coefficients.py, whose names these are; None if it lacks them."""
    numbers = namespace.get(part.section, {}).get(part.name, {}).get(part.dtype)
    return vars(numbers) if part.section == "INTERVALS" and numbers else numbers


def flat(numbers):
    """All numbers of a part in one list."""
    if isinstance(numbers, dict):
        return [numbers["offset"], numbers["scale"], *itertools.chain(*numbers["rows"])]
    return list(numbers) if isinstance(numbers, tuple) else [numbers]


def differences(namespace, results):
    """A line for each of these parts that coefficients.py, whose names these are, has otherwise."""
    for part, fitted, _ in results:
        standing = found(namespace, part)
        if standing is None:
            yield f"{FILE.name}: {part} is missing"
        elif standing != fitted:
            pairs = zip(flat(standing), flat(fitted), strict=False)
            wrong = next((f"{a!r} stands where the fit gives {b!r}" for a, b in pairs if a != b), "another count of numbers")
            yield f"{FILE.name}: {part} is not what fit.py gives: {wrong}"
    if namespace.get("INVERSE_PI") != inverse_pi():
        yield f"{FILE.name}: INVERSE_PI is not what fit.py gives"


def rewritten(namespace):
    """The text of coefficients.py that `render` makes of its numbers, whatever these are."""
    return render([(part, found(namespace, part), None) for part in PARTS.values()])


def check(results, file=None):
    """A line for each of these parts that differs, and one if nothing does, but the file's text is not as `render` writes it."""
    file = file or FILE
    namespace = runpy.run_path(str(file))
    lines = list(differences(namespace, results))
    if not lines and file.read_text() != rewritten(namespace):
        lines.append(f"{file.name}: the text is not what fit.py writes; run it with --write")
    return lines


def show(results):
    for part, numbers, error in results:
        print(f"{part.name} {part.dtype}" + ("" if error is None else f", degree {part.degree}, error 2^{error:.1f}"))
        if isinstance(numbers, dict):
            print(f"  offset {numbers['offset']!r}, scale {numbers['scale']!r}")
            print(*(filled("  (", row, ")") for row in numbers["rows"]), sep="\n")
        else:
            print(*(f"  {number!r}" for number in flat(numbers)), sep="\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m fastact.numerics.fit", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a name in coefficients.py; all if none is given")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="say which numbers of coefficients.py differ from the fits")
    what.add_argument("--write", action="store_true", help="write coefficients.py")
    options = parser.parse_args(arguments)
    if options.write and options.names:
        parser.error("--write takes no names: it writes the whole file")
    results = compute_all(chosen(options.names))
    if options.check:
        sys.exit("\n".join(check(results)) or None)
    if options.write:
        FILE.write_text(render(results))
    else:
        show(results)


if __name__ == "__main__":
    main()

"""What the activations should give: their definitions, evaluated with many digits. Nothing here is shared with the package.

The definition is the text in `f.info`: formula and derivative as a textbook writes them. `exact` evaluates it with mpmath, for
samples of any dtype; `extended` in NumPy's long double, for millions of float32 inputs. The derivative comes with the size
of its largest term, the unit in which its error is measured.
"""

import ast
import functools

import mpmath
import numpy as np
import scipy.special

import fastact

mp = mpmath.mp.clone()
mp.prec = 1200  # digits enough where the smallest float64 is what is left of a difference from 1
LONG_DOUBLE_IS_EXTENDED = np.finfo(np.longdouble).nmant >= 63
_L = np.longdouble


def _mp_cdf(x):
    if abs(x) > 60:  # 0 or 1 in any dtype, and more than mpmath's erfc takes
        return mp.mpf(x > 0)
    return mp.erfc(-x / mp.sqrt(2)) / 2


_NAMES = "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh"
_MPMATH = {
    **{name: getattr(mp, name) for name in _NAMES.split()},
    **{"arctan": mp.atan, "arsinh": mp.asinh, "erf": mp.erf, "pi": mp.pi, "abs": abs, "max": max, "min": min},
    **{"where": lambda condition, a, b: a if condition else b, "decimal": mp.mpf},
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logaddexp": lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))),
    "Phi": _mp_cdf,
    "phi": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
}
_LONG_DOUBLE = {
    **{name: getattr(np, name) for name in _NAMES.split()},
    **{"arctan": np.arctan, "arsinh": np.arcsinh, "pi": _L(np.pi), "abs": np.abs, "max": np.maximum, "min": np.minimum},
    "where": np.where,
    "decimal": _L,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "logaddexp": np.logaddexp,
    # scipy's are good to some 1e-13: exact enough beside float32
    "erf": lambda x: scipy.special.erf(x.astype(np.float64)).astype(_L),
    "Phi": lambda x: scipy.special.ndtr(x.astype(np.float64)).astype(_L),
    "phi": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * _L(np.pi)),
}


class _Elementwise(ast.NodeTransformer):
    def visit_Constant(self, node):
        """A decimal fraction is that number, not the nearest double."""
        return (
            ast.Call(ast.Name("decimal", ast.Load()), [ast.Constant(repr(node.value))], [])
            if isinstance(node.value, float)
            else node
        )

    """Conditions that also arrays can decide: `a if c else b` becomes where(c, a, b), `l < x < h` (l < x) & (x < h)."""

    def visit_IfExp(self, node):
        self.generic_visit(node)
        return ast.Call(ast.Name("where", ast.Load()), [node.test, node.body, node.orelse], [])

    def visit_Compare(self, node):
        operands = [node.left, *node.comparators]
        pairs = [ast.Compare(operands[i], [op], [operands[i + 1]]) for i, op in enumerate(node.ops)]
        return functools.reduce(lambda a, b: ast.BinOp(a, ast.BitAnd(), b), pairs)


def _compiled(node):
    tree = ast.fix_missing_locations(_Elementwise().visit(ast.Expression(node)))
    return compile(tree, "<definition>", "eval")


def _terms(node):
    """The terms of a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        right = node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
        return [*_terms(node.left), *_terms(right)]
    return [node]


@functools.cache
def _definition(name):
    """f(x) and the terms of f'(x) as compiled expressions."""
    info = fastact.get(name).info
    formula, derivative = (ast.parse(text, mode="eval").body for text in (info.formula, info.derivative))
    return _compiled(formula), [_compiled(term) for term in _terms(derivative)]


def _parameters(values, dtype):
    """Parameters as the loops see them: rounded to the array's dtype, float32 for 16-bit arrays."""
    rounding = np.float64 if dtype == np.float64 else np.float32
    return [float(rounding(value)) for value in values]


def exact(name, x, *parameters):
    """f(x), f'(x) and the largest term of f'(x), as lists of mpmath numbers."""
    formula, terms = _definition(name)
    values = dict(zip(fastact.get(name).params, map(mp.mpf, _parameters(parameters, x.dtype)), strict=True))
    y, d, size = [], [], []
    with mp.workprec(mp.prec if x.dtype == np.float64 else 300):
        for point in x.tolist():
            names = {"x": mp.mpf(point), **values}
            parts = [mp.mpf(eval(term, _MPMATH, names)) for term in terms]
            y.append(mp.mpf(eval(formula, _MPMATH, names)))
            d.append(mp.fsum(parts))
            size.append(max(map(abs, parts)))
    return y, d, size


def extended(name, x, *parameters):
    """f(x), f'(x) and the largest term of f'(x), as long doubles."""
    formula, terms = _definition(name)
    names = {"x": x.astype(_L), **dict(zip(fastact.get(name).params, map(_L, _parameters(parameters, x.dtype)), strict=True))}
    with np.errstate(all="ignore"):
        parts = [np.broadcast_to(np.asarray(eval(term, _LONG_DOUBLE, names), _L), x.shape) for term in terms]
        y = np.broadcast_to(np.asarray(eval(formula, _LONG_DOUBLE, names), _L), x.shape)
        return y, sum(parts), np.max(np.abs(parts), axis=0)


def ulp_errors(computed, wanted, sizes=None):
    """|computed - wanted| in units in the last place of `sizes` (default `wanted`), elementwise.

    `wanted` are long doubles, or a list of mpmath numbers. A number that rounds beyond the largest finite one must come as inf.
    """
    info = np.finfo(computed.dtype)
    sizes = wanted if sizes is None else sizes
    if isinstance(wanted, list):
        errors = []
        for got, want, size in zip(computed.tolist(), wanted, sizes, strict=True):
            if np.isinf(got):  # right where the number wanted rounds to infinity
                errors.append(
                    0.0
                    if got * want > 0 and abs(want) >= mp.mpf(2) ** (info.maxexp - 1) * (2 - mp.mpf(2) ** (-info.nmant - 1))
                    else np.inf
                )
                continue
            exponent = max(mp.frexp(size)[1] - 1 if size else info.minexp, info.minexp)
            errors.append(float(abs(mp.mpf(got) - want) / mp.ldexp(1, exponent - info.nmant)))
        return np.array(errors)
    with np.errstate(all="ignore"):
        exponents = np.maximum(np.frexp(np.abs(sizes))[1] - 1, info.minexp)
        errors = np.abs(computed.astype(_L) - wanted) / np.ldexp(_L(1), exponents - info.nmant)
        same = (computed == wanted.astype(computed.dtype)) | (np.isnan(computed) & np.isnan(wanted))
        return np.where(np.isfinite(errors), errors, np.where(same, 0, np.inf)).astype(np.float64)


def bit_patterns(dtype, step):
    """Every step-th of all the finite numbers of a float dtype, in the order of their bits, both signs."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    highest = int(np.array(info.max, dtype).view(bits))
    positive = np.arange(0, highest + 1, step, dtype=bits)
    positive = np.append(positive, bits.type(highest)).view(dtype)
    return np.concatenate([positive, -positive])


def stratified(dtype, count, rng):
    """Finite numbers of every size, denser where activations bend: a third over all bit patterns, the rest in [2^-12, 2^10]."""
    info = np.finfo(dtype)
    bits = np.dtype(f"u{info.bits // 8}")
    highest = int(np.array(info.max, dtype).view(bits))
    anywhere = rng.integers(0, highest, count // 3, dtype=bits, endpoint=True).view(dtype)
    bending = np.exp2(rng.uniform(-12, 10, count - count // 3)).astype(dtype)
    magnitudes = np.concatenate([anywhere, bending])
    return np.where(rng.random(magnitudes.size) < 0.5, magnitudes, -magnitudes).astype(dtype)

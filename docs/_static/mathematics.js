// The functions that the definitions of activations use, as far as JavaScript's Math lacks them.

const mathematics = (() => {
  const { exp, expm1, log, log1p, sqrt, sin, cos, tan, sinh, cosh, tanh, abs, min, max } = Math;
  const SQRT_PI = sqrt(Math.PI);

  // Below 2.5 by Taylor's series, whose terms all have one sign in this form; above by Laplace's continued fraction.
  function erf(x) {
    if (abs(x) > 2.5) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / SQRT_PI) * exp(-x * x) * sum;
  }

  function erfc(x) {
    if (x < 2.5) return 1 - erf(x);
    let fraction = x;
    for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
    return exp(-x * x) / SQRT_PI / fraction;
  }

  // The distance to the nearest even number is exact, so the zeros of sin(pi x) are zeros.
  const turn = (x) => x - 2 * Math.round(x / 2);
  const sinpi = (x) => (Number.isInteger(x) ? 0 : sin(Math.PI * turn(x)));
  const cospi = (x) => cos(Math.PI * turn(x));

  return {
    exp, expm1, log, log1p, sqrt, sin, cos, tan, sinh, cosh, tanh, abs, min, max, erf, erfc, sinpi, cospi,
    arctan: Math.atan,
    arsinh: Math.asinh,
    sigmoid: (x) => 1 / (1 + exp(-x)),
    logaddexp: (a, b) => (a === b ? a + Math.LN2 : max(a, b) + log1p(exp(-abs(a - b)))),
    Phi: (x) => erfc(-x / Math.SQRT2) / 2,
    phi: (x) => exp((-x * x) / 2) / sqrt(2 * Math.PI),
    sinc: (x) => (x === 0 ? 1 : sinpi(x) / (Math.PI * x)),
  };
})();

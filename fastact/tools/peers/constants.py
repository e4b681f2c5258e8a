"""Constants of the definitions, as they are typed in the statements of several peers."""

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
SQRT_2_PI = 0.7978845608028654  # sqrt(2 / pi)
TWO_SQRT_PI = 1.1283791670955126  # 2 / sqrt(pi)
GELU_CUBIC = 0.044715

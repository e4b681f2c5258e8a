"""One decoder block of a language model, forward and backward, in NumPy and fastact.

    python examples/transformer_block.py

Embedding, RMSNorm, causal attention, RMSNorm, SwiGLU feed-forward, as in Llama (Touvron et al., 2023), and the cross-entropy of
the next token. The derivatives are written by hand. They are checked against finite differences in float64; then a step is
timed in float32, with fastact and with the same functions as NumPy's users write them.

Shapes: B sequences of T tokens, a stream of width D, H heads, a feed-forward layer of F units, V different tokens. Matrix
products see the B*T tokens as rows of one matrix, which is quicker than a product per sequence.
"""

import time

import numpy as np
from threadpoolctl import threadpool_limits

import fastact

HEADS = 8
REPETITIONS = 7


class Fastact:
    """The nonlinear pieces by fastact."""

    def attention(self, scores, scale):
        # Token i sees the tokens up to i: "causal" takes part in the same pass, no mask is built or read.
        return fastact.softmax(scores, out=scores, scale=scale, mask="causal")

    def attention_backward(self, dweights, weights, scale):
        return fastact.softmax.backward(dweights, y=weights, out=dweights, scale=scale, mask="causal")

    def feed_forward(self, gate, value):
        return fastact.swiglu(gate, value)

    def feed_forward_backward(self, dh, gate, value):
        fastact.swiglu.backward(dh, gate, value, out=(gate, value))  # the gradients take the place of gate and value

    def loss(self, logits, targets):
        return fastact.cross_entropy.value_and_grad(logits, targets, out=logits)


class NumPy:
    """The same in NumPy alone, in place where that is as easy to write."""

    def attention(self, scores, scale):
        scores *= scale
        scores += np.triu(np.full(scores.shape[-2:], -np.inf, scores.dtype), 1)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return scores

    def attention_backward(self, dweights, weights, scale):
        dweights -= np.sum(dweights * weights, axis=-1, keepdims=True)
        dweights *= weights
        dweights *= scale
        return dweights

    def feed_forward(self, gate, value):
        return gate / (1 + np.exp(-gate)) * value

    def feed_forward_backward(self, dh, gate, value):
        s = 1 / (1 + np.exp(-gate))
        silu = gate * s
        np.multiply(dh * value, s + silu * (1 - s), out=gate)
        np.multiply(dh, silu, out=value)

    def loss(self, logits, targets):
        rows = np.arange(len(logits))
        logits -= logits.max(axis=-1, keepdims=True)
        loss = np.mean(np.log(np.exp(logits).sum(axis=-1)) - logits[rows, targets])
        dlogits = np.exp(logits, out=logits)
        dlogits /= dlogits.sum(axis=-1, keepdims=True)
        dlogits[rows, targets] -= 1
        dlogits /= len(logits)
        return loss, dlogits


PIECES = ("attention", "attention_backward", "feed_forward", "feed_forward_backward", "loss")


class Stopwatch:
    """Calls the methods of another object and adds up the time that each takes."""

    def __init__(self, functions):
        self.functions, self.seconds = functions, dict.fromkeys(PIECES, 0.0)

    def __getattr__(self, name):
        function = getattr(self.functions, name)

        def timed(*arguments):
            start = time.perf_counter()
            result = function(*arguments)
            self.seconds[name] += time.perf_counter() - start
            return result

        return timed


def new_parameters(rng, length, width, hidden, vocabulary, dtype):
    """Normal weights, scaled so that every layer's output is about as large as its input; gains near 1."""

    def normal(rows, columns, scale=None):
        return (rng.standard_normal((rows, columns)) * (scale or rows**-0.5)).astype(dtype)

    def gains():
        return (1 + 0.1 * rng.standard_normal(width)).astype(dtype)

    return {
        "embedding": normal(vocabulary, width, 1),
        "position": normal(length, width, 1),
        "attention norm": gains(),
        "query, key, value": normal(width, 3 * width),
        "attention out": normal(width, width),
        "feed-forward norm": gains(),
        "gate, value": normal(width, 2 * hidden),
        "feed-forward out": normal(hidden, width),
        "last norm": gains(),
        "logits": normal(width, vocabulary),
    }


def rms_norm(x, gain):
    """Rows of mean square 1, times a gain per column (Zhang and Sennrich, 2019); and what the backward pass needs."""
    inverse = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-6)
    normal = x * inverse
    return normal * gain, (normal, inverse)


def rms_norm_backward(dy, gain, saved):
    """dx and dgain."""
    normal, inverse = saved
    dnormal = dy * gain
    dx = inverse * (dnormal - normal * np.mean(dnormal * normal, axis=-1, keepdims=True))
    return dx, np.sum(dy * normal, axis=0)


def step(p, tokens, f):
    """The mean cross-entropy of every next token, and its gradient for every parameter in `p`."""
    inputs, targets = tokens[:, :-1], tokens[:, 1:].ravel()
    (B, T), D = inputs.shape, p["embedding"].shape[1]
    scale = (D // HEADS) ** -0.5

    # ---- forward: x1, x2, x3 are the stream before, between and after the two halves of the block
    x1 = (p["embedding"][inputs] + p["position"]).reshape(B * T, D)
    n1, saved1 = rms_norm(x1, p["attention norm"])
    qkv = (n1 @ p["query, key, value"]).reshape(B, T, 3, HEADS, -1)
    q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
    weights = f.attention(q @ k.swapaxes(-1, -2), scale)  # (B, H, T, T), in place of the scores
    mixed = (weights @ v).swapaxes(1, 2).reshape(B * T, D)
    x2 = x1 + mixed @ p["attention out"]

    n2, saved2 = rms_norm(x2, p["feed-forward norm"])
    gate_value = n2 @ p["gate, value"]
    gate, value = np.split(gate_value, 2, axis=-1)  # views: neither is copied
    h = f.feed_forward(gate, value)
    x3 = x2 + h @ p["feed-forward out"]

    n3, saved3 = rms_norm(x3, p["last norm"])
    loss, dlogits = f.loss(n3 @ p["logits"], targets)

    # ---- backward: the same in reverse; a residual's gradient is the sum of its two ways
    d = {"logits": n3.T @ dlogits}
    dx3, d["last norm"] = rms_norm_backward(dlogits @ p["logits"].T, p["last norm"], saved3)

    d["feed-forward out"] = h.T @ dx3
    f.feed_forward_backward(dx3 @ p["feed-forward out"].T, gate, value)
    dgate_value = gate_value  # now with the gradients of its two halves in it
    d["gate, value"] = n2.T @ dgate_value
    dx2, d["feed-forward norm"] = rms_norm_backward(dgate_value @ p["gate, value"].T, p["feed-forward norm"], saved2)
    dx2 += dx3

    d["attention out"] = mixed.T @ dx2
    dmixed = (dx2 @ p["attention out"].T).reshape(B, T, HEADS, -1).swapaxes(1, 2)
    dscores = f.attention_backward(dmixed @ v.swapaxes(-1, -2), weights, scale)
    dqkv = np.empty_like(qkv)
    dq, dk, dv = dqkv.transpose(2, 0, 3, 1, 4)
    dq[...], dk[...], dv[...] = dscores @ k, dscores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dmixed
    dqkv = dqkv.reshape(B * T, 3 * D)
    d["query, key, value"] = n1.T @ dqkv
    dx1, d["attention norm"] = rms_norm_backward(dqkv @ p["query, key, value"].T, p["attention norm"], saved1)
    dx1 = (dx1 + dx2).reshape(B, T, D)

    d["position"] = dx1.sum(axis=0)
    d["embedding"] = np.zeros_like(p["embedding"])
    np.add.at(d["embedding"], inputs, dx1)
    return loss, d


def check_gradients():
    """Compare the slope along a random direction of every parameter with a central difference; float64, a small block."""
    rng = np.random.default_rng(0)
    p = new_parameters(rng, length=12, width=32, hidden=48, vocabulary=50, dtype=np.float64)
    tokens = rng.integers(0, 50, (3, 13))
    loss, gradients = step(p, tokens, Fastact())
    print(f"gradients against central differences, float64, loss {loss:.4f}:")
    for name, gradient in gradients.items():
        direction = rng.standard_normal(gradient.shape)
        direction /= np.linalg.norm(direction)
        h = 1e-4
        above, below = (step({**p, name: p[name] + sign * h * direction}, tokens, Fastact())[0] for sign in (1, -1))
        slope, difference = np.vdot(gradient, direction), (above - below) / (2 * h)
        error = abs(slope - difference) / max(abs(slope), 1e-2 * np.linalg.norm(gradient))
        print(f"  {name:<18} {slope:+.10f}   relative error {error:.1e}")
        assert error < 1e-7, f"the gradient of {name} is wrong"


def measure(p, tokens):
    """The fastest of several steps, fastact and NumPy in turns: seconds per piece, and of the whole step, of each."""
    best = {}
    for _ in range(REPETITIONS):
        for functions in (Fastact(), NumPy()):
            watch = Stopwatch(functions)
            start = time.perf_counter()
            loss, gradients = step(p, tokens, watch)
            total = time.perf_counter() - start
            found = {**watch.seconds, "the pieces together": sum(watch.seconds.values()), "the whole step": total}
            so_far = best.setdefault(type(functions).__name__, (loss, gradients, found))[2]
            so_far.update({name: min(seconds, so_far[name]) for name, seconds in found.items()})
    return best["Fastact"], best["NumPy"]


def main():
    check_gradients()
    rng = np.random.default_rng(0)
    B, T, D, F, V = 4, 256, 256, 768, 8192
    p = new_parameters(rng, T, D, F, V, np.float32)
    tokens = rng.integers(0, V, (B, T + 1))
    with threadpool_limits(1):  # one thread for the matrix products, too
        (loss, gradients, ours), (loss_numpy, gradients_numpy, numpys) = measure(p, tokens)
    apart = max(np.abs(gradients[name] - gradients_numpy[name]).max() / np.abs(gradients[name]).max() for name in gradients)
    print(f"\nfloat32, one thread, backend {fastact.backend()}")
    print(f"{B} x {T} tokens of {V}, width {D}, {HEADS} heads, {F} hidden units")
    print(f"loss {loss:.5f} (NumPy {loss_numpy:.5f}), gradients apart by at most {apart:.0e} of the largest\n")
    print(f"{'ms':<24}{'fastact':>9}{'NumPy':>9}{'NumPy / fastact':>18}")
    for name, seconds in ours.items():
        print(f"{name.replace('_', ' '):<24}{1e3 * seconds:>9.2f}{1e3 * numpys[name]:>9.2f}{numpys[name] / seconds:>18.1f}")
    print("\nThe rest of the step is matrix products and RMSNorm, NumPy's in both.")


if __name__ == "__main__":
    main()

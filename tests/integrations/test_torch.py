"""`fastact.torch`: values and gradients are those that PyTorch finds itself, and nothing is copied."""

import copy
import importlib
import pickle

import numpy as np
import pytest
from frameworks import DRAWN, ONCE, ROWS, UNITS, inputs

import fastact
from fastact import functions
from fastact.integrations import differentiable

torch = pytest.importorskip("torch")
ft = importlib.import_module("fastact.torch")
F = torch.nn.functional

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def tensor(array, dtype=torch.float64):
    return torch.from_numpy(np.asarray(array)).to(dtype).requires_grad_()


def random(*shape, seed=0, dtype=torch.float64):
    return tensor(np.random.default_rng(seed).normal(size=shape), dtype)


#: Functions here and the same of PyTorch, with their arguments.
SAME = {
    "celu": F.celu,
    "elu": F.elu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hard_shrink": F.hardshrink,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,
    "hard_swish": F.hardswish,
    "hard_tanh": F.hardtanh,
    "leaky_relu": F.leaky_relu,
    "log_sigmoid": F.logsigmoid,
    "log_softmax": lambda x: F.log_softmax(x, dim=-1),
    "logsumexp": lambda x: torch.logsumexp(x, dim=-1),
    "maxout": lambda x: x.max(dim=-1).values,
    "mish": F.mish,
    "relu": F.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "soft_shrink": F.softshrink,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "softmin": lambda x: F.softmin(x, dim=-1),
    "softplus": F.softplus,
    "softsign": F.softsign,
    "tanh": torch.tanh,
    "tanh_shrink": F.tanhshrink,
}


@pytest.mark.parametrize("name", SAME)
def test_as_in_pytorch(name):
    """Values, gradients, and the gradients of gradients."""
    x = random(7, 9)
    mine, theirs = getattr(ft, name)(x), SAME[name](x)
    torch.testing.assert_close(mine, theirs)
    dy = torch.from_numpy(np.random.default_rng(1).normal(size=tuple(theirs.shape)))
    (dx,) = torch.autograd.grad(mine, x, dy, create_graph=name not in ONCE)
    (wanted,) = torch.autograd.grad(theirs, x, dy, create_graph=name not in ONCE)
    torch.testing.assert_close(dx, wanted)
    if name not in ONCE and wanted.requires_grad:
        (second,) = torch.autograd.grad((dx * dx).sum(), x)
        (wanted_second,) = torch.autograd.grad((wanted * wanted).sum(), x)
        torch.testing.assert_close(second, wanted_second)


@pytest.mark.parametrize("name", fastact.activations)
def test_activation(name):
    """Of each one, by finite differences: the gradients of x and of the bias, and those of the gradients."""
    f = getattr(ft, name)
    x, bias = tensor(inputs(name, (3, 4))), tensor(np.linspace(-0.01, 0.01, 4))
    assert torch.autograd.gradcheck(lambda x, b: f(x, bias=b), (x, bias))
    assert torch.autograd.gradcheck(f, (x,))
    if name not in DRAWN:
        assert torch.autograd.gradgradcheck(lambda x, b: f(x, bias=b), (x, bias))


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), None], ids=str)
@pytest.mark.parametrize("name", ROWS)
def test_rows(name, axis):
    f, x = getattr(ft, name), random(3, 4)
    assert torch.autograd.gradcheck(lambda x: f(x, axis=axis), (x,))
    if name not in ONCE:
        assert torch.autograd.gradgradcheck(lambda x: f(x, axis=axis), (x,))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "logsumexp"])
def test_rows_with_scale_and_mask(name):
    f, x = getattr(ft, name), random(3, 4)
    mask = torch.from_numpy(np.random.default_rng(1).random((3, 4)) < 0.7) | torch.eye(3, 4, dtype=torch.bool)
    scale = torch.tensor([[0.5], [1.0], [2.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: f(x, scale=scale).exp(), (x,))
    assert torch.autograd.gradgradcheck(lambda x: f(x, scale=scale), (x,))
    assert torch.autograd.gradcheck(lambda x: f(x, scale=0.5, mask=mask).exp(), (x,))
    if name != "log_softmax":
        assert torch.autograd.gradgradcheck(lambda x: f(x, scale=0.5, mask=mask), (x,))


@pytest.mark.parametrize("how", ["pair", "packed", "gate first", "axis"])
@pytest.mark.parametrize("name", UNITS)
def test_gated_units(name, how):
    f = getattr(ft, name)
    operands = (random(4, 6), random(4, 6, seed=1)) if how == "pair" else (random(4, 6),)
    options = {"gate first": {"gate_first": True}, "axis": {"axis": 0}}.get(how, {})
    assert torch.autograd.gradcheck(lambda *a: f(*a, **options), operands)
    assert torch.autograd.gradgradcheck(lambda *a: f(*a, **options), operands)


def test_glu_as_in_pytorch():
    x = random(5, 8)
    torch.testing.assert_close(ft.glu(x), F.glu(x))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(reduction, smoothing):
    logits, weight = random(6, 5), torch.linspace(0.5, 1.5, 5, dtype=torch.float64)
    labels = torch.tensor([0, 4, -100, 2, 1, 1])
    options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    mine, theirs = ft.cross_entropy(logits, labels, **options), F.cross_entropy(logits, labels, **options)
    torch.testing.assert_close(mine, theirs)
    dy = torch.linspace(1, 2, 6, dtype=torch.float64)[: mine.numel()].reshape(mine.shape)
    torch.testing.assert_close(*(torch.autograd.grad(loss, logits, dy)[0] for loss in (mine, theirs)))


def test_losses_of_probabilities_and_axes():
    logits = random(2, 5, 3)
    targets = torch.softmax(random(2, 5, 3, seed=1), 1).detach()
    labels = torch.tensor([[0, 1, 2], [4, 3, 3]])
    for t in (targets, labels):
        mine, theirs = ft.cross_entropy(logits, t, axis=1, reduction="none"), F.cross_entropy(logits, t, reduction="none")
        torch.testing.assert_close(mine, theirs)
        torch.testing.assert_close(*(torch.autograd.grad((loss**2).sum(), logits)[0] for loss in (mine, theirs)))
    log_probs = torch.log_softmax(random(4, 3), -1).detach().requires_grad_()
    labels = torch.tensor([0, 1, 2, 0])
    mine, theirs = ft.nll_loss(log_probs, labels), F.nll_loss(log_probs, labels)
    torch.testing.assert_close(*(torch.autograd.grad(loss, log_probs)[0] for loss in (mine, theirs)))
    logits, targets = random(4, 3), torch.rand(4, 3, dtype=torch.float64)
    for reduction in ("mean", "none"):
        mine = ft.binary_cross_entropy(logits, targets, pos_weight=torch.tensor([1.0, 2, 3]), reduction=reduction)
        theirs = F.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=torch.tensor([1.0, 2, 3], dtype=torch.float64), reduction=reduction
        )
        torch.testing.assert_close(mine, theirs)
        torch.testing.assert_close(*(torch.autograd.grad((loss**2).sum(), logits)[0] for loss in (mine, theirs)))


def test_backward_twice_gives_the_same():
    logits, labels = random(6, 5), torch.arange(5).repeat(2)[:6]
    loss = ft.cross_entropy(logits, labels)
    loss.backward(retain_graph=True)
    once = logits.grad.clone()
    loss.backward()
    torch.testing.assert_close(logits.grad, 2 * once)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 5)], ids=str)
def test_learnt_parameter(shape):
    """A tensor for a parameter is learnt, also one without dimensions, of an input without dimensions, too."""
    beta = tensor(np.random.default_rng(2).uniform(0.5, 1.5, shape))
    for x in (random(3, 5), random()) if shape == () else (random(3, 5),):
        mine, theirs = ft.silu(x, beta=beta), x * torch.sigmoid(beta * x)
        torch.testing.assert_close(mine, theirs)
        for dx, wanted in zip(
            torch.autograd.grad(mine.sum(), (x, beta)), torch.autograd.grad(theirs.sum(), (x, beta)), strict=True
        ):
            torch.testing.assert_close(dx, wanted)
    assert beta.requires_grad


def test_prelu_and_bias_together():
    x, slope, bias = random(3, 5), random(5, seed=1), random(5, seed=2)
    mine, theirs = ft.prelu(x, slope=slope, bias=bias), F.prelu(x + bias, slope)
    torch.testing.assert_close(mine, theirs)
    for one, other in zip(*(torch.autograd.grad((y**2).sum(), (x, slope, bias)) for y in (mine, theirs)), strict=True):
        torch.testing.assert_close(one, other)


def test_gradient_penalty_beside_a_learnt_parameter():
    """The gradient of x can be differentiated again, by the parameter too; that of the parameter can't."""
    x, beta = random(3, 5), tensor(1.3)

    def both(y):
        dx, dbeta = torch.autograd.grad(y.sum(), (x, beta), create_graph=True)
        return dx, dbeta, torch.autograd.grad((dx**2).sum(), (x, beta), retain_graph=True)

    dx, dbeta, second = both(ft.silu(x, beta=beta))
    dx_wanted, dbeta_wanted, second_wanted = both(x * torch.sigmoid(beta * x))
    torch.testing.assert_close(dx, dx_wanted)
    torch.testing.assert_close(dbeta, dbeta_wanted)
    torch.testing.assert_close(second, second_wanted)
    with pytest.raises(RuntimeError, match=r"fastact\.torch\.silu: this gradient can't be differentiated again"):
        torch.autograd.grad(dbeta, beta)


@pytest.mark.parametrize("bias_axis", [1, -3])
def test_bias_along_an_axis(bias_axis):
    x, bias = random(2, 3, 4, 5), random(3, seed=1)
    mine, theirs = ft.gelu(x, bias=bias, bias_axis=bias_axis), F.gelu(x + bias[:, None, None])
    torch.testing.assert_close(mine, theirs)
    for create_graph in (False, True):
        torch.testing.assert_close(
            *(torch.autograd.grad(y.sum(), bias, create_graph=create_graph, retain_graph=True)[0] for y in (mine, theirs))
        )


def layouts():
    base = np.random.default_rng(3).normal(size=(6, 8))
    return {
        "contiguous": lambda t: t,
        "transposed": lambda t: t.t(),
        "strided": lambda t: t[::2, 1::3],
        "expanded": lambda t: t[:, :1].expand(6, 5),
        "no dimension": lambda t: t[0, 0],
        "empty": lambda t: t[:0],
    }, base


@pytest.mark.parametrize("layout", layouts()[0])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes_and_layouts(dtype, layout):
    view, base = layouts()[0][layout], layouts()[1]
    x, x64 = tensor(base, dtype), tensor(base).detach().to(dtype).double().requires_grad_()
    mine, theirs = ft.gelu(view(x)), F.gelu(view(x64))
    assert mine.dtype is dtype
    assert mine.shape == theirs.shape
    precision = {torch.float64: 1e-12, torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype]
    torch.testing.assert_close(mine.double(), theirs, rtol=precision, atol=precision)
    mine.sum().backward()
    theirs.sum().backward()
    assert x.grad.dtype is dtype
    torch.testing.assert_close(x.grad.double(), x64.grad, rtol=8 * precision, atol=8 * precision)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("view", [lambda t: t, lambda t: t.t(), lambda t: t[::2]], ids=["whole", "transposed", "strided"])
def test_memory_is_shared(dtype, view, monkeypatch):
    """The kernel reads the tensor's own memory, and the result's is what the kernel wrote."""
    seen = []
    compute = differentiable.Elementwise.compute

    def watch(self, arrays, slope=False):
        result = compute(self, arrays, slope)
        seen.append((arrays["x"].__array_interface__["data"][0], result[0].__array_interface__["data"][0]))
        return result

    monkeypatch.setattr(differentiable.Elementwise, "compute", watch)
    x = view(torch.randn(6, 6).to(dtype)).requires_grad_()
    y = ft.gelu(x)
    assert seen == [(x.data_ptr(), y.data_ptr())]


def test_integers_are_as_in_fastact():
    assert ft.relu(torch.tensor([-1, 2])).tolist() == [0, 2]
    assert ft.relu(torch.tensor([-1, 2])).dtype is torch.int64
    assert ft.sigmoid(torch.tensor([0])).dtype is torch.float64


def test_negated_tensors():
    """Their memory holds the numbers before."""
    z = torch.complex(torch.zeros(3), torch.tensor([1.0, -2.0, 3.0])).conj().imag
    assert z.is_neg()
    torch.testing.assert_close(ft.relu(z), F.relu(z))


def test_without_gradients_there_is_no_graph():
    x = random(3)
    with torch.no_grad():
        assert not ft.gelu(x).requires_grad
    assert not ft.gelu(x.detach()).requires_grad
    assert ft.gelu(x).requires_grad


@pytest.mark.parametrize("name", ONCE)
def test_a_second_derivative_that_there_is_not(name):
    """The first one is right all the same; the second is an error, and no zero."""
    x = random(3, 4)
    (dx,) = torch.autograd.grad(getattr(ft, name)(x).sum(), x, create_graph=True)
    torch.testing.assert_close(dx, torch.autograd.grad(getattr(ft, name)(x).sum(), x)[0])
    with pytest.raises(RuntimeError, match="can't be differentiated again"):
        dx.sum().backward()


def test_what_is_drawn_is_drawn_once():
    """The backward pass repeats the draw, also the second time, and the generator goes on as in fastact."""
    x, rng, same = random(50), np.random.default_rng(5), np.random.default_rng(5)
    y = ft.rrelu(x, rng=rng)
    np.testing.assert_array_equal(y.detach().numpy(), fastact.rrelu(x.detach().numpy(), rng=same))
    assert rng.bit_generator.state == same.bit_generator.state
    for _ in range(2):
        (dx,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
        torch.testing.assert_close(dx, (y / x).detach())
    soft = ft.gumbel_softmax(random(4, 5), tau=0.5, rng=np.random.default_rng(6))
    torch.testing.assert_close(soft.sum(-1), torch.ones(4, dtype=torch.float64))
    for hard in (False, True):
        assert torch.isfinite(torch.autograd.grad(ft.gumbel_softmax(x, hard=hard, rng=rng)[0], x)[0]).all()


def test_exact_results():
    x = random(100, dtype=torch.float32)
    with fastact.precision("exact"):
        assert ft.gelu(x).detach().numpy().tobytes() == fastact.gelu(x.detach().numpy()).tobytes()


def test_own_activation():
    f = ft.wrap(fastact.define("x * exp(-x**2) * alpha", name="bump", parameters={"alpha": 1.0}))
    x, alpha = random(3, 4), random(4, seed=1)
    assert torch.autograd.gradcheck(lambda x, a: f(x, alpha=a), (x, alpha))
    assert torch.autograd.gradgradcheck(f, (x,))
    with pytest.raises(TypeError, match=r"fastact\.torch\.wrap: takes a function of fastact, not"):
        ft.wrap(np.tanh)


def test_in_a_module():
    """Copied, saved and trained as any other."""

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(4, 8, bias=False), torch.nn.Linear(8, 2)
            self.bias = torch.nn.Parameter(torch.zeros(8))
            self.activation = ft.gelu

        def forward(self, x):
            return self.second(self.activation(self.first(x), bias=self.bias))

    torch.manual_seed(0)
    network = Network()
    twin = copy.deepcopy(network)
    assert twin.activation is ft.gelu
    optimiser = torch.optim.SGD(network.parameters(), 0.5)
    x = torch.randn(20, 4)
    labels = (x.sum(-1) > 0).long()
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = ft.cross_entropy(network(x), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert (twin.bias == 0).all()
    assert network.bias.grad.abs().sum() > 0


def test_names():
    assert set(functions.records) <= set(dir(ft))
    for name in dir(ft):
        assert callable(getattr(ft, name))
    assert ft.swish is not ft.relu
    assert ft.gelu is ft.gelu
    assert "gelu(x, *, bias=None, bias_axis=-1)" in ft.gelu.__doc__
    assert repr(ft.gelu) == "<fastact.torch.gelu>"
    with pytest.raises(AttributeError, match=r"module 'fastact\.torch' has no attribute 'gellu'.*did you mean 'gelu'"):
        ft.gellu  # noqa: B018


@pytest.mark.parametrize("name", ["gelu", "softmax", "cross_entropy", "swiglu"])
def test_pickle(name):
    f = pickle.loads(pickle.dumps(getattr(ft, name)))
    assert f.function is getattr(fastact, name)
    assert f.__module__ == "fastact.torch"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ft.gelu(torch.empty(3, device="meta")), r"fastact\.torch\.gelu: x is on the device meta; .* on the CPU"),
        (lambda x: ft.gelu(torch.eye(3).to_sparse()), "x has the layout torch.sparse_coo; it takes dense tensors"),
        (lambda x: ft.gelu(np.zeros(3, np.float32)), "x must be a torch.Tensor, not ndarray"),
        (lambda x: ft.gelu([0.0]), "x must be a torch.Tensor, not list"),
        (lambda x: ft.gelu(), "x is missing"),
        (lambda x: ft.gelu(x, x), "takes x alone by position"),
        (lambda x: ft.gelu(x, out=x), "out= is not taken where gradients are"),
        (lambda x: ft.gelu(x, x=x), "x is given by position and by keyword"),
        (lambda x: ft.softmax(x, dim=0), "unexpected keyword argument 'dim'; did you mean axis"),
        (lambda x: ft.softmax(x, mask=torch.zeros(3, requires_grad=True)), r"no gradient of mask.*give mask\.detach\(\)"),
        (lambda x: ft.gelu(torch.zeros(3, dtype=torch.complex64)), "x has dtype complex64"),
    ],
)
def test_errors(call, message):
    with pytest.raises(TypeError, match=message):
        call(random(3))


def test_errors_of_the_function_itself():
    with pytest.raises(ValueError, match="gelu: bias of shape"):
        ft.gelu(random(3, 4), bias=random(3))
    with pytest.raises(ValueError, match="alpha must be"):
        ft.celu(random(3), alpha=-1.0)
    with pytest.raises(IndexError, match="cross_entropy: targets"):
        ft.cross_entropy(random(3, 4), torch.tensor([0, 1, 9]))


def test_what_was_changed_since_the_forward_pass():
    """PyTorch finds that out, because what the gradient is computed from was saved by its own means."""
    x = random(3)
    z = x * 1
    y = ft.gelu(z)
    z.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()

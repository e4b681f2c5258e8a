"""The stub takes what the functions take at run time: the same names, kinds and defaults of arguments, for every public name."""

import ast
import inspect

import pytest

import fastact
from fastact.tools.stubs import stub

TREE = ast.parse(stub())
CLASSES = {node.name: node for node in TREE.body if isinstance(node, ast.ClassDef)}
VARIABLES = {node.target.id: ast.unparse(node.annotation) for node in TREE.body if isinstance(node, ast.AnnAssign)}
FUNCTIONS = [name for name in dict.fromkeys([*VARIABLES]) if not name.startswith("_") and VARIABLES[name] in CLASSES]
METHODS = ("__call__", "backward", "value_and_grad")


def ways(name, body):
    """The definitions of a function or method in a body: one for each overload."""
    return [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name]


def lookup(class_name, method):
    """The definitions of a method, of the class or of the nearest base that has some; none where only the real class has it."""
    level = [class_name]
    while level:
        nodes = [CLASSES[name] for name in level if name in CLASSES]
        found = next(filter(None, (ways(method, node.body) for node in nodes)), None)
        if found is not None:
            return found
        level = [ast.unparse(base) for node in nodes for base in node.bases]
    return []


def taken(node):
    """The arguments of a definition, without self: by name the kind, and the default if there is one."""
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    defaults = [None] * (len(positional) - len(a.defaults)) + a.defaults
    found = {p.arg: ("positional", d) for p, d in zip(positional, defaults, strict=True) if p.arg != "self"}
    found |= {p.arg: ("keyword", d) for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True)}
    found |= {p.arg: (kind, None) for kind, p in (("*", a.vararg), ("**", a.kwarg)) if p}
    return {name: (kind, None if d is None else ast.literal_eval(d)) for name, (kind, d) in found.items()}, {
        name for name, (_, d) in found.items() if d is not None
    }


KINDS = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def expected(function, method):
    """The arguments at run time. What ``**params`` stands for is what a call of the activation takes."""
    called = function if method == "__call__" else getattr(function, method)
    parameters = dict(inspect.signature(called).parameters)
    if "params" in parameters:
        del parameters["params"]
        own = inspect.signature(function).parameters
        parameters |= {name: own[name] for name in (*function.params, *(["rng"] if "rng" in own else []))}
    return parameters


def compare(overloads, parameters, left_out=()):
    """Assert that the overloads together take these parameters, each with the same kind and default."""
    assert overloads
    told, with_default = {}, set()
    for node in overloads:
        arguments, defaults = taken(node)
        for name, (kind, default) in arguments.items():
            assert name in parameters, f"the stub takes {name}"
            p = parameters[name]
            assert kind == KINDS[p.kind], name
            if name in defaults:
                assert repr(default) == repr(p.default), name
                with_default.add(name)
            told[name] = kind
        needed = {
            name for name, p in parameters.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        }
        assert needed <= set(arguments), f"an overload leaves out {needed - set(arguments)}"
        assert [n for n in parameters if n in arguments] == list(arguments), "another order"
    assert set(parameters) - set(told) == set(left_out)
    # An operand that may be left out is part of one way, and not of another. All else has its default where it is not asked for.
    optional = {name for name, p in parameters.items() if p.default is not p.empty and name in told}
    assert with_default >= optional - {"x", "y", "value"}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("method", METHODS)
def test_a_function_takes_the_same(name, method):
    function = getattr(fastact, name)
    if method != "__call__" and not hasattr(function, method):
        assert not lookup(VARIABLES[name], method)
        return
    left_out = set()
    if isinstance(function, fastact.Activation) and method == "backward" and function._entry.derivative_from_output is None:
        left_out = {"y"}  # an error at run time
    compare(lookup(VARIABLES[name], method), expected(function, method), left_out)


@pytest.mark.parametrize("name", sorted(fastact.activations))
@pytest.mark.parametrize("method", METHODS)
def test_a_derivative_takes_the_same(name, method):
    (derivative,) = lookup(VARIABLES[name], "derivative")
    kind = ast.unparse(derivative.returns)
    if kind == "NoReturn":
        with pytest.raises(AttributeError):
            _ = fastact.activations[name].derivative
        return
    function = fastact.activations[name].derivative
    compare(lookup(kind, method), expected(function, method), {"y"} if method == "backward" else ())


@pytest.mark.parametrize("method", METHODS)
def test_any_activation_takes_the_same(method):
    parameters = dict(inspect.signature(getattr(fastact.Activation, method)).parameters)
    del parameters["self"]
    compare(lookup("Activation", method), parameters)


@pytest.mark.parametrize("name", sorted({node.name for node in TREE.body if isinstance(node, ast.FunctionDef)}))
def test_a_function_of_the_api_takes_the_same(name):
    compare(ways(name, TREE.body), dict(inspect.signature(getattr(fastact, name)).parameters))


def test_it_has_every_public_name():
    names = {node.name for node in TREE.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in TREE.body:
        if isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names if alias.asname == alias.name}
    public = {name for name in names if not name.startswith("_") or name == "__version__"}
    assert public == set(fastact.__all__)
    assert set(FUNCTIONS) == set(fastact.api.bound)
    (listed,) = [ast.literal_eval(n.value) for n in TREE.body if isinstance(n, ast.Assign) and "__all__" in ast.unparse(n)]
    assert set(listed) == set(fastact.__all__)


def test_it_is_readable():
    lines = stub().splitlines()
    assert max(map(len, lines)) <= 130
    assert len(lines) < 4000

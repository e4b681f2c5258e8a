"""What users have come to rely on: each public name, what it is, and how it is called. public_api.txt lists it.

A line of the list must stay true; new names are welcome, and join it by `python tests/package/test_public_api.py`.
"""

import inspect
import types
from pathlib import Path

import fastact

LIST = Path(__file__).with_name("public_api.txt")

#: What is told of an attribute that one of a family lacks: one that draws numbers has no derivative.
ABSENT = ": NoneType"


def signature(function):
    """How it is called, without types."""
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    parameters = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=parameters, return_annotation=found.empty))


def kind(found):
    """Of a function of the catalogue what its repr tells: activation, gated unit, or nothing but function; else its type."""
    if isinstance(found, fastact.Activation):
        return "activation"
    told = repr(found)
    if not told.endswith(f" on {fastact.backend()}>"):
        return type(found).__name__
    return told[1:].partition(" '")[0] if "'" in told else "catalogue"


def attributes(found):
    """The public attributes: of methods the signature, else what they are."""
    for name in dir(found):
        value = getattr(found, name, None)
        if not name.startswith("_") and type(value).__name__ != "_SetByInit":  # which an object has, and its class has not
            method = inspect.isroutine(value) and not hasattr(value, "nin")
            yield name, signature(value) if method else f": {kind(value)}"


def describe():
    """The lines of the list. What all members of a family have is said once."""
    functions, lines = {}, []
    for name in sorted(name for name in fastact.__all__ if not name.startswith("_")):
        found = getattr(fastact, name)
        if isinstance(found, types.ModuleType):
            lines += [f"{name}.{own}{signature(getattr(found, own))}" for own in ("available", "load", "obstacles")]
        elif found is fastact.Activation:
            lines += [f"{name}.{own}{told}" for own, told in attributes(found)]
        else:
            lines.append(f"{name}: {kind(found)} {(callable(found) and signature(found)) or ''}".rstrip())
            if callable(found) and not isinstance(found, type) and not inspect.isfunction(found):
                functions[name] = dict(attributes(found))
    for name, own in functions.items():
        family = kind(getattr(fastact, name))
        alike = [functions[other].items() for other in functions if kind(getattr(fastact, other)) == family != "catalogue"]
        lines += [
            f"any {family}.{a}{t}" if all((a, t) in o or (a, ABSENT) in o for o in alike) and alike else f"{name}.{a}{t}"
            for a, t in own.items()
            if t != ABSENT
        ]
    return list(dict.fromkeys(lines))


def test_nothing_listed_has_changed():
    there = set(describe())
    changed = [line for line in LIST.read_text().splitlines() if line not in there]
    assert changed == [], "no longer so: " + "; ".join(changed)


if __name__ == "__main__":
    LIST.write_text("\n".join(describe()) + "\n")

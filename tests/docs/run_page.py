"""Runs the Python blocks of a page one after another in one namespace, as its reader would: python run_page.py PAGE.md.

What a block prints comes out. Blocks with `>>>` are doctests. A block that wants a package of an extra that is not here is
left out, with those that need it; the exit status is 77 then.
"""

import doctest
import importlib.util
import re
import sys
from pathlib import Path

MISSING = 77


def blocks(text):
    """The Python blocks with the number of the line that each begins on."""
    for found in re.finditer(r"^(`{3,})python\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL):
        yield text[: found.start(2)].count("\n"), found[2]


def run(page):
    """Run them; the packages that were missing. A failure names the page's own line."""
    names, left_out = {"__name__": "__main__"}, []
    for line, block in blocks(page.read_text("utf-8")):
        try:
            run_block(page, line, block, names)
        except ImportError as error:
            if missing(error) is None:
                raise
            left_out.append(missing(error))
        except NameError:
            if not left_out:
                raise
    return left_out


def run_block(page, line, block, names):
    if ">>>" not in block:
        exec(compile("\n" * line + block, str(page), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), line)
    failures = []
    doctest.DocTestRunner(verbose=False).run(test, out=failures.append, clear_globs=False)
    if failures:
        raise AssertionError("".join(failures))
    names.update(test.globs)


def missing(error):
    """The package that is not installed, if that is what an error comes from: its own, or one behind it."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            package = error.name.partition(".")[0]
            if package != "fastact" and importlib.util.find_spec(package) is None:
                return package
        error = error.__cause__ or error.__context__
    return None


if __name__ == "__main__":
    left_out = run(Path(sys.argv[1]))
    if left_out:
        print(f"{', '.join(dict.fromkeys(left_out))} is not installed", file=sys.stderr)
        sys.exit(MISSING)

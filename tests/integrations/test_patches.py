"""A patch replaces all or nothing, and is undone when the last user leaves, however that comes."""

import threading

import pytest

from fastact.integrations.patches import HookError, Patch, Replacement


class Library:
    """What has functions in a dictionary."""

    def __init__(self):
        self.names = {"f": lambda: "f", "g": lambda: "g"}
        self.before = dict(self.names)
        self.replaced = ["f", "g"]

    def replacements(self):
        for name in self.replaced:
            yield Replacement("library.names", self.names, name, lambda before: lambda: f"fast {before()}")

    def results(self):
        return [function() for function in self.names.values()]


@pytest.fixture
def library():
    return Library()


@pytest.fixture
def patch(library):
    return Patch("library", library.replacements)


def test_in_a_block(library, patch):
    with patch.apply():
        assert library.results() == ["fast f", "fast g"]
        assert patch.active
    assert library.names == library.before
    assert not patch.active


def test_until_it_is_undone(library, patch):
    patched = patch.apply()
    assert library.results() == ["fast f", "fast g"]
    patched.undo()
    patched.undo()
    assert library.names == library.before


def test_undone_after_an_error(library, patch):
    with pytest.raises(KeyError), patch.apply():
        raise KeyError
    assert library.names == library.before


def test_blocks_in_blocks(library, patch):
    with patch.apply():
        with patch.apply():
            assert library.results() == ["fast f", "fast g"]
        assert library.results() == ["fast f", "fast g"]
    assert library.names == library.before


def test_users_leave_in_any_order(library, patch):
    first, second = patch.apply(), patch.apply()
    first.undo()
    first.undo()
    assert library.results() == ["fast f", "fast g"]
    second.undo()
    assert library.names == library.before


def test_threads(library, patch):
    wrong, start = [], threading.Barrier(8)

    def use():
        start.wait()
        for _ in range(500):
            with patch.apply():
                if library.results() != ["fast f", "fast g"]:
                    wrong.append(library.results())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert library.names == library.before


@pytest.mark.parametrize("lost", ["f", "g"])
def test_a_function_that_has_moved(library, patch, lost):
    """Nothing at all is replaced then, and the patch serves again once it is there."""
    there = library.names.pop(lost)
    left = dict(library.names)
    with pytest.raises(HookError, match=rf"this version of library is not known: library\.names has no function '{lost}'"):
        patch.apply()
    assert library.names == left
    assert not patch.active
    library.names[lost] = there
    with patch.apply():
        assert sorted(library.results()) == ["fast f", "fast g"]


def test_what_is_no_function_any_more(library, patch):
    library.names["f"] = "f"
    with pytest.raises(HookError, match="has no function 'f'"):
        patch.apply()


def test_a_patch_of_nothing(library, patch):
    library.replaced = []
    with pytest.raises(HookError, match="there is nothing to replace"):
        patch.apply()

"""Numbers that environment variables give."""

from __future__ import annotations

import os
import warnings


def whole_number(variable: str, unit: str, least: int, most: int, otherwise: object, *, of_list: bool = False) -> int | None:
    """The whole number that an environment variable gives; None where it gives none.

    Parameters
    ----------
    variable : str
        Its name.
    unit : str
        What it counts: ``"MiB"``.
    least, most : int
        The bounds. What is beyond them, or no number, is warned of, and counts as nothing.
    otherwise : object
        What is taken then, for the warning.
    of_list : bool
        Whether it may give several, ``"4,2"``, of which the first counts.
    """
    given = os.environ.get(variable, "").strip()
    text = given.partition(",")[0].strip() if of_list else given
    if not text:
        return None
    if text.isdecimal() and len(text) < 30 and least <= int(text) <= most:
        return int(text)
    message = f"{variable}={given!r} is not a number of {unit} from {least} to {most}: it stays at {otherwise}"
    warnings.warn(message, RuntimeWarning, stacklevel=3)
    return None

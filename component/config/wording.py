"""What an operator is told about a wrong value."""

from difflib import get_close_matches

from pydantic_core import ErrorDetails


def explain(error: ErrorDetails, known: list[str]) -> str:
    """One error of pydantic in a table that has the keys ``known``.

    The value of an unknown key is not repeated: it may be a secret in the wrong place.
    """
    kind, found, limits = error["type"], toml(error["input"]), error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _unknown_key(str(error["loc"][-1]), known)
        case "value_error":
            return str(limits["error"])
        case "greater_than":
            return f"must be more than {limits['gt']:g}, not {found}"
        case "greater_than_equal":
            return f"must be {limits['ge']} or more, not {found}"
        case "less_than_equal":
            return f"must be {limits['le']} or less, not {found}"
        case "too_short":
            return "must not be empty"
    wanted = _KINDS.get(kind)
    return f"must be {wanted}, not {found}" if wanted else error["msg"]


_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number without quotes",
    "float_type": "a number without quotes",
    "finite_number": "a finite number",
    "bool_type": "true or false without quotes",
    "list_type": "a list in brackets",
    "dict_type": "a table",
}


def sample(key: str, example: object) -> str:
    """What to add where ``key`` is missing."""
    match example:
        case dict():
            return f"a section [{key}]"
        case list():
            return f"a section [[{key}]]"
    return f"it, for example {key} = {toml(example)}"


def _unknown_key(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
    return f"is not a key of this table; {advice}"


def toml(value: object) -> str:
    """A value roughly as it stands in the file, cut to a readable length."""
    match value:
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > 64:
            text = "a huge number"  # thousands of digits cannot even be shown
        case str():
            text = f'"{value}"' if value.isprintable() else ascii(value)
        case list():
            text = "a list"
        case dict():
            text = "a table"
        case _:
            text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

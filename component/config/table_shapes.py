"""The shape of a table: which keys it has, of which kind, and what is right in a faulty one.

Every key of a ``TableShape`` may be missing as far as pydantic knows, for two reasons. What is right in a faulty
table still takes part in the checks across the file, so that one run names every problem. And an omitted
key keeps the default of ``component.model``, which is written there and nowhere else. Problems are told in words for
operators, not in pydantic's.
"""

import re
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from .problems import Place, Problem

_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number without quotes",
    "float_type": "a number without quotes",
    "finite_number": "a finite number",
    "bool_type": "true or false without quotes",
    "list_type": "a list in brackets",
    "dict_type": "a table",
}

OPTIONAL: Any = None

# Control characters, line separators, characters that change the direction of the text, and characters that XML does
# not allow.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
MOST_SHOWN = 200
"""Characters of text that is shown to people. Names are not cut in rosters and lists, and longer ones would make these
too large (R5)."""

_IDENTIFIER = re.compile(r"\w[\w.-]{0,63}")


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
    """A value roughly as in the file, cut to a readable length."""
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


def required(example: Any) -> Any:
    """A key that must be there; ``example`` is what the operator is told to write."""
    return Field(default=None, examples=[example])


class TableShape(BaseModel):
    """A flat table with known keys. Values are taken as written: ``"5347"`` is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def read(cls, table: dict[str, Any], place: Place, problems: list[Problem]) -> Self:
        """The valid keys of ``table``; errors are added to ``problems``."""
        for key, example in _required_keys(cls).items():
            if key not in table:
                problems.append(Problem(place.at(key), f"is missing; add {sample(key, example)}"))
        try:
            return cls.model_validate(table)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        problems += [Problem(place.at(*error["loc"]), explain(error, list(cls.model_fields))) for error in errors]
        wrong = {error["loc"][0] for error in errors}
        return cls.model_validate({key: value for key, value in table.items() if key not in wrong})

    def given(self) -> dict[str, Any]:
        """The keys that the operator wrote."""
        return {key: getattr(self, key) for key in self.model_fields_set}


AnyShape = TypeVar("AnyShape", bound=TableShape)


def read_all(
    shape: type[AnyShape], tables: list[dict[str, Any]], place: Place, problems: list[Problem]
) -> list[tuple[Place, AnyShape]]:
    """An array of tables, each with its place."""
    places = [place.at(index) for index in range(len(tables))]
    return [(at, shape.read(table, at, problems)) for at, table in zip(places, tables, strict=True)]


def _printable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("must not contain control characters or line breaks; write it on one plain line")
    return text


def _short(text: str) -> str:
    if len(text) > MOST_SHOWN:
        raise ValueError(f"must be up to {MOST_SHOWN} characters long, not {len(text)}")
    return text


def _filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(f"must be up to 64 letters, digits, - _ or . without spaces, not {toml(text)}")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Line = Annotated[str, AfterValidator(_printable), AfterValidator(str.strip)]
"""One line; may be empty."""

Value = Annotated[Line, AfterValidator(_filled)]
"""One line for the machine: an address, a path."""

Text = Annotated[Line, AfterValidator(_short)]
"""One line to show to people; may be empty."""

Name = Annotated[Text, AfterValidator(_filled)]
"""One line to show to people."""

Suffix = Annotated[str, AfterValidator(_printable), AfterValidator(_short)]
"""Text after a name, with the space before it."""

Identifier = Annotated[str, AfterValidator(_identifier)]
"""A name for other tables, commands and logs."""

OneOrMore = Annotated[list[str], BeforeValidator(_listed)]
"""A list of strings; a single one may be without brackets."""


@cache
def _required_keys(shape: type[TableShape]) -> dict[str, Any]:
    return {key: field.examples[0] for key, field in shape.model_fields.items() if field.examples}

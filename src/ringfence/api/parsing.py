"""From the texts of a query or body to the struct that a route declares, field by field, with the wire's own words."""

import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from .errors import ApiError, unreadable_body, unreadable_parameter
from .signing import Fields, Pair

_S = TypeVar("_S", bound=msgspec.Struct)


class _Field(NamedTuple):
    name: str
    wire_name: str
    type: Any
    label: str
    required: bool
    is_list: bool


@cache
def _fields_of(kind: type[msgspec.Struct]) -> list[_Field]:
    hints = get_type_hints(kind, include_extras=True)
    found: list[_Field] = []
    for field in msgspec.structs.fields(kind):
        core = _without_none(hints[field.name])
        is_list = get_origin(core) is list
        label = _label(get_args(core)[0] if is_list else core)
        found.append(_Field(field.name, field.encode_name, hints[field.name], label, field.required, is_list))
    return found


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(arg for arg in get_args(hint) if arg is not type(None))
    return hint


def _label(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return next((meta.title for meta in get_args(hint) if isinstance(meta, msgspec.Meta) and meta.title), "string")
    return {str: "string", bool: "boolean", int: "integer"}.get(hint, getattr(hint, "__name__", "value"))


def read_query(kind: type[_S], pairs: Iterable[Pair]) -> _S:
    """Return the query as ``kind``; unknown parameters are ignored, a repeated one counts once unless it is a list."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    texts = {name: values if len(values) > 1 else values[0] for name, values in given.items()}
    return _read(kind, texts, unreadable_parameter)


def read_body(kind: type[_S], fields: Fields) -> _S:
    """Return the fields of a JSON object as ``kind``; unknown fields are ignored."""
    values: dict[str, Any] = {}
    for name, (text, is_string) in fields.items():
        values[name] = text if is_string else {"null": None, "true": True, "false": False}.get(text, text)

    def unreadable(_name: str, reason: str) -> ApiError:
        return unreadable_body(f'{reason} (occurred while parsing "{kind.__name__}")')

    return _read(kind, values, unreadable)


def _read(kind: type[_S], given: Mapping[str, Any], unreadable: Callable[[str, str], ApiError]) -> _S:
    found: dict[str, Any] = {}
    for field in _fields_of(kind):
        value = given.get(field.wire_name)
        if value is None or (value == "" and field.is_list):
            if field.required:
                raise unreadable(field.wire_name, f'Type "{field.label}" expects an input value.')
            continue
        found[field.name] = _convert(field, value, unreadable)
    return kind(**found)


def _convert(field: _Field, value: Any, unreadable: Callable[[str, str], ApiError]) -> Any:
    if field.is_list and not isinstance(value, list):
        value = [value]
    elif isinstance(value, list) and not field.is_list:
        value = cast(list[Any], value)[-1]
    try:
        return msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError as error:
        enum = _enum_of(field.type)
        reason = "Expect a valid enumeration value." if enum else str(error)
        raise unreadable(field.wire_name, f'failed to parse "{field.label}": {reason}') from None


@cache
def _enum_of(hint: Any) -> bool:
    core = _without_none(hint)
    core = get_args(core)[0] if get_origin(core) is list else core
    return isinstance(core, type) and issubclass(core, Enum)

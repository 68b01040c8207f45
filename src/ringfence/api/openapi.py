"""The OpenAPI 3.1 document of exactly what is served, made from the declared operations."""

from collections.abc import Iterable
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec

from .errors import ApiErrorResponse
from .operations import Done, ListOfAny, Operation, PlainText, RawJson
from .wire.market import NoQuery

_REFERENCE = "#/components/schemas/{name}"
_BY_NUMBER = ("case", "vault_id")
"""Fields of public queries that name what may not be there."""
_PAGE_HEADERS = ("X-PAGE-COUNT", "X-CURRENT-PAGE", "X-PAGE-SIZE", "X-TOTAL")
_SIGNED_HEADERS = {
    "ApiKey": ("X-API-Key", "base64 of the 32-byte ED25519 public key"),
    "Signature": ("X-Signature", "base64 of the signature over the canonical text of the request"),
    "Timestamp": ("X-Timestamp", "milliseconds since 1970 at which the request was signed"),
}


def build_document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Return the document as plain objects, ready for JSON."""
    declared = list(operations)
    kinds: list[Any] = [ApiErrorResponse]
    for operation in declared:
        response, _ = _response_of(operation)
        kinds += [kind for kind in (operation.query, operation.body, response) if _describable(kind)]
        if isinstance(operation.response, ListOfAny):
            kinds += operation.response.kinds
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    described = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, Any] = {}
    for operation in declared:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation, described, components)
    security = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": words}
        for name, (header, words) in _SIGNED_HEADERS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringfence",
            "version": version,
            "description": "An exchange venue that speaks the wire of Backpack Exchange.",
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": security},
    }


def _response_of(operation: Operation) -> tuple[Any, bool]:
    """Return what an operation answers with, and whether it may have nothing to answer."""
    kinds = get_args(operation.response)
    if NoneType not in kinds:
        return operation.response, False
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return kind, True


def _describable(kind: Any) -> bool:
    return kind is not None and kind not in (PlainText, RawJson, NoQuery, Done) and not isinstance(kind, ListOfAny)


def _describe(operation: Operation, described: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, described),
    }
    if operation.query is not NoQuery:
        found["parameters"] = _parameters(operation.query, components)
    if operation.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": described[id(operation.body)]}},
        }
    if operation.instruction:
        found["x-instruction"] = operation.instruction
        found["security"] = [{name: [] for name in _SIGNED_HEADERS}]
        found.setdefault("parameters", []).append(
            {
                "name": "X-Window",
                "in": "header",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": 60_000, "default": 5_000},
                "description": "milliseconds for which the signature is valid",
            }
        )
    return found


def _parameters(query: type[msgspec.Struct], components: dict[str, Any]) -> list[dict[str, Any]]:
    schema = components[query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _responses(operation: Operation, described: dict[int, Any]) -> dict[str, Any]:
    content: dict[str, Any]
    if operation.response is Done:
        content = {}
    elif operation.response is PlainText:
        content = {"text/plain": {"schema": {"type": "string"}}}
    elif operation.response is RawJson:
        content = {"application/json": {"schema": {"type": "object"}}}
    elif isinstance(operation.response, ListOfAny):
        any_of = [described[id(kind)] for kind in operation.response.kinds]
        content = {"application/json": {"schema": {"type": "array", "items": {"anyOf": any_of}}}}
    else:
        content = {"application/json": {"schema": described[id(_response_of(operation)[0])]}}
    done: dict[str, Any] = {"description": "done"} | ({"content": content} if content else {})
    if operation.paged:
        done["headers"] = {name: {"schema": {"type": "string"}} for name in _PAGE_HEADERS}
    error = {"schema": {"$ref": _REFERENCE.format(name=ApiErrorResponse.__name__)}}
    failed = {"application/json": error, "text/plain": {"schema": {"type": "string"}}}
    found: dict[str, Any] = {"200": done}
    if _response_of(operation)[1]:
        found["204"] = {"description": "there is nothing to tell yet"}
    statuses = ["400", "408", "413", "429", "503"] + (["401", "403", "404"] if operation.instruction else [])
    if not operation.instruction and set(_BY_NUMBER) & set(operation.query.__struct_fields__):
        statuses.append("404")
    for status in sorted(statuses):
        found[status] = {"description": "refused, with the reason", "content": failed}
    return found


def element_of(body: Any) -> type[msgspec.Struct]:
    """Return the struct of a body, or of the elements of a body that is a list."""
    return get_args(body)[0] if get_origin(body) is list else body

"""The OpenAPI document, taken at its word: what it allows is answered as it says, what it forbids is refused."""

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.generation import GenerationMode
from tests.hostile.target import Target

from ringfence.api.rest import OPERATIONS
from ringfence.api.wire.market import NoQuery

EXAMPLES = 25
OF_PERPETUALS = "/api/v1/markPrices", "/api/v1/openInterest", "/api/v1/fundingRates"
PUBLIC = [operation for operation in OPERATIONS if not operation.instruction]
ALLOWED = [(operation.path, GenerationMode.POSITIVE) for operation in PUBLIC]
FORBIDDEN = [(operation.path, GenerationMode.NEGATIVE) for operation in PUBLIC if operation.query is not NoQuery]
SIGNED = [(operation.method, operation.path) for operation in OPERATIONS if operation.instruction]


@pytest.mark.parametrize(("path", "mode"), ALLOWED + FORBIDDEN)
def test_public_operation_keeps_to_the_document(target: Target, path: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(target.client.get("/openapi.json").json())
    operation = schema[path]["GET"]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps(case: schemathesis.Case) -> None:
        # An empty filter filters nothing: clients write it for one that is not set.
        kinds = case.query.get("marketType", "OPEN")
        assume(any(kind not in ("", None) for kind in (kinds if isinstance(kinds, list) else [kinds])))
        if mode is GenerationMode.POSITIVE and case.query:
            # What only the venue knows: markets, assets, no index price of a spot market, time that runs forward.
            symbol = "SOL_USDC_PERP" if path in OF_PERPETUALS else "SOL_USDC"
            case.query |= {"symbol": symbol} if "symbol" in case.query else {}
            case.query |= {"asset": "SOL"} if "asset" in case.query else {}
            case.query |= {"priceType": "Last"} if "priceType" in case.query else {}
            case.query |= {"endTime": case.query["startTime"]} if "endTime" in case.query else {}
        case.call_and_validate(base_url=f"http://127.0.0.1:{target.port}")

    keeps()


@pytest.mark.parametrize(("method", "path"), SIGNED)
def test_signed_operation_without_a_key_is_refused_as_documented(target: Target, method: str, path: str) -> None:
    document = target.client.get("/openapi.json").json()
    answer = target.client.request(method, path)
    assert answer.status_code == 401
    described = document["paths"][path][method.lower()]
    assert "401" in described["responses"] and described["security"]

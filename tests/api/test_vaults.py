"""Vaults on the wire: exact keys, and values that follow from the rules."""

from typing import Any

from starlette.testclient import TestClient
from tests.api.lending import settle
from tests.api.venue import USDC, Venue

from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind

SHARE, ACCOUNT = 4, 68
HOUR_S = 3_600


def set_up(venue: Venue, **vault: int) -> None:
    """Let the main account of a third user be a vault, whose delay is an hour."""
    settings = {"share_asset": SHARE, "quote_asset": USDC, "redeem_delay_ms": HOUR_S * 1_000, **vault}
    venue.node.command(
        c.OpenUser(),
        c.ListAsset(symbol="VLT", name="Share of the vault", asset_kind=AssetKind.CRYPTO, decimals=6),
        c.SetCollateral(asset=USDC, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6),
        c.SetVault(vault=1, account=ACCOUNT, **settings),
    )
    venue.tick()
    assert venue.node.exchange.vault(1) is not None, "the vault was refused"


def mint(signer: Any, client: TestClient, quantity: str, **more: Any) -> Any:
    body = {"vaultId": 1, "symbol": "USDC", "quantity": quantity, **more}
    return signer.send(client, "POST", "/api/v1/vault/mint", "vaultMint", body)


def redeem(signer: Any, client: TestClient, method: str = "POST", **body: Any) -> Any:
    instruction = "vaultRedeemRequest" if method == "POST" else "vaultRedeemCancel"
    return signer.send(client, method, "/api/v1/vault/redeem", instruction, {"vaultId": 1, **body})


def done(reply: Any) -> None:
    assert (reply.status_code, reply.content) == (200, b""), reply.text


def pending(signer: Any, client: TestClient) -> list[dict[str, Any]]:
    return signer.get(client, "/api/v1/vault/redeems/pending", "vaultPendingRedeemsQuery", vaultId=1).json()


def test_venue_without_vaults_lists_none(client: TestClient) -> None:
    assert client.get("/api/v1/vaults").json() == []
    assert client.get("/api/v1/vaults/history?interval=1d").json() == []


def test_vaults_tell_their_settings(venue: Venue, client: TestClient) -> None:
    set_up(venue, minimum_mint_atoms=10**6, maximum_value_atoms=10**12)
    settle(venue, client)
    done(mint(venue.alice, client, "1000"))
    assert client.get("/api/v1/vaults").json() == [
        {
            "id": 1, "vaultToken": "VLT", "symbol": "USDC", "mintsEnabled": True, "redeemsEnabled": True,
            "minMintQuantity": "1", "minRedeemTokens": "0.000001", "redeemDelayMs": 3_600_000,
            "tokenStepSize": "0.000001", "remainingMintQuantity": "999000",
        }
    ]  # fmt: skip


def test_mint_redeem_and_their_histories(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    settle(venue, client)
    done(mint(venue.alice, client, "1000"))
    done(redeem(venue.alice, client, vaultTokenQuantity="400"))
    (waiting,) = pending(venue.alice, client)
    assert (waiting["status"], waiting["vaultTokenQuantity"], waiting["quantity"]) == ("Requested", "400", None)
    assert pending(venue.bob, client) == []
    done(redeem(venue.alice, client, "DELETE"))
    done(redeem(venue.alice, client))
    venue.tick(HOUR_S)
    venue.node.command(c.PayVaultRedemptions())
    settle(venue, client)
    assert pending(venue.alice, client) == []
    path = "/wapi/v1/history/vault/"
    (paid_in,) = venue.alice.get(client, path + "mint", "vaultMintHistoryQueryAll").json()
    assert {name: paid_in[name] for name in ("quantity", "vaultTokensMinted", "nav", "vaultId")} == {
        "quantity": "1000", "vaultTokensMinted": "1000", "nav": "1", "vaultId": 1,
    }  # fmt: skip
    paid, cancelled = venue.alice.get(client, path + "redeem", "vaultRedeemHistoryQueryAll").json()
    assert (paid["status"], paid["quantity"], paid["nav"]) == ("Redeemed", "1000", "1")
    assert (cancelled["status"], cancelled["vaultTokenQuantity"]) == ("Cancelled", "400")
    assert cancelled["id"] == waiting["id"]
    assert venue.bob.get(client, path + "redeem", "vaultRedeemHistoryQueryAll").json() == []
    (hour,) = client.get("/api/v1/vaults/history?interval=1d").json()
    assert (hour["nav"], hour["vaultEquity"], hour["tokenCirculatingSupply"]) == ("1", "1000", "1000")


def test_nav_of_a_vault_follows_from_value_and_supply(venue: Venue, client: TestClient) -> None:
    set_up(venue)
    settle(venue, client)
    done(mint(venue.alice, client, "1000"))
    done(mint(venue.bob, client, "500.5"))
    nav = venue.bob.get(client, "/api/v1/vault/nav", "vaultNavQuery").json()
    assert nav == {
        "nav": "1", "twapNav": "1", "mintNav": "1", "redeemNav": "1", "vaultEquity": "1500.5", "netEquity": "1500.5",
        "tokenCirculatingSupply": "1500.5", "lastCrankTimestamp": None,
    }  # fmt: skip


def test_what_is_wrong_is_refused_with_a_sentence(venue: Venue, client: TestClient) -> None:
    set_up(venue, minimum_mint_atoms=10**6)
    settle(venue, client)
    too_small = mint(venue.alice, client, "0.5")
    assert (too_small.status_code, too_small.json()["code"]) == (400, "INVALID_QUANTITY")
    assert "0.5" in too_small.json()["message"] or "500000" in too_small.json()["message"]
    assert mint(venue.alice, client, "5", symbol="SOL").json()["code"] == "INVALID_ASSET"
    assert mint(venue.alice, client, "5", autoBorrow=True).status_code == 400
    unknown = venue.alice.get(client, "/api/v1/vault/nav", "vaultNavQuery", vaultId=9)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    assert redeem(venue.alice, client, "DELETE").status_code == 404

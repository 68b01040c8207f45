"""A customer in a process of his own: places and cancels an order again and again until told to end, and says how long
each took. Started by ``Target.unharmed``; its clock is not slowed down by what the attacker does in his own process.
"""

import base64
import http.client
import json
import select
import sys
import time

from nacl.signing import SigningKey

PAUSE_S = 0.02


def main() -> None:
    """Trade on a port as bob; one line when ready, another with the times in seconds."""
    key = SigningKey(bytes(range(32, 64)))
    public = base64.b64encode(bytes(key.verify_key)).decode()
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)

    def call(method: str, instruction: str, body: dict[str, str]) -> dict[str, str]:
        now = time.time_ns() // 1_000_000
        fields = "".join(f"&{name}={body[name]}" for name in sorted(body))
        signature = key.sign(f"instruction={instruction}{fields}&timestamp={now}&window=60000".encode()).signature
        headers = {"X-API-Key": public, "X-Signature": base64.b64encode(signature).decode(), "X-Timestamp": str(now)}
        connection.request(method, "/api/v1/order", json.dumps(body), headers | {"X-Window": "60000"})
        answer = connection.getresponse()
        data = answer.read()
        # Where others trade, the order may be gone before it is cancelled.
        assert answer.status == 200 or (method, answer.status) == ("DELETE", 404), data
        return json.loads(data)

    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}
    times: list[float] = []
    connection.connect()
    print("ready", flush=True)
    while not times or not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        begin = time.perf_counter()
        placed = call("POST", "orderExecute", order)
        times.append(time.perf_counter() - begin)
        call("DELETE", "orderCancel", {"symbol": "SOL_USDC", "orderId": placed["id"]})
    connection.close()
    print(json.dumps(times))


if __name__ == "__main__":
    main()

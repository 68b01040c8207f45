"""Mutations that no test can find, and why: by module, function, what stood there, and what stands there instead."""

EXPLAINED: dict[tuple[str, str, str, str], str] = {
    ("waves", "count_page", "looked += 1", "looked -= 1"): (
        "bounds how many accounts one command looks at: it is seen beyond 65,536 accounts only"
    ),
    (
        "takeovers",
        "margin_parts",
        "equity = asset_value(money, profit_atoms) if profit_atoms >= 0 else -debt_value(money, -profit_atoms)",
        "equity = asset_value(money, profit_atoms) if profit_atoms > 0 else -debt_value(money, -profit_atoms)",
    ): "a profit of nothing is worth nothing either way",
}

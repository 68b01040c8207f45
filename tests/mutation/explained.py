"""Mutations that no test can find, and why: by module, function, what stood there, and what stands there instead."""

BEYOND = "bounds how many accounts one command looks at: it is seen beyond 65,536 accounts only"

EXPLAINED: dict[tuple[str, str, str, str], str] = {
    ("waves", "count_page", "looked += 1", "looked -= 1"): BEYOND,
    ("waves", "count_page", "looked += 1", "looked += 2"): BEYOND,
    (
        "legs",
        "base_lots",
        "lots = (held - owed) // lot_atoms if held >= owed else -((owed - held) // lot_atoms)",
        "lots = (held + owed) // lot_atoms if held >= owed else -((owed - held) // lot_atoms)",
    ): "an estate has paid back what it can: it never holds and owes the same asset",
    ("legs", "weigh_position", "return -1", "return -2"): "whoever asks looks only whether it is below zero",
    (
        "covering",
        "buys",
        "most = 0 if too_large else available(s, FUND, market.quote_asset) // cost",
        "most = 1 if too_large else available(s, FUND, market.quote_asset) // cost",
    ): "only where one lot costs more than 2^63 atoms, which no price within its bounds makes it",
    (
        "takeovers",
        "margin_parts",
        "equity = asset_value(money, profit_atoms) if profit_atoms >= 0 else -debt_value(money, -profit_atoms)",
        "equity = asset_value(money, profit_atoms) if profit_atoms > 0 else -debt_value(money, -profit_atoms)",
    ): "a profit of nothing is worth nothing either way",
}

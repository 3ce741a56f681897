"""Props: objects next to keys or attached to them, such as rings, tags, coins, tools, hands."""

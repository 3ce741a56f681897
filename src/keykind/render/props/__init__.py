"""Props: objects beside keys or attached to them, such as rings, tags, coins, tools, hands."""

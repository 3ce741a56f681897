"""What lies beside keys or holds them: rings, tags, coins, tools, hands."""

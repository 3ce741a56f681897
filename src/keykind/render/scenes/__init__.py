"""Keys and company -> a Scene: what lies where, in which light, seen from where; and its texture atlas."""

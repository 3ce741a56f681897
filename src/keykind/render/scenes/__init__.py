"""Keys and props -> a Scene: positions, lighting, camera; and its texture atlas."""

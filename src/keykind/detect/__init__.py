"""Photo -> detections -> one aligned crop per key."""

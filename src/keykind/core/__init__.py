"""What everything stands on: errors, files, cache, threads, kinds of key, geometry, HTML."""

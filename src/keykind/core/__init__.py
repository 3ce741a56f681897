"""The base of every other package: errors, files, cache, threads, kinds of key, geometry, HTML."""

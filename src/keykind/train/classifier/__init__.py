"""Keys of rendered scenes and cut-outs on real photos -> the bundled classifier."""

"""Training views -> the network that gives the masks of cut-outs."""

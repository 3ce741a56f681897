"""Random solids of keys, in mm: blanks, cuts, heads. The kinds themselves are in keykind.kinds."""

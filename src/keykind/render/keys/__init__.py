"""A kind -> a key as it is made, in millimetres: blank, cuts, head. Solids only; no scene, no picture."""

"""Synthetic photos: solids of keys -> scenes -> rendered photos with labels.

In:    kinds, scene name, seed
Out:   photos, masks and labels in a folder that `keykind inspect` and `keykind train` read
Needs: numpy, pillow, manifold3d, mitsuba    [render]
"""

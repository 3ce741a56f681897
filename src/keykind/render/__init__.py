"""Kinds of key -> solids -> scenes -> photos with labels.

In:    a kind or a scene, a random generator
Out:   photos, masks and labels in a folder that `keykind inspect` and `keykind train` read
Needs: numpy, pillow, manifold3d, mitsuba    [render]
"""

"""The names of the scenes.

In:    nothing
Out:   SINGLE_KIND_SCENES, SCENES
Needs: nothing beyond Python
"""

# One key, rarely two, of a single kind, which is the class of the photo.
SINGLE_KIND_SCENES = ("product", "phone")
SCENES = (*SINGLE_KIND_SCENES, "multi", "hand", "nothing")

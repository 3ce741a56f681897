"""The names of the scenes.

In:    nothing
Out:   OF_ONE_KIND, SCENES
Needs: nothing beyond Python
"""

OF_ONE_KIND = ("product", "phone")  # one key, seldom two, of a single kind, which is the class of the photo
SCENES = (*OF_ONE_KIND, "multi", "nothing")

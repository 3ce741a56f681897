"""What scenes there are.

In:    nothing
Out:   OF_ONE_KIND, SCENES
Needs: nothing beyond Python
"""

OF_ONE_KIND = ("product", "phone")  # one key, seldom two, of one kind: such a photo has a class
SCENES = (*OF_ONE_KIND, "multi", "nothing")

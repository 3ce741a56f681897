"""All queues, in the order of the page.

In:    nothing
Out:   QUEUES
Needs: numpy
"""

from keykind.review.queues.by_name import ALL

QUEUES = (ALL,)

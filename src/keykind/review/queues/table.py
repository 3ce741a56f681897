"""All queues, in the order of the page.

In:    nothing
Out:   QUEUES
Needs: numpy
"""

from keykind.review.queues.by_name import ALL
from keykind.review.queues.copies import DUPLICATES, SAME_KEY
from keykind.review.queues.keys import KEYS
from keykind.review.queues.kinds import LABEL_ERRORS, NOT_SURE, UNLABELLED
from keykind.review.queues.quality import OOD, QUALITY

QUEUES = (LABEL_ERRORS, NOT_SURE, DUPLICATES, SAME_KEY, KEYS, QUALITY, OOD, UNLABELLED, ALL)

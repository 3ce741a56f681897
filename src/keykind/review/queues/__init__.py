"""The queues of the review desk: which photos to look at, in which order, and why."""

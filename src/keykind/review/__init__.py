"""The review desk: a page on this machine on which a person checks the photos of a dataset one by one."""

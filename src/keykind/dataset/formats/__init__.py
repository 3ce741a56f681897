"""Marked keys in the formats of other programs: COCO keypoints, YOLO pose."""

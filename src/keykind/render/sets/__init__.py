"""An order -> a folder of photos with labels: workers, resuming, COCO, contact sheet."""

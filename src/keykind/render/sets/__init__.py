"""A job -> a folder of rendered photos with labels: worker processes, resuming, COCO file, contact sheet."""

"""Videos and cameras: keys followed over frames, so that one key is one answer.

`recognise.py` does it. `source.py` reads frames, `tracking.py` follows keys, `recording.py` writes the
annotated video.
"""

"""Videos and cameras: keys followed over frames, so that one key is one answer.

`recognise.py` does it. `source.py` reads frames, `motion.py` measures how the camera moves, `tracking.py`
follows keys, `recording.py` writes the annotated video, and `inputs.py` answers photos and videos in one go.
"""

from pathlib import Path

from keykind.photo.formats import VIDEO_SUFFIXES


def is_video(name: object) -> bool:
    """Return whether something is the name of a video, by its ending."""
    return isinstance(name, str | Path) and Path(name).suffix.lower() in VIDEO_SUFFIXES

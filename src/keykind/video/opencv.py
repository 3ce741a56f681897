"""OpenCV, imported only where it is needed, and silent.

In:    nothing
Out:   the module cv2
Needs: opencv-python-headless [video]

Its wheels contain FFmpeg under the LGPL. Those of PyAV contain x264 and x265, which are under the GPL.
"""

import os
from functools import cache
from importlib import import_module
from typing import Any

from keykind.core.extras import require


@cache
def opencv() -> Any:
    """Return cv2; it prints no messages, nor does its FFmpeg. Raises MissingExtra without keykind[video]."""
    require("video")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    return import_module("cv2")

"""Live output of a camera: each answer is printed when it is new or changes.

In:    the number of a camera; parsed options of `keykind predict`
Out:   a line on stdout for each new answer; at the end the keys, each once; an annotated video
Needs: numpy, pillow, ai-edge-litert, PyAV [video]
"""

import argparse
import json
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace

from keykind.cli.output import message
from keykind.predict import writers
from keykind.predict.file_names import safe_name
from keykind.predict.prediction import Key, Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.wording import wording_of
from keykind.video.recognise import watch_camera
from keykind.video.recording import check_own, recording
from keykind.video.source import Camera
from keykind.video.tracking import MIN_FRAMES, Track


def follow_camera(options: argparse.Namespace, recogniser: Recogniser) -> writers.Tally:
    """Print what a camera shows until Ctrl-C, or for `--seconds`; then each key once. Raises BadVideo."""
    out = options.save and options.save / f"{safe_name(f'camera-{options.camera}')}.mp4"
    if out and not options.force:
        check_own(out)
    printed: dict[int, str | None] = {}  # number of a track -> kind that was printed
    tracks: dict[int, Track] = {}
    threshold, wording = recogniser.kind_threshold, wording_of(recogniser.model.card)
    with Camera(options.camera) as camera:
        output = recording(out, camera.rate, wording) if out else nullcontext()
        message("Press Ctrl-C to stop.")
        with output as add, suppress(KeyboardInterrupt):
            for frame, shown in watch_camera(recogniser, camera):
                tracks |= {track.number: track for track in shown}
                settled = [track for track in shown if len(track.seen) >= MIN_FRAMES]
                answers = [track.answer(threshold) for track in settled]
                _print_changes(
                    zip(settled, answers, strict=True), printed, camera.name, frame.seconds, options.json
                )
                if add:
                    add(frame.pixels, frame.seconds, tuple(answers))
                if options.seconds and frame.seconds >= options.seconds:
                    break
    keys = tuple(track.summary(threshold) for track in tracks.values() if len(track.seen) >= MIN_FRAMES)
    tally = writers.Tally()
    summary = list(tally.counted([Prediction(camera.name, keys)]))
    text = writers.text_lines(summary, recogniser.kinds, wording)
    for line in writers.json_lines(summary) if options.json else text:
        print(line, flush=True)
    if out:
        message(f"{out}")
    return tally


def _print_changes(
    shown: Iterable[tuple[Track, Key]],
    printed: dict[int, str | None],
    camera: str,
    seconds: float,
    as_json: bool,
) -> None:
    """Print the answers that are new or have changed."""
    for track, answer in shown:
        if track.number in printed and printed[track.number] == answer.kind:
            continue
        printed[track.number] = answer.kind
        if as_json:
            entries = replace(answer, seconds=(track.seen[0][0], seconds)).as_json()
            print(json.dumps({"photo": camera, "track": track.number, **entries}), flush=True)
        else:
            what = f"{answer.kind} {answer.probability:.2f}" if answer.kind else "not sure"
            print(f"{seconds:6.1f} s  {track.number}: {what}", flush=True)

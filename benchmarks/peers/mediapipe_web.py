"""MediaPipe's ImageClassifier in headless Chromium, with a model file of keykind: ms per frame.

`npm install @mediapipe/tasks-vision` in a new folder, then
`python mediapipe_web.py FOLDER keys.tflite PHOTO`. The frame is the photo drawn at 1280 x 720 px; MediaPipe
stretches all of it to the model's input and does not detect keys.
"""

import functools
import http.server
import json
import os
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGE = """<!doctype html><body><script type="module">
import { FilesetResolver, ImageClassifier } from './node_modules/@mediapipe/tasks-vision/vision_bundle.mjs';
window.measure = async (frames, warmUp) => {
  const files = await FilesetResolver.forVisionTasks('/node_modules/@mediapipe/tasks-vision/wasm');
  const baseOptions = { modelAssetPath: '/keys.tflite' };
  const classifier = await ImageClassifier.createFromOptions(files, { baseOptions, runningMode: 'IMAGE' });
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1280, 720];
  const photo = new Image();
  photo.src = '/photo.jpg';
  await photo.decode();
  canvas.getContext('2d').drawImage(photo, 0, 0, canvas.width, canvas.height);
  const times = [];
  let result;
  for (let frame = 0; frame < frames + warmUp; frame++) {
    const start = performance.now();
    result = classifier.classify(canvas);
    times.push(performance.now() - start);
  }
  times.splice(0, warmUp);
  times.sort((a, b) => a - b);
  return { median: times[frames >> 1], fastest: times[0], top: result.classifications[0].categories[0] };
};
</script>"""
FRAMES, WARM_UP = 60, 10


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(folder: Path, model: Path, photo: Path) -> None:
    (folder / "index.html").write_text(PAGE, "utf-8")
    shutil.copyfile(model, folder / "keys.tflite")
    shutil.copyfile(photo, folder / "photo.jpg")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        result = page.evaluate(f"measure({FRAMES}, {WARM_UP})")
        browser.close()
    print(json.dumps(result | {"load": os.getloadavg()[0]}, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))

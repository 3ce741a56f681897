"""MediaPipe's ImageClassifier in headless Chromium, with a model file of keykind: ms a frame.

`npm install @mediapipe/tasks-vision` in a folder of its own, then
`python mediapipe_web.py FOLDER keys.tflite PHOTO`. The frame is the photo drawn at 1280 x 720 px; MediaPipe
stretches all of it to the model's input and looks for no key in it.
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
window.measure = async (frames, warm) => {
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
  let said;
  for (let frame = 0; frame < frames + warm; frame++) {
    const began = performance.now();
    said = classifier.classify(canvas);
    times.push(performance.now() - began);
  }
  times.splice(0, warm);
  times.sort((one, other) => one - other);
  return { median: times[frames >> 1], fastest: times[0], said: said.classifications[0].categories[0] };
};
</script>"""
FRAMES, WARM = 60, 10


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(folder: Path, model: Path, photo: Path) -> None:
    (folder / "index.html").write_text(PAGE, "utf-8")
    shutil.copyfile(model, folder / "keys.tflite")
    shutil.copyfile(photo, folder / "photo.jpg")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        told = page.evaluate(f"measure({FRAMES}, {WARM})")
        browser.close()
    print(json.dumps(told | {"load": os.getloadavg()[0]}, indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))

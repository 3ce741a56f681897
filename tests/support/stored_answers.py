"""What tests put into the app's database, as the app stores it."""

import base64
import io
from pathlib import Path

from PIL import Image

PATIENCE = 60  # s; an offer to undo lasts 10 s
KINDS = ["cylinder", "dimple", "laser_track", "mortice", "double_bit", "cruciform", "tubular"]
PUT = """async ([photos, entries]) => {
    const opened = indexedDB.open('keykind');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const stores = ['entries', 'summaries', 'thumbnails', 'photos'];
    const transaction = database.transaction(stores, 'readwrite');
    const done = new Promise((resolve) => { transaction.oncomplete = resolve; });
    const blobs = new Map();
    const blobOf = (data) => {
        if (!blobs.has(data)) {
            const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
            blobs.set(data, new Blob([bytes], { type: 'image/jpeg' }));
        }
        return blobs.get(data);
    };
    for (const photo of photos)
        transaction.objectStore('photos').put({ ...photo, photo: blobOf(photo.photo) });
    for (const { entry, summary, photo, thumbnail } of entries) {
        const only = { ...entry.photos[0], photo: blobOf(photo), thumbnail: blobOf(thumbnail) };
        transaction.objectStore('entries').put({ ...entry, photos: [only] });
        transaction.objectStore('summaries').put(summary);
        transaction.objectStore('thumbnails').put(blobOf(thumbnail), entry.id);
    }
    await done;
    database.close();
}"""
COUNT = """async (store) => {
    const opened = indexedDB.open('keykind');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const request = database.transaction(store).objectStore(store).count();
    const count = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
    database.close();
    return count;
}"""

PHOTOS = """async () => {
    const opened = indexedDB.open('keykind');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const request = database.transaction('entries').objectStore('entries').getAll();
    const entries = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
    database.close();
    const photos = entries.flatMap((entry) => entry.photos);
    const blobs = photos.flatMap(({ photo, thumbnail }) => [photo, thumbnail]);
    const bytes = await Promise.all(blobs.map((blob) => blob.arrayBuffer()));
    return bytes.map((buffer) => [...new Uint8Array(buffer)]);
}"""


def put_corrections(page, photos):
    """Store corrected photos: (path, kind, the app's answer)."""
    rows = [
        {"kind": kind, "said": said, "photo": encoded(path.read_bytes()), "kinds": KINDS, "ofKeys": True}
        for path, kind, said in photos
    ]
    put(page, rows, [])


def put_entries(page, entries, size: int = 64):
    """Store answers: (time in ms, kind or None for "not sure"), each to a photo of one colour."""
    put(page, [], [entry(time, kind, size) for time, kind in entries])


def put(page, photos, entries):
    """Put records into the database, which the history's view has made."""
    page.evaluate("location.hash = '#/history'")
    page.locator(".history .nothing-yet, .history .tile").first.wait_for()
    page.evaluate(PUT, [photos, entries])


def count_stored(page, store: str) -> int:
    """Return how many records a store of the app has."""
    return page.evaluate(COUNT, store)


def stored_photos(page) -> list[bytes]:
    """Return the photos and thumbnails of the history, as files."""
    return [bytes(photo) for photo in page.evaluate(PHOTOS)]


def wait_until_stored(page, store: str, count: int) -> None:
    """Wait until a store has so many records: what is deleted is removed when it can no longer be undone."""
    for _ in range(PATIENCE):
        if count_stored(page, store) == count:
            return
        page.wait_for_timeout(1000)
    assert count_stored(page, store) == count


def entry(time, kind, size):
    """Return an answer as the app stores it, and what lists show of it."""
    best = kind or KINDS[0]
    others = [{"kind": other, "probability": 0.01} for other in KINDS if other != best]
    verdict = {
        "isKey": True,
        "kind": kind,
        "reason": None if kind else "unknown_kind",
        "best": best,
        "probability": 0.94,
        "probabilities": [{"kind": best, "probability": 0.94}, *others],
    }
    key = {
        "box": [[8, 24], [56, 24], [56, 40], [8, 40]],
        "head": [12, 32],
        "tip": [52, 32],
        "verdict": verdict,
        "causes": [],
        "measurements": dict.fromkeys(
            ("hidden", "small", "dark", "glare", "blurred", "edge", "slanted"), 0.5
        ),
        "features": None,
    }
    photo = {"width": size, "height": size, "brightness": 0.5, "keys": [key]}
    colour = (37 * KINDS.index(best) % 200, 90, 120)
    data = encoded(jpeg(colour, size))
    summary_key = {"kind": kind, "isKey": True, "isCorrected": False, "probability": 0.94, "myKey": None}
    summary = {"id": time, "group": None, "name": None, "photoCount": 1, "bytes": 1000, "ofKeys": True}
    stored = {"id": time, "photos": [photo], "combined": None, "kinds": KINDS, "ofKeys": True, "group": None}
    return {
        "entry": stored,
        "summary": {**summary, "keys": [summary_key]},
        "photo": data,
        "thumbnail": data,
    }


def jpeg(colour, size):
    """Return a photo of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(stream, "JPEG")
    return stream.getvalue()


def encoded(data: bytes) -> str:
    """Return bytes as a browser's `atob` reads them."""
    return base64.b64encode(data).decode()


def torn(folder: Path) -> Path:
    """Return a file that is no photo."""
    path = folder / "torn.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0torn")
    return path

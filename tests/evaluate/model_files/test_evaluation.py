"""Tests of evaluate/model_files: which photos are measured, how, and what is written."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.cli import main
from keykind.core.errors import BadDataset, BadModel, BadRun, CannotWrite
from keykind.dataset.bundled import bundled_negatives, bundled_photos
from keykind.evaluate.model_files import choice
from keykind.evaluate.model_files.answers import NOTHING_FOUND
from keykind.evaluate.model_files.evaluation import default_out
from keykind.predict import recogniser
from keykind.predict.recogniser import Recogniser
from small_runs import Everywhere, Halves, Nowhere
from tiny_model import KINDS, tiny_file


def rows(evaluation):
    with (evaluation.path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_folder(folder: Path, model: Path, photos: dict[Path, str]) -> Path:
    """Return the folder of a run as far as evaluate reads it; photos: path -> split."""
    folder.mkdir()
    shutil.copy(model, folder / "keys.tflite")
    (folder / "recipe.json").write_text("{}", "utf-8")
    lines = [f"{path},{path.parent.name},,{split}" for path, split in photos.items()]
    (folder / "photos.csv").write_text("\n".join(["path,label,key_id,split", *lines]), "utf-8")
    return folder


def test_the_scores_are_those_of_what_the_model_predicts(labelled, tiny, measure):
    recognise = Recogniser.load(tiny).recognise
    right, answered, total = 0, 0, 0
    for path in sorted(labelled.rglob("*.png")):
        prediction = recognise(path)
        (best,) = (*prediction.keys, *prediction.candidates)
        right += max(best.probabilities, key=best.probabilities.get) == path.parent.name
        answered += prediction.verdict == "answered"
        total += 1
    evaluation = measure([tiny], labelled)
    (model,) = evaluation.metrics["models"]
    assert model["accuracy"] == pytest.approx(right / total)
    assert (model["answers"]["answered"]["count"], model["answers"]["answered"]["of"]) == (answered, total)
    assert sum(map(sum, model["confusion"])) == evaluation.metrics["counts"]["scored"] == total
    assert sum(row["true"] == row["predicted"] for row in rows(evaluation)) == right


def test_a_run_has_the_scores_of_its_report_on_its_own_test_photos(finished, measure):
    experiment, metrics = finished
    photos = experiment.dataset.samples[0].path.parents[2]
    evaluation = measure([experiment.out], photos)
    (model,) = evaluation.metrics["models"]
    assert evaluation.metrics["split"] == "test"
    assert evaluation.metrics["kinds"] == metrics["kinds"]
    for name in ("weighted_f1", "macro_f1", "accuracy", "confusion"):
        assert model[name] == pytest.approx(np.array(metrics["test"]["plain"][name])), name
    assert model["calibration"]["ece"] == pytest.approx(metrics["calibrated"]["ece"])
    assert (model["trained_on"], model["same_key"]) == (0, 0)
    assert [error.name for error in evaluation.read_errors] == ["train/dimple/torn.jpg"]


def test_what_is_printed_is_what_metrics_json_holds(labelled, tiny, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["evaluate", str(tiny), str(tiny), str(labelled), "--out", str(out)]
    assert main.main(arguments) == 0
    printed = capsys.readouterr().out
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    for model in metrics["models"]:
        low, high = model["interval"]["weighted_f1"]
        assert f"{model['name']}: weighted F1 {model['weighted_f1']:.3f} [{low:.3f}, {high:.3f}]" in printed
        assert f"macro F1 {model['macro_f1']:.3f}  accuracy {model['accuracy']:.3f}" in printed
    assert str(out / "report.html") in printed
    assert main.main([*arguments, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == metrics


def test_a_model_compared_with_itself_does_not_differ(labelled, tiny, measure):
    metrics = measure([tiny, tiny], labelled).metrics
    first, second = metrics["models"]
    assert first["name"] != second["name"]
    assert first["interval"] == second["interval"]
    for name in ("weighted_f1", "accuracy"):
        low, high = metrics["difference"][name]["interval"]
        assert metrics["difference"][name]["difference"] == 0
        assert low < 0 < high
    assert metrics["difference"]["improved"] == metrics["difference"]["worsened"] == []


def test_photos_that_only_one_of_two_models_gets_right_are_named(labelled, tiny, tmp_path, measure):
    other = tiny_file(tmp_path / "other.tflite", kinds=KINDS[::-1])
    evaluation = measure([tiny, other], labelled)
    right = {"tiny.tflite": set(), "other.tflite": set()}
    for row in rows(evaluation):
        if row["true"] == row["predicted"]:
            right[row["model"]].add(row["photo"])
    difference = evaluation.metrics["difference"]
    assert set(difference["improved"]) == right["other.tflite"] - right["tiny.tflite"]
    assert set(difference["worsened"]) == right["tiny.tflite"] - right["other.tflite"]
    first, second = evaluation.metrics["models"]
    gained = second["weighted_f1"] - first["weighted_f1"]
    assert difference["weighted_f1"]["difference"] == pytest.approx(gained)
    assert difference["worsened"] or difference["improved"]


def test_models_of_different_kinds_are_compared_on_the_kinds_of_both(labelled, tiny, tmp_path, measure):
    fewer = tiny_file(tmp_path / "fewer.tflite", kinds=("cylinder", "dimple", "padlock"))
    metrics = measure([tiny, fewer], labelled).metrics
    assert metrics["kinds"] == ["cylinder", "dimple"]
    assert (metrics["counts"]["scored"], metrics["counts"]["other_kinds"]) == (8, 8)
    assert any("compared on the kinds that both know" in sentence for sentence in metrics["warnings"])
    assert any("mortice 4" in sentence for sentence in metrics["warnings"])
    assert any("padlock" in sentence for sentence in metrics["warnings"])
    assert {kind: counts["photos"] for kind, counts in metrics["models"][1]["other_kinds"].items()} == {
        "laser_track": 4,
        "mortice": 4,
    }


def test_kinds_spelled_otherwise_are_the_same(labelled, tiny, tmp_path, measure):
    photos = shutil.copytree(labelled, tmp_path / "photos")
    (photos / "laser_track").rename(photos / "Laser Track")
    evaluation = measure([tiny], photos)
    assert evaluation.metrics["kinds"] == list(KINDS)
    assert any("Laser Track as laser_track" in sentence for sentence in evaluation.metrics["warnings"])


def test_a_model_of_other_classes_is_refused(labelled, tmp_path, measure):
    other = tiny_file(tmp_path / "fruit.tflite", kinds=("apple", "pear"))
    with pytest.raises(
        BadDataset, match=r"16 photos of cylinder.* fruit\.tflite knows apple, pear: no kind in"
    ):
        measure([other], labelled)
    assert not (tmp_path / "out").exists()


def test_photos_in_which_nothing_is_found_are_wrong_and_have_a_column(
    labelled, tmp_path, measure, monkeypatch
):
    monkeypatch.setattr(recogniser, "load_detector", Halves)
    of_keys = tiny_file(tmp_path / "keys.tflite", crop="key", ood_threshold=None)
    evaluation = measure([of_keys], labelled)
    (model,) = evaluation.metrics["models"]
    found = Counter(row["answer"] == NOTHING_FOUND for row in rows(evaluation))
    assert model["columns"][-1] == NOTHING_FOUND
    assert sum(row[-1] for row in model["confusion"]) == found[True] > 0
    assert found[False] > 0
    assert model["answers"]["nothing_found"]["count"] == found[True]
    assert model["accuracy"] <= found[False] / 16
    assert NOTHING_FOUND not in model["per_class"]
    assert sum(photos for _, _, photos in model["calibration"]["bins"]) == found[False]


def test_the_calibration_is_of_photos_in_which_something_is_found(labelled, tmp_path, measure, monkeypatch):
    monkeypatch.setattr(recogniser, "load_detector", Nowhere)
    of_keys = tiny_file(tmp_path / "keys.tflite", crop="key", ood_threshold=None)
    nothing = measure([of_keys], labelled)
    assert nothing.metrics["models"][0]["calibration"] == {"ece": None, "bins": []}
    assert 'id="calibration"' not in nothing.report.read_text("utf-8")
    whole = tiny_file(tmp_path / "whole.tflite")
    page = measure([of_keys, whole], labelled, "compared").report.read_text("utf-8")
    assert "expected calibration error – and 0." in page
    assert "Something was found in 0 and 16 of 16 photos." in page


def test_the_bundled_model_gives_the_answers_of_predict_on_rendered_photos(tmp_path, measure):
    photos = tmp_path / "photos"
    chosen = [sorted((bundled_photos() / "test" / kind).iterdir())[0] for kind in KINDS]
    for path in chosen:
        (photos / path.parent.name).mkdir(parents=True)
        shutil.copy(path, photos / path.parent.name)
    (photos / "nothing").mkdir()
    shutil.copy(sorted(bundled_negatives().glob("*.jpg"))[0], photos / "nothing")
    evaluation = measure(["keykind"], photos)
    recognise = Recogniser.load().recognise
    for row in rows(evaluation):
        prediction = recognise(photos / row["photo"])
        answer = (prediction.keys[0].kind or "not sure") if prediction.keys else "not a key"
        assert row["answer"] == (answer if prediction.candidates or prediction.keys else NOTHING_FOUND)
    assert evaluation.metrics["counts"]["scored"] == len(KINDS)
    assert evaluation.metrics["models"][0]["other_kinds"]["nothing"]["photos"] == 1


def test_whole_skips_detection(labelled, tmp_path, measure, monkeypatch):
    monkeypatch.setattr(recogniser, "load_detector", Everywhere)
    of_keys = tiny_file(tmp_path / "keys.tflite", crop="key", ood_threshold=None)
    assert measure([of_keys], labelled).metrics["models"][0]["crop"] == "key"
    assert measure([of_keys], labelled, "whole", whole=True).metrics["models"][0]["crop"] == "whole"


def test_photos_that_a_run_was_trained_on_are_left_out_also_if_they_were_moved(
    labelled, tiny, tmp_path, measure
):
    paths = sorted(labelled.rglob("*.png"))
    known = dict.fromkeys(paths[::2], "train") | dict.fromkeys(paths[1::2], "test")
    run = run_folder(tmp_path / "run", tiny, known)
    evaluation = measure([run], labelled)
    assert evaluation.metrics["counts"]["not_new"] == 8
    assert {row["photo"] for row in rows(evaluation)} == {f"{p.parent.name}/{p.name}" for p in paths[1::2]}
    assert any("run was trained on 8 of them" in sentence for sentence in evaluation.metrics["warnings"])
    moved = shutil.copytree(labelled, tmp_path / "moved")
    assert measure([run / "keys.tflite"], moved, "second").metrics["counts"] == evaluation.metrics["counts"]


def test_other_photos_of_the_keys_trained_on_are_left_out(labelled, tiny, tmp_path, measure):
    run = run_folder(tmp_path / "run", tiny, {labelled / "dimple" / "0.png": "train"})
    metrics = measure([run], labelled, group_pattern=r"dimple/([0-2])").metrics
    assert metrics["counts"]["not_new"] == 1
    pattern = r"(dimple)/[0-2]"
    metrics = measure([run], labelled, "second", group_pattern=pattern).metrics
    assert metrics["counts"]["not_new"] == 3
    assert any("the same objects as in 2 more" in sentence for sentence in metrics["warnings"])


def test_all_measures_them_with_a_warning_on_top_of_the_page(labelled, tiny, tmp_path, measure):
    run = run_folder(tmp_path / "run", tiny, dict.fromkeys(labelled.rglob("*.png"), "train"))
    with pytest.raises(BadDataset, match=r"no photo that is new: run was trained on all 16.* --all"):
        measure([run], labelled)
    evaluation = measure([run], labelled, everything=True)
    warning = "Scores too high: of the 16 measured photos, run was trained on 16 of them"
    assert evaluation.metrics["warnings"][0].startswith(warning)
    assert f'<main><p class="warning">{warning}' in evaluation.report.read_text("utf-8")
    assert evaluation.metrics["models"][0]["trained_on"] == 16


def test_a_split_is_measured_on_its_test_photos_and_all_of_it_with_all(drawn_photos, tiny, measure):
    metrics = measure([tiny], drawn_photos).metrics
    assert (metrics["split"], metrics["counts"]["scored"], metrics["counts"]["training_split"]) == (
        "test",
        8,
        16,
    )
    assert any("not on the 16 of the training split" in sentence for sentence in metrics["warnings"])
    assert measure([tiny], drawn_photos, "all", everything=True).metrics["counts"]["scored"] == 24
    shutil.rmtree(drawn_photos / "train")
    assert measure([tiny], drawn_photos, "only").metrics["counts"]["scored"] == 8


def test_photos_of_a_single_kind_are_enough(labelled, tiny, measure):
    metrics = measure([tiny], labelled, kinds=["mortice"]).metrics
    assert metrics["kinds"] == ["mortice"]
    assert metrics["counts"]["scored"] == 4


def test_the_file_of_an_unknown_training_is_mentioned(labelled, tiny, measure):
    (sentence,) = [
        each for each in measure([tiny], labelled).metrics["warnings"] if "It is not known" in each
    ]
    assert "tiny.tflite" in sentence


def test_an_unreadable_photo_is_listed_and_the_others_are_measured(labelled, tiny, tmp_path, capsys):
    photos = shutil.copytree(labelled, tmp_path / "photos")
    (photos / "dimple" / "torn.jpg").write_bytes(b"")
    out = tmp_path / "out"
    assert main.main(["evaluate", str(tiny), str(photos), "--out", str(out)]) == 1
    assert "dimple/torn.jpg: " in capsys.readouterr().err
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert [entry["photo"] for entry in metrics["unreadable"]] == ["dimple/torn.jpg"]
    assert metrics["counts"]["scored"] == 16
    assert "dimple/torn.jpg" in (out / "report.html").read_text("utf-8")


def test_a_photo_that_vanishes_while_the_models_answer_is_listed(
    labelled, tiny, tmp_path, measure, monkeypatch
):
    photos = shutil.copytree(labelled, tmp_path / "photos")

    read = choice.Recogniser.recognise_many

    def vanish(self, sources, engine):
        (photos / "dimple" / "0.png").unlink(missing_ok=True)
        return read(self, sources, engine)

    monkeypatch.setattr(choice.Recogniser, "recognise_many", vanish)
    evaluation = measure([tiny, tiny], photos)
    assert [error.name for error in evaluation.read_errors] == ["dimple/0.png"]
    assert evaluation.metrics["counts"]["scored"] == 15


def test_decisions_in_labels_csv_count(labelled, tiny, tmp_path, measure):
    photos = shutil.copytree(labelled, tmp_path / "photos")
    heading = "path,kind,key,split,ends,excluded,who,when"
    decisions = ["dimple/0.png,,,,,blurred,Ann,", "dimple/1.png,mortice,,,,,Ann,"]
    (photos / "labels.csv").write_text("\n".join([heading, *decisions, ""]), "utf-8")
    evaluation = measure([tiny], photos)
    assert (evaluation.metrics["counts"]["scored"], evaluation.metrics["counts"]["excluded"]) == (15, 1)
    assert {row["photo"]: row["true"] for row in rows(evaluation)}["dimple/1.png"] == "mortice"
    assert any("1 relabelled" in note and "1 excluded" in note for note in evaluation.metrics["warnings"])


def test_photos_with_several_labels_are_left_out_and_counted(labelled, tiny, tmp_path, measure):
    photos = shutil.copytree(labelled, tmp_path / "photos")
    shutil.copy(photos / "dimple" / "0.png", photos / "mortice" / "copy.png")
    metrics = measure([tiny], photos).metrics
    assert metrics["counts"]["several_labels"] == 2
    assert metrics["counts"]["scored"] == 15
    assert any("labelled with several kinds: 1" in sentence for sentence in metrics["warnings"])


def test_what_cannot_be_measured_is_an_error(labelled, tiny, tmp_path, measure):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty" / "dimple").mkdir(parents=True)
    for models, photos, error, message in (
        ([tmp_path / "missing.tflite"], labelled, BadModel, "missing.tflite"),
        ([tmp_path / "folder"], labelled, BadRun, "folder without keys.tflite"),
        ([tiny], tmp_path / "empty", BadDataset, "0 photos"),
        ([tiny], tmp_path / "nothing", BadDataset, "does not exist"),
        ([tiny] * 3, labelled, BadModel, "3 are given"),
    ):
        with pytest.raises(error, match=message):
            measure(models, photos)
        assert not (tmp_path / "out").exists()


def test_only_an_evaluation_is_replaced_and_only_if_forced(labelled, tiny, tmp_path, measure):
    evaluation = measure([tiny], labelled)
    with pytest.raises(CannotWrite, match=r"already holds report\.html, metrics\.json, predictions\.csv"):
        measure([tiny], labelled)
    with pytest.raises(BadModel, match="missing"):  # not of the output folder
        measure([tmp_path / "missing.tflite"], labelled)
    assert measure([tiny], labelled, force=True).metrics == evaluation.metrics
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "metrics.json").write_text('{"folds": []}', "utf-8")
    with pytest.raises(CannotWrite, match="not of an evaluation"):
        measure([tiny], labelled, "own", force=True)
    run = run_folder(tmp_path / "run", tiny, {})
    with pytest.raises(CannotWrite, match="folder of a run"):
        measure([run], labelled, "run", force=True)
    assert {path.name for path in run.iterdir()} == {"keys.tflite", "recipe.json", "photos.csv"}


def test_nothing_is_written_into_the_photos(labelled, tiny, measure, tmp_path, monkeypatch):
    with pytest.raises(CannotWrite, match="inside the photos"):
        measure([tiny], labelled, labelled / "dimple" / "out")
    monkeypatch.chdir(labelled)
    assert default_out(".").resolve() == labelled.parent / "photos-evaluation"
    monkeypatch.chdir(tmp_path)
    assert default_out(labelled) == Path("photos-evaluation")


def test_the_page_is_one_file_whose_links_lead_to_the_files_beside_it(labelled, tiny, measure):
    evaluation = measure([tiny, tiny], labelled)
    text = evaluation.report.read_text("utf-8")
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)\s*(?:https?:|//|\.|/)""", text)
    assert set(re.findall(r'href="([^"#]+)"', text)) == {"metrics.json", "predictions.csv"}
    assert {path.name for path in evaluation.path.iterdir()} == {
        "report.html",
        "metrics.json",
        "predictions.csv",
    }


def test_names_of_photos_and_kinds_are_escaped(tiny, tmp_path, measure):
    kinds = ("<script>alert(1)</script>", "b")
    model = tiny_file(tmp_path / "odd.tflite", kinds=kinds)
    table = ["path,label"]
    rng = np.random.default_rng(0)
    for i in range(4):
        name = f"<img src=x>{i}.png"
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / name)
        table.append(f"{name},{kinds[i % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(table), "utf-8")
    text = measure([model], tmp_path / "labels.csv").report.read_text("utf-8")
    assert "<script>alert" not in text
    assert "<img src=x>" not in text


def test_neither_keras_nor_tensorflow_is_loaded(labelled, tiny, tmp_path):
    code = f"""
import sys, numpy as np
from keykind.evaluate.model_files.evaluation import evaluate
evaluate([{str(tiny)!r}], {str(labelled)!r}, rng=np.random.default_rng(0), out={str(tmp_path / "out")!r})
print(*(set(sys.modules) & {{"keras", "tensorflow", "cv2", "torch"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_word_keykind_is_the_bundled_model():
    (chosen,) = choice.choose_models(["keykind"])
    assert chosen.is_bundled
    assert chosen.name == "keykind (bundled)"
    assert chosen.recogniser.detector is not None

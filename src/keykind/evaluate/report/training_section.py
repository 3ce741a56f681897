"""How the model was trained -> the sections about it: curves, the model layer by layer, hyperparameters.

In:    ReportData
Out:   Section(s)
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections.abc import Iterable, Mapping, Sequence

from keykind.core.html import Content, Html, chart, table, tag
from keykind.evaluate import charts
from keykind.evaluate.report.data import FOLDED, FigureWriter, ReportData, Section, folded
from keykind.evaluate.report.layers import layer_table
from keykind.evaluate.report.recipe_words import recipe_tables


def training_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the curves of each step of training."""
    folds, best = len(data.folds), data.folds[data.best_fold]
    tuned = bool(data.full_fine_tuning or data.fine_tuning)
    over = f"Mean over {folds} folds; the bands range from the lowest to the highest. " if folds > 1 else ""
    content: list[Content | Iterable[Content]] = [
        tag("h3", "Head"),
        _curves(figures, "loss-and-accuracy", [fold.history for fold in data.folds]),
        tag(
            "p",
            f"{over}Fold {data.best_fold + 1} had the best validation accuracy ({best.val_accuracy:.2f}) and "
            f"was {'fine-tuned and ' if tuned else ''}tested.",
        ),
    ]
    if data.full_fine_tuning:
        content += _full_fine_tuning(data, figures)
    if data.fine_tuning:
        layers = data.recipe.fine_tune_layers
        content += [
            tag("h3", "Partial fine-tuning"),
            _curves(figures, "fine-tuning", [data.fine_tuning]),
            tag("p", f"That fold's model, with the last {layers} layers of the network trainable."),
        ]
    line = f"loss and accuracy by epoch; best validation accuracy {best.val_accuracy:.2f}"
    return Section("training", "Training curves", line, content)


def _curves(figures: FigureWriter, name: str, histories: Sequence[Mapping[str, Sequence[float]]]) -> Html:
    figures.save(name, charts.training_curves(histories))
    drawings = (charts.training_curves(histories, (metric,)) for metric in charts.METRICS)
    return tag("div", [chart(charts.svg(drawing), "") for drawing in drawings], class_="charts")


def _full_fine_tuning(data: ReportData, figures: FigureWriter) -> Iterable[Content | Iterable[Content]]:
    renders = f" and {data.renders:,} rendered photos" if data.renders else ""
    epochs = data.full_fine_tuning
    yield tag("h3", "Full fine-tuning")
    yield _curves(
        figures,
        "full-fine-tuning",
        [{metric: [epoch[metric] for epoch in epochs] for metric in charts.METRICS}],
    )
    yield tag(
        "p",
        f"All layers, on that fold's photos{renders}, with strong augmentation drawn anew in each epoch, "
        "so the accuracy is lower than on plain photos.",
    )
    rows = [(i, f"{epoch['loss']:.3f}", f"{epoch['accuracy']:.1%}") for i, epoch in enumerate(epochs, 1)]
    yield folded("Epochs as numbers", table(("epoch", "loss", "accuracy"), rows))


def hyperparameter_section(data: ReportData) -> Section:
    """Return the recipe in words."""
    link = tag("a", "recipe.json", href="recipe.json")
    content = [
        recipe_tables(data.recipe, data.subject),
        tag("p", "All values as the program reads them: ", link, "."),
    ]
    return Section("hyperparameters", "Hyperparameters", f"recipe {data.recipe.name}, in words", content)


def model_section(data: ReportData) -> Section:
    """Return the summary of the model, layer by layer, folded."""
    total = sum(layer.parameters for layer in data.layers)
    line = f"{len(data.layers)} layers, {total:,} parameters"
    trained = tag("p", f"Parameters: {data.details['parameters']}.") if "parameters" in data.details else None
    return Section(
        "model", "Model, layer by layer", line, [trained, layer_table(data.layers)], FOLDED, printed=False
    )

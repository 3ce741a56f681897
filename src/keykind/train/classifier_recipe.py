"""Every choice of training the bundled classifier: one table of a recipe.

In:    nothing
Out:   ClassifierRecipe, and the range of each of its values
Needs: nothing beyond Python
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """How the bundled classifier is trained: what is not frozen first, then the whole network."""

    views: int = 60_000  # training views with the pretrained part frozen
    fine_tune_views: int = 150_000  # training views of the whole network after that
    batch: int = 32  # views per step
    learning_rate: float = 1e-3  # peak of AdamW's while a part is frozen; it decays along a cosine
    fine_tune_rate: float = 1.5e-4  # the same for the whole network
    final_rate: float = 0.02  # learning rate at the end, relative to the peak
    warm_up: int = 200  # steps in which the learning rate rises
    weight_decay: float = 0.02  # AdamW's
    clip_norm: float = 5.0  # largest norm of a variable's gradient
    averaging: float = 0.99  # share of the weights' moving average that is kept in 5 steps
    label_smoothing: float = 0.1  # share of each label spread over all kinds
    paste_share: float = 0.4  # share of views of keys that are cut out and pasted onto photos without keys
    hand_share: float = 0.3  # share of these with a hand that may hold keys, if any hands are given
    loose_share: float = 0.3  # share of views with loose framing, as of whole photos
    negative_share: float = 0.1  # share of views without a key


CLASSIFIER_RANGES = {  # smallest and largest sensible value, by its key in a recipe
    "classifier.views": (1, 1_000_000_000),
    "classifier.fine_tune_views": (1, 1_000_000_000),
    "classifier.batch": (1, 65_536),
    "classifier.learning_rate": (1e-8, 1),
    "classifier.fine_tune_rate": (1e-8, 1),
    "classifier.final_rate": (0, 1),
    "classifier.warm_up": (0, 1_000_000),
    "classifier.weight_decay": (0, 1),
    "classifier.clip_norm": (1e-3, 1e6),
    "classifier.averaging": (0, 1),
    "classifier.label_smoothing": (0, 0.9),
    "classifier.paste_share": (0, 1),
    "classifier.hand_share": (0, 1),
    "classifier.loose_share": (0, 1),
    "classifier.negative_share": (0, 1),
}

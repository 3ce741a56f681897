"""Every choice of training the key detector and its second stage: two tables of a recipe.

In:    nothing
Out:   DetectorRecipe, RefinerRecipe, and the range of each of their values
Needs: nothing beyond Python
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """How the key detector is trained. The defaults suit ten thousand rendered photos on two cores."""

    neck_channels: int = 16  # width of the neck: it has 4, 8 and 12 times as many channels at its strides
    head_channels: int = 64  # of each branch of a head
    views: int = 600_000  # training views of neck and heads, on frozen features
    fine_tune_views: int = 60_000  # training views of the whole network after that
    batch: int = 32  # views per step
    fine_tune_batch: int = 16  # the same for the whole network
    background_share: float = 0.45  # share of views that begin with a photo without keys
    plain_share: float = 0.25  # share of these that begin with a plain ground instead, such as paper
    marked_share: float = 0.1  # share of the other views that begin with a marked photo, if any are given
    paste_share: float = 0.5  # share of these with keys pasted in from other scenes
    clutter_share: float = 0.25  # share of all views with small things, if any are given
    hand_share: float = 0.35  # share of views of backgrounds with a hand that may hold keys
    learning_rate: float = 2e-3  # peak of AdamW's for neck and heads; it decays along a cosine
    fine_tune_rate: float = 3e-4  # the same for the whole network
    final_rate: float = 0.02  # learning rate at the end, relative to the peak
    warm_up: int = 200  # steps in which the learning rate rises
    weight_decay: float = 0.02  # AdamW's
    clip_norm: float = 10.0  # largest norm of a variable's gradient
    averaging: float = 0.9985  # share of the weights' moving average that is kept in 5 steps
    keypoint_weight: float = 2.5  # weight of the loss of heads and tips; that of scores is 1
    width_weight: float = 0.3  # weight of the loss of widths
    attribute_weight: float = 0.15  # weight of the loss of occlusion, truncation and blade


@dataclass(frozen=True, slots=True)
class RefinerRecipe:
    """How the second stage of the key detector is trained, on its candidates in views like its own."""

    channels: int = 64  # of the feature maps of its heads; twice as many at the lowest resolution
    hidden: int = 128  # units of the hidden dense layer
    crops: int = 1_000_000  # training crops of the heads, on frozen features
    fine_tune_crops: int = 400_000  # training crops of the whole network after that
    batch: int = 128  # crops per step
    learning_rate: float = 2e-3  # peak of AdamW's for the heads; it decays along a cosine
    fine_tune_rate: float = 3e-4  # the same for the whole network
    final_rate: float = 0.02  # learning rate at the end, relative to the peak
    warm_up: int = 100  # steps in which the learning rate rises
    weight_decay: float = 0.02  # AdamW's
    clip_norm: float = 5.0  # largest norm of a variable's gradient
    averaging: float = 0.99  # share of the weights' moving average that is kept in 5 steps
    remote_weight: float = 0.5  # weight of the loss of remotes; that of keys is 1
    end_weight: float = 5.0  # weight of the loss of heads and tips
    attribute_weight: float = 0.2  # weight of the loss of occlusion, truncation and blade
    mask_weight: float = 1.0  # weight of the masks' cross-entropy
    overlap_weight: float = 0.5  # weight of the masks' Dice loss


@dataclass(frozen=True, slots=True)
class SegmenterRecipe:
    """How the network of the cut-outs' masks is trained, on keys in views like the detector's."""

    crops: int = 200_000  # training crops of the decoder, on frozen features
    fine_tune_crops: int = 200_000  # training crops of the whole network after that
    batch: int = 32  # crops per step
    learning_rate: float = 2e-3  # peak of AdamW's for the decoder; it decays along a cosine
    fine_tune_rate: float = 5e-4  # the same for the whole network
    final_rate: float = 0.02  # learning rate at the end, relative to the peak
    warm_up: int = 100  # steps in which the learning rate rises
    weight_decay: float = 0.02  # AdamW's
    clip_norm: float = 5.0  # largest norm of a variable's gradient
    averaging: float = 0.98  # share of the weights' moving average that is kept in 5 steps
    overlap_weight: float = 0.5  # weight of the Dice loss; that of the cross-entropy is 1


DETECTION_RANGES = {  # smallest and largest sensible value, by its key in a recipe
    "detector.neck_channels": (2, 256),
    "detector.head_channels": (2, 1024),
    "detector.views": (0, 1_000_000_000),
    "detector.fine_tune_views": (0, 1_000_000_000),
    "detector.batch": (1, 65_536),
    "detector.fine_tune_batch": (1, 65_536),
    "detector.background_share": (0, 1),
    "detector.plain_share": (0, 1),
    "detector.marked_share": (0, 1),
    "detector.paste_share": (0, 1),
    "detector.clutter_share": (0, 1),
    "detector.hand_share": (0, 1),
    "detector.learning_rate": (1e-8, 1),
    "detector.fine_tune_rate": (1e-8, 1),
    "detector.final_rate": (0, 1),
    "detector.warm_up": (0, 1_000_000),
    "detector.weight_decay": (0, 1),
    "detector.clip_norm": (1e-3, 1e6),
    "detector.averaging": (0, 1),
    "detector.keypoint_weight": (0, 1000),
    "detector.width_weight": (0, 1000),
    "detector.attribute_weight": (0, 1000),
    "refiner.channels": (2, 1024),
    "refiner.hidden": (2, 65_536),
    "refiner.crops": (1, 1_000_000_000),
    "refiner.fine_tune_crops": (1, 1_000_000_000),
    "refiner.batch": (1, 65_536),
    "refiner.learning_rate": (1e-8, 1),
    "refiner.fine_tune_rate": (1e-8, 1),
    "refiner.final_rate": (0, 1),
    "refiner.warm_up": (0, 1_000_000),
    "refiner.weight_decay": (0, 1),
    "refiner.clip_norm": (1e-3, 1e6),
    "refiner.averaging": (0, 1),
    "refiner.remote_weight": (0, 1000),
    "refiner.end_weight": (0, 1000),
    "refiner.attribute_weight": (0, 1000),
    "refiner.mask_weight": (0, 1000),
    "refiner.overlap_weight": (0, 1000),
}

"""What every stage of a run works with.

In:    Experiment, the run folder, the cache, devices, a timer
Out:   Context: features of photos by a network, kept in the run folder
Needs: keras, tensorflow                                                                   [train]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keykind.core.cache import Cache
from keykind.core.timer import Timer
from keykind.dataset.samples import Sample
from keykind.experiment.experiment import Experiment
from keykind.experiment.run_folder import RunFolder
from keykind.model.head import Floats
from keykind.train.backbone import Backbone, to_network
from keykind.train.devices import Devices
from keykind.train.features import Network, compute
from keykind.train.key_regions import Subject
from keykind.train.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Context:
    """The first argument of every stage; the second is the result of the stage before."""

    experiment: Experiment
    folder: RunFolder
    cache: Cache
    devices: Devices
    timer: Timer
    subject: Subject | None = None  # what the photos show; None: keys, because the recipe crops them

    @property
    def of_keys(self) -> bool:
        """Whether the photos show keys."""
        return self.subject is None or self.subject.is_key

    @property
    def recipe(self) -> Recipe:
        """The recipe of the experiment."""
        return self.experiment.recipe

    @property
    def training_photos(self) -> tuple[Sample, ...]:
        """The photos to train on; a fold divides them into training and validation."""
        return self.experiment.dataset.subset("train")

    @property
    def test_photos(self) -> tuple[Sample, ...]:
        """The photos to test on."""
        return self.experiment.dataset.subset("test")

    @property
    def calibration_negatives(self) -> tuple[Sample, ...]:
        """Photos of other things, to calibrate a model of classes that are no keys: half of the first set."""
        return () if self.of_keys else next(iter(self.experiment.negatives.values()), ())[::2]

    @property
    def test_negatives(self) -> dict[str, tuple[Sample, ...]]:
        """Sets of photos without a key, or of other things, to test on; none that calibration used."""
        used = {sample.sha256 for sample in self.calibration_negatives}
        return {
            name: tuple(sample for sample in samples if sample.sha256 not in used)
            for name, samples in self.experiment.negatives.items()
        }

    def network(self, backbone: Backbone) -> Network:
        """Return the backbone converted to LiteRT, from the cache if possible."""
        return to_network(backbone, self.cache)

    def features(self, name: str, samples: Sequence[Sample], network: Network, *views: str) -> Floats:
        """Return the pooled features (n, views, k) of photos, memory-mapped from work/features-<name>.npy."""
        plan, file = replace(self.experiment.plan, views=views), self.folder.work / f"features-{name}.npy"
        return compute(samples, plan, network, self.cache, file, self.experiment.engine)

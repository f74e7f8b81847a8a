"""The grounder ``box``: a trained box predictor, which needs no candidates.

The images of a split are divided among all processes. Each is encoded once for all of its
expressions in a batch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.grounders.registration import Context, NoOptions, Registration

if TYPE_CHECKING:
    from vg_mc.models.box_predictors.cached_features import CachedFeatures
    from vg_mc.models.box_predictors.protocol import BoxPredictor
    from vg_mc.prepared.dataset import Expressions, PreparedDataset
    from vg_mc.system.processes import Processes

Ids = NDArray[np.int64]

NAME = "box"


@dataclass(kw_only=True)
class BoxModelGrounder:
    """Predicts boxes with a trained model.

    Attributes:
        accelerator: The processes and the precision of the forward pass.
        model: The box predictor.
        batch_size: Number of expressions per forward pass.
        num_workers: Number of processes that decode images.
        precision: Precision of the forward pass; part of the hash of the model.
        facts: Description for reports.
        features: Read in place of images, if they were computed before.
    """

    accelerator: "Processes"
    model: "BoxPredictor"
    batch_size: int
    num_workers: int
    precision: str = "no"
    facts: Mapping[str, str] = field(default_factory=dict)
    features: "CachedFeatures | None" = None

    @property
    def name(self) -> str:
        """The name of the encoder."""
        return self.model.encoder.name

    @property
    def image_size(self) -> int:
        """Side of the square inputs in pixels."""
        return self.model.encoder.image_size

    @property
    def whole_images(self) -> int:
        """Longer side in pixels of the stored images that the model was trained on."""
        return self.model.definition.whole_images

    def model_hash(self) -> str:
        """Return a hash of the weights, the precision and the library versions."""
        from vg_mc.models.features.identity import model_hash

        return model_hash(self.model, self.precision)

    def predict(self, dataset: "PreparedDataset", expressions: "Expressions") -> tuple[Boxes, None]:
        """Return a box for each expression, shape (B, 4) in pixels, and None as confidence."""
        import torch

        from vg_mc.models.similarity import in_evaluation_mode

        boxes = np.zeros((len(expressions), 4))
        # Not inference mode: tensors that a model caches in it could not be used for training.
        with torch.no_grad(), self.accelerator.autocast(), in_evaluation_mode(self.model):
            for rows, found in self._predicted(dataset, expressions):
                boxes[rows] = found
        mine = torch.from_numpy(boxes).to(self.accelerator.device)
        everyone = self.accelerator.gather(mine[None])  # zeros where another process predicts
        return everyone.sum(dim=0).cpu().numpy(), None

    def _predicted(
        self, dataset: "PreparedDataset", expressions: "Expressions"
    ) -> Iterator[tuple[Ids, Boxes]]:
        """Yield the rows of each batch of this process, and their boxes."""
        from vg_mc.models.box_predictors.inputs import InputReader
        from vg_mc.models.features.extraction import decoded

        order = np.argsort(expressions.image_ids, kind="stable")
        batches = [
            order[start : start + self.batch_size]
            for start in range(0, len(order), self.batch_size)
        ][self.accelerator.process_index :: self.accelerator.num_processes]
        reader = InputReader(dataset, expressions, self.model, self.features)
        loaded = decoded(reader, batches, self.accelerator, self.num_workers, doing="predicting")
        for rows, (inputs, frames) in zip(batches, loaded, strict=True):
            boxes = self.model(inputs.to(self.accelerator.device)).boxes.double().cpu().numpy()
            of_images = zip(boxes[:, None], inputs.image_index.tolist(), strict=True)
            yield rows, np.concatenate([frames[image].to_source(box) for box, image in of_images])


def _build(_: NoOptions, context: Context) -> BoxModelGrounder:
    from vg_mc.models.box_predictors.building import load_box_predictor

    model = load_box_predictor(context.model).to(context.processes.device)
    return BoxModelGrounder(
        accelerator=context.processes,
        model=model,
        batch_size=context.batch_size,
        num_workers=context.num_workers,
        precision=context.precision,
        facts={
            "grounder": f"{NAME}, {model.definition.predictor}",
            "model": context.model,
            "precision": "fp32" if context.precision == "no" else context.precision,
            "fit": model.definition.fit,
        },
    )


BOX = Registration(name=NAME, options=NoOptions, build=_build, model="images", predicts_boxes=True)

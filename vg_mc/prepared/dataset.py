"""Reading a prepared dataset: columns as arrays, pictures decoded only when asked for."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.images import present_name
from vg_mc.prepared.manifest import WHOLE_IMAGES, Manifest, read_manifest, views_of
from vg_mc.prepared.schema import (
    CANDIDATES,
    CANDIDATES_FOLDER,
    IMAGE,
    IMAGES,
    IMAGES_FOLDER,
    PICTURE,
    arrow_schema,
    open_shard,
    picture_columns,
)
from vg_mc.records import ANNOTATIONS, WHOLE_IMAGE, Photo, Proposal

Ids = NDArray[np.int64]

DETECTED = "detector"
NO_DETECTIONS = frozenset({ANNOTATIONS, WHOLE_IMAGE})


@dataclass(frozen=True, slots=True)
class Expressions:
    """One split, column by column; all columns have one entry per expression.

    Attributes:
        rivals: Other annotations of the target's category in the photo, -1 where unknown.
    """

    expression_ids: Ids
    image_ids: Ids
    texts: list[str]
    categories: list[str]
    targets: Boxes
    candidate_ids: list[Ids]
    ious: list[NDArray[np.float64]]
    rivals: Ids

    def __len__(self) -> int:
        return len(self.texts)


class PreparedDataset:
    """A prepared dataset, memory-mapped: opening it reads a manifest, not pictures."""

    def __init__(
        self, folder: Path, manifest: Manifest, tables: Mapping[str, pa.Table] | None = None
    ) -> None:
        """Take the address of a dataset; of one that was never written, its name and `tables`."""
        self.folder = folder
        self.manifest = manifest
        self._tables = tables or {}

    def _table(self, name: str) -> pa.Table:
        return self._tables[name] if name in self._tables else _open_table(self.folder / name)

    @property
    def data_hash(self) -> str:
        """Name of exactly these bytes."""
        return str(self.manifest["data_hash"])

    @property
    def image_size(self) -> int:
        """Side of the square candidate pictures in pixels.

        Raises:
            BadInputError: If the dataset was prepared without candidates.
        """
        self._require_candidates()
        return int(self.manifest["settings"]["image_size"])

    @property
    def has_candidates(self) -> bool:
        """Whether it was prepared with candidates of images."""
        return bool(self.views)

    def _require_candidates(self) -> None:
        if not self.has_candidates:
            problem = "expected a dataset with candidates; this one has whole images only"
            raise BadInputError(problem, file=self.folder)

    @property
    def whole_images(self) -> LongerSide | None:
        """How images are stored as a whole, which also maps boxes to them; None if they are not."""
        side = self.manifest["settings"].get(WHOLE_IMAGES)
        return None if side is None else LongerSide(side)

    @property
    def splits(self) -> list[str]:
        """Names of the splits, in the order of the corpus."""
        return list(self.manifest["splits"])

    @property
    def views(self) -> dict[str, dict[str, Any]]:
        """Properties of each view of a candidate, by name; the first is the one to train on."""
        return views_of(self.manifest)

    @property
    def first_view(self) -> str:
        """Name of the view that models are trained on.

        Raises:
            BadInputError: If the dataset was prepared without candidates.
        """
        self._require_candidates()
        return next(iter(self.views))

    def view_named(self, name: str) -> str:
        """Return the name of a view that may be given by a former one.

        Raises:
            BadInputError: If the dataset was prepared without it.
        """
        view = present_name(name)
        if view not in self.views:
            problem = f"no view {name!r}; there are {', '.join(self.views)}"
            raise BadInputError(problem, file=self.folder)
        return view

    @cached_property
    def _candidates(self) -> pa.Table:
        if not self.has_candidates:
            return arrow_schema(CANDIDATES).empty_table()
        return self._table(CANDIDATES_FOLDER)

    @cached_property
    def _boxes(self) -> Boxes:
        column = self._candidates.column("box").combine_chunks()
        return as_boxes(column.flatten().to_numpy())

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._candidates.column("score").to_numpy()
        return scores

    @cached_property
    def _pictures(self) -> dict[str, pa.ChunkedArray]:
        """Files by column; those that were asked for."""
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Send only the address to another process, which maps the files itself."""
        return {"folder": self.folder, "manifest": self.manifest, "_tables": self._tables}

    def expressions(self, split: str) -> Expressions:
        """Read the expressions of `split`."""
        if split not in self.splits:
            known = ", ".join(self.splits)
            raise BadInputError(f"no split {split!r}; there are {known}", file=self.folder)
        table = self._table(f"expressions/{split}")
        return Expressions(
            expression_ids=table.column("expression_id").to_numpy(),
            image_ids=table.column("image_id").to_numpy(),
            texts=table.column("text").to_pylist(),
            categories=table.column("category").to_pylist(),
            targets=as_boxes(table.column("target").combine_chunks().flatten().to_numpy()),
            candidate_ids=_ragged(table.column("candidate_ids")),
            ious=_ragged(table.column("ious")),
            rivals=table.column("rivals").to_numpy(),
        )

    def photos(self) -> dict[int, Photo]:
        """Return all photos by their image id."""
        rows = self._table(IMAGES_FOLDER).select(list(IMAGES)).to_pylist()
        return {row["image_id"]: Photo(**row) for row in rows}

    @cached_property
    def _whole(self) -> tuple[dict[int, int], pa.ChunkedArray]:
        """The row of each image by its id, and the files of whole images."""
        if self.whole_images is None:
            problem = "expected a dataset that was prepared with --whole-images"
            raise BadInputError(problem, file=self.folder)
        table = self._table(IMAGES_FOLDER)
        image_ids = table.column("image_id").to_pylist()
        return {image_id: row for row, image_id in enumerate(image_ids)}, _files(table, IMAGE)

    def image_bytes(self, image_ids: Ids) -> list[bytes]:
        """Return the JPEG files of whole images.

        Raises:
            BadInputError: If the dataset was prepared without them, or has no image of an id.
        """
        rows, files = self._whole
        unknown = [image_id for image_id in image_ids.tolist() if image_id not in rows]
        if unknown:
            raise BadInputError("no such image", file=self.folder, record=f"image {unknown[0]}")
        return [files[rows[image_id]].as_py() for image_id in image_ids.tolist()]

    def image(self, photo: Photo) -> Image.Image:
        """Decode the whole image of a photo."""
        return self.images(np.array([photo.image_id]))[0]

    def images(self, image_ids: Ids) -> list[Image.Image]:
        """Decode whole images, in RGB, each of its own size; `whole_images` maps boxes to them."""
        return [
            Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")
            for jpeg in self.image_bytes(image_ids)
        ]

    def boxes(self, candidate_ids: Ids) -> Boxes:
        """Return the boxes (N, 4) of candidates in pixels of their photos."""
        return self._boxes[candidate_ids]

    def scores(self, candidate_ids: Ids) -> NDArray[np.float64]:
        """Return the detector's confidence of candidates, 1 for an annotation."""
        return self._scores[candidate_ids]

    def detections(self) -> dict[int, list[Proposal]]:
        """Return what a detector found on each photo, by image id, every box once."""
        columns = ["image_id", "box", "score", "category", "source"]
        found: dict[int, dict[Proposal, None]] = {}
        for row in self._candidates.select(columns).to_pylist():
            if row["source"] not in NO_DETECTIONS:
                left, top, right, bottom = row["box"]
                box = (left, top, right, bottom)
                detection = Proposal(box, row["score"], row["category"], DETECTED)
                found.setdefault(row["image_id"], {})[detection] = None
        return {image_id: list(detections) for image_id, detections in found.items()}

    def detected_categories(self) -> set[str]:
        """Return the category names of all candidates that are no annotations."""
        columns = self._candidates.select(["category", "source"])
        pairs = columns.group_by(["category", "source"]).aggregate([]).to_pylist()
        return {pair["category"] for pair in pairs if pair["source"] not in NO_DETECTIONS}

    def candidate_categories(self, candidate_ids: Ids) -> list[str]:
        """Return the category names of candidates."""
        names: list[str] = (
            self._candidates.column("category").take(pa.array(candidate_ids)).to_pylist()
        )
        return names

    def are_annotations(self) -> NDArray[np.bool_]:
        """Say of every candidate id whether it is an annotation (all,); others were detected."""
        sources = self._candidates.column("source").to_numpy()
        return np.asarray(sources == ANNOTATIONS, dtype=np.bool_)

    def _picture_column(self, view: str) -> str:
        """Return the column of the candidates table that holds a view."""
        columns = dict(zip(self.views, picture_columns(self.views), strict=True))
        return columns[self.view_named(view)]

    def picture_bytes(self, candidate_ids: Ids, view: str | None = None) -> list[bytes]:
        """Return the JPEG files of candidates in a view, by default the first."""
        column = PICTURE if view is None else self._picture_column(view)
        if column not in self._pictures:
            self._pictures[column] = _files(self._candidates, column)
        pictures = self._pictures[column]
        return [pictures[int(candidate)].as_py() for candidate in candidate_ids]

    def pictures(self, candidate_ids: Ids, view: str | None = None) -> NDArray[np.uint8]:
        """Decode the pictures of candidates in a view, shape (N, H, W, 3)."""
        size = self.image_size
        decoded = np.empty((len(candidate_ids), size, size, 3), dtype=np.uint8)
        for row, encoded in enumerate(self.picture_bytes(candidate_ids, view)):
            decoded[row] = np.asarray(Image.open(io.BytesIO(encoded), formats=["JPEG"]))
        return decoded


def open_prepared(folder: Path) -> PreparedDataset:
    """Open a dataset that prepare_data.py wrote.

    Raises:
        BadInputError: If it is not there, not complete, or a file has another size than listed.
    """
    return PreparedDataset(folder, read_manifest(folder))


def _open_table(folder: Path) -> pa.Table:
    return pa.concat_tables([open_shard(path) for path in sorted(folder.glob("data-*.arrow"))])


def _files(table: pa.Table, column: str) -> pa.ChunkedArray:
    """Return the files in a column of images."""
    files = [chunk.field("bytes") for chunk in table.column(column).chunks]
    return pa.chunked_array(files, type=pa.binary())


def _ragged(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """Return a list column as one array per row, without a copy."""
    lists = column.combine_chunks()
    values, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    return [values[start:end] for start, end in pairwise(offsets)]

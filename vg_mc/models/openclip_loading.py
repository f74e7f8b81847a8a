"""Load models of open_clip: with published weights, from a folder, or from a checkpoint.

A checkpoint (``epoch_1.pt`` of open_clip's training, a state dict, or an archive of openai/CLIP)
does not contain its architecture, activation and channel statistics. They are part of its name:
``ARCHITECTURE/FILE``, or ``ARCHITECTURE/TAG/FILE`` if its training started from published weights.
"""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import open_clip
from open_clip.convert import convert_state_dict
from open_clip.model import convert_to_custom_text_state_dict
from open_clip.pretrained import get_pretrained_cfg
from open_clip.transform import PreprocessCfg
from torch import Tensor

from vg_mc.errors import BadInputError
from vg_mc.models.folders import OPEN_CLIP_CONFIG, check_vocabulary, explained
from vg_mc.models.openclip import WEIGHTS_FILE, OpenClipEncoder
from vg_mc.models.weights import read_weights

PREFIX = "open_clip:"
OTHER_WEIGHTS = ("open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
# Numbers that openai/CLIP stores among the weights, and masks that open_clip builds itself.
NO_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "attn_mask", "position_ids")
COLOURS = ("mean", "std")


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A model of open_clip as named by the user.

    Attributes:
        architecture: A name in ``open_clip.list_models``.
        tag: Published weights; empty for none.
        checkpoint: A file of weights; None for those of the tag, or a random start.
    """

    architecture: str
    tag: str = ""
    checkpoint: Path | None = None


def parse_builtin(name: str) -> BuiltIn:
    """Split ``ARCHITECTURE``, ``ARCHITECTURE/TAG``, ``ARCHITECTURE/FILE``, or with both.

    Published tags take precedence over files.

    Raises:
        BadInputError: If what follows the architecture is neither a tag nor a file.
    """
    architecture, _, rest = name.partition("/")
    first, _, file = rest.partition("/")
    if not rest or get_pretrained_cfg(architecture, rest):
        return BuiltIn(architecture, rest)
    if file and get_pretrained_cfg(architecture, first):
        return BuiltIn(architecture, first, _existing(Path(file), name))
    if Path(rest).is_file() or file or Path(rest).suffix:
        return BuiltIn(architecture, "", _existing(Path(rest), name))
    tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)) or "none"
    problem = f"open_clip has no such weights, and there is no such file; available: {tags}"
    raise BadInputError(problem, file=PREFIX + name)


def open_builtin(
    name: str,  # as for `parse_builtin`, or hf-hub:OWNER/MODEL
) -> OpenClipEncoder:
    """Load a model by its name in open_clip; without weights it is initialised at random."""
    hub = name.startswith("hf-hub:")
    if not hub:
        _check_architecture(name.partition("/")[0])
    chosen = BuiltIn(name) if hub else parse_builtin(name)
    if chosen.checkpoint is not None:
        return _open_checkpoint(name, chosen, chosen.checkpoint)
    with explained("a model that open_clip can load", PREFIX + name):
        model_config = _config(chosen)
        model = open_clip.create_model(
            chosen.architecture,
            pretrained=chosen.tag or None,
            force_quick_gelu=model_config.get("quick_gelu", False),
            require_pretrained=bool(chosen.tag) or hub,
        )
        tokenizer = open_clip.get_tokenizer(chosen.architecture)
    return OpenClipEncoder(model, tokenizer, model_config, PREFIX + name)


def open_folder(folder: Path) -> OpenClipEncoder:
    """Load a folder written by `OpenClipEncoder.save`, or any other in the layout of open_clip."""
    names = (WEIGHTS_FILE, *OTHER_WEIGHTS)
    weights = next((folder / name for name in names if (folder / name).is_file()), None)
    if weights is None:
        # open_clip only warns, and continues with random weights.
        problem = f"expected {WEIGHTS_FILE} beside {OPEN_CLIP_CONFIG}"
        raise BadInputError(problem, file=folder)
    with explained("a model of open_clip", folder):
        settings = json.loads((folder / OPEN_CLIP_CONFIG).read_text(encoding="utf-8"))
        if settings["model_cfg"]["text_cfg"].get("hf_tokenizer_name"):
            check_vocabulary(folder)
        source = f"local-dir:{folder}"
        model = open_clip.create_model(source, load_weights=False, pretrained_text=False)
        tokenizer = open_clip.get_tokenizer(source)
        _load(model, read_weights(weights).tensors, weights)
    return OpenClipEncoder(model, tokenizer, settings["model_cfg"], str(folder))


def _open_checkpoint(name: str, chosen: BuiltIn, file: Path) -> OpenClipEncoder:
    stored = read_weights(file)
    model_config, colours = _config(chosen), _colours(chosen, file)
    if stored.quick_gelu:
        model_config["quick_gelu"] = True
    with explained("a model that open_clip can build", PREFIX + name):
        model = open_clip.create_model(
            chosen.architecture,
            load_weights=False,
            pretrained_text=False,
            force_quick_gelu=model_config.get("quick_gelu", False),
            force_preprocess_cfg=colours,
        )
        tokenizer = open_clip.get_tokenizer(chosen.architecture)
    _load(model, stored.tensors, file)
    return OpenClipEncoder(model, tokenizer, model_config, PREFIX + name)


def _load(model: Any, tensors: dict[str, Tensor], file: Path) -> None:  # noqa: ANN401
    """Load weights into a model of open_clip, which must have the same names and shapes."""
    tensors = {
        name: value for name, value in tensors.items() if name.split(".")[-1] not in NO_WEIGHTS
    }
    tensors = convert_state_dict(model, tensors)
    if not hasattr(model, "positional_embedding"):  # a text tower as a module of its own
        tensors = convert_to_custom_text_state_dict(tensors)
    expected: dict[str, Tensor] = model.state_dict()
    for name in ("logit_scale", "logit_bias"):  # a number, or a vector of one
        if name in tensors and name in expected:
            tensors[name] = tensors[name].reshape(expected[name].shape)
    _check_weights(tensors, expected, file)
    model.load_state_dict(tensors)


def _check_weights(tensors: dict[str, Tensor], expected: dict[str, Tensor], file: Path) -> None:
    """Check names and shapes of weights.

    Raises:
        BadInputError: If the file belongs to another architecture.
    """
    missing, further = expected.keys() - tensors.keys(), tensors.keys() - expected.keys()
    problems = [
        f"{name} has the shape {tuple(tensors[name].shape)} in place of {tuple(value.shape)}"
        for name, value in expected.items()
        if name in tensors and tensors[name].shape != value.shape
    ][:3]
    if missing:
        problems.append(f"it lacks {len(missing)} weights, the first is {min(missing)}")
    if further:
        problems.append(f"it has {len(further)} other weights, the first is {min(further)}")
    if problems:
        expectation = "expected weights of the named architecture or config; name another one"
        raise BadInputError(f"{expectation}: {'; '.join(problems)}", file=file)


def _config(chosen: BuiltIn) -> dict[str, Any]:
    """Return the configuration of the model, with the activation of published weights."""
    model_config: dict[str, Any] = open_clip.get_model_config(chosen.architecture)
    if chosen.tag and get_pretrained_cfg(chosen.architecture, chosen.tag).get("quick_gelu", False):
        # Weights trained with QuickGELU silently give wrong features with GELU.
        model_config["quick_gelu"] = True
    return model_config


def _colours(chosen: BuiltIn, file: Path) -> dict[str, Any]:
    """Return the channel statistics of a checkpoint.

    Raises:
        BadInputError: If no tag is named, and published weights have others than the default.
    """
    default = {name: getattr(PreprocessCfg(), name) for name in COLOURS}
    tags = (
        [chosen.tag] if chosen.tag else open_clip.list_pretrained_tags_by_model(chosen.architecture)
    )
    published = [get_pretrained_cfg(chosen.architecture, tag) for tag in tags]
    colours = [
        {name: tuple(one.get(name) or default[name]) for name in COLOURS} for one in published
    ]
    if chosen.tag:
        return colours[0]
    if any(one != default for one in colours):
        names = " or ".join(f"{PREFIX}{chosen.architecture}/{tag}/{file}" for tag in tags)
        problem = (
            "expected the channel statistics of its images, in which weights of this architecture "
            f"differ: name the weights from which training started, {names}; or write a folder "
            f"with {OPEN_CLIP_CONFIG} and {WEIGHTS_FILE}"
        )
        raise BadInputError(problem, file=file)
    return default


def _check_architecture(architecture: str) -> None:
    if open_clip.get_model_config(architecture) is None:
        near = get_close_matches(architecture, open_clip.list_models(), n=5, cutoff=0.3)
        problem = f"open_clip has no such model; similar names: {', '.join(near)}"
        raise BadInputError(problem, file=PREFIX + architecture)


def _existing(file: Path, name: str) -> Path:
    if not file.is_file():
        problem = f"expected ARCHITECTURE/TAG or ARCHITECTURE/FILE; there is no file {file}"
        raise BadInputError(problem, file=PREFIX + name)
    return file

"""What the folder of a sentence encoder says about the way from tokens to one vector.

The layout is that of sentence-transformers (https://arxiv.org/abs/1908.10084): `modules.json` lists
a transformer, how its tokens are pooled, and perhaps that the vector is brought to length one. A
folder without that list is a transformer alone, whose tokens are averaged as most are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vg_mc.faults import BadInputError
from vg_mc.fields import as_list, as_mapping, as_positive_integer, as_text, read_json

Pooling = Literal["mean", "cls", "max", "lasttoken"]

MODULES = "modules.json"
# A mean divided by another number has the same direction, and that is all we compare.
_FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
_NO_CHANGE = "Normalize"  # every vector of ours has length one


@dataclass(frozen=True, slots=True)
class SentenceLayout:
    """How a text becomes one vector.

    Attributes:
        folder: Of the transformer and its tokenizer.
        pooling: What becomes of the vectors of a text's tokens.
        longest: Tokens that are read of a text, None where only the model limits them.
        lowercase: Whether texts are read in lower case.
        prompt: What is put before each text.
    """

    folder: Path
    pooling: Pooling = "mean"
    longest: int | None = None
    lowercase: bool = False
    prompt: str = ""


def read_layout(folder: Path) -> SentenceLayout:
    """Read the layout of a sentence encoder.

    Raises:
        BadInputError: If a file is no such JSON, or asks for a step that we do not know: leaving it
            out would give other vectors than the model's.
    """
    if not (folder / MODULES).is_file():
        return SentenceLayout(folder)
    try:
        return _layout(folder)
    except BadInputError as fault:  # a field that is missing does not know its file
        raise BadInputError(fault.problem, file=fault.file or folder) from fault


def _layout(folder: Path) -> SentenceLayout:
    home, pooling_folder = _modules(folder)
    pooling, prompt_counts = _pooling(pooling_folder / "config.json")
    longest, lowercase = _reading(home)
    prompt = _default_prompt(folder / "config_sentence_transformers.json")
    if prompt and not prompt_counts:
        problem = "expected the tokens of the prompt to be pooled too, not left out"
        raise BadInputError(problem, file=pooling_folder / "config.json")
    return SentenceLayout(home, pooling, longest, lowercase, prompt)


def _modules(folder: Path) -> tuple[Path, Path]:
    """Return the folders of the transformer and of the pooling."""
    file = folder / MODULES
    modules = as_list({MODULES: read_json(file)}, MODULES)
    kinds = [as_text(module, "type").rpartition(".")[-1] for module in modules]
    if [kind for kind in kinds if kind != _NO_CHANGE] != ["Transformer", "Pooling"]:
        problem = "expected the modules Transformer, Pooling and perhaps Normalize, not"
        raise BadInputError(f"{problem} {', '.join(kinds)}", file=file)
    places = {kind: as_mapping(one).get("path") for kind, one in zip(kinds, modules, strict=True)}
    return folder / str(places["Transformer"] or ""), folder / str(places["Pooling"])


def _pooling(file: Path) -> tuple[Pooling, bool]:
    """Return how tokens are pooled, and whether those of a prompt are."""
    settings = as_mapping(read_json(file))
    named = settings.get("pooling_mode")  # newer releases write the name, older ones a flag each
    modes = [named] if named else [mode for flag, mode in _FLAGS.items() if settings.get(flag)]
    known = get_args(Pooling)
    for mode in known:
        if modes == [mode]:
            return mode, settings.get("include_prompt", True) is not False
    asked = ", ".join(map(str, modes)) or "none"
    raise BadInputError(f"expected one pooling of {', '.join(known)}, not {asked}", file=file)


def _reading(home: Path) -> tuple[int | None, bool]:
    """Return how many tokens of a text are read, and whether in lower case."""
    for file in sorted(home.glob("sentence_*_config.json")):  # sentence_bert_config.json mostly
        settings = as_mapping(read_json(file))
        limited = settings.get("max_seq_length") is not None
        longest = as_positive_integer(settings, "max_seq_length") if limited else None
        return longest, settings.get("do_lower_case") is True
    return None, False


def _default_prompt(file: Path) -> str:
    """Return what the model's authors put before a text unless told otherwise."""
    settings = as_mapping(read_json(file)) if file.is_file() else {}
    name, prompts = settings.get("default_prompt_name"), settings.get("prompts")
    if name is None or not isinstance(prompts, Mapping):
        return ""
    return str(prompts.get(name, ""))

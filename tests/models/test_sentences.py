"""Embeddings agree with sentence-transformers, and with a formula for single texts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizer,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    MPNetConfig,
    MPNetModel,
    T5Config,
    T5EncoderModel,
    T5Model,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.models import sentences
from vg_mc.models.loading import load_text_encoder
from vg_mc.models.sentences import open_sentence_encoder
from vg_mc.models.tiny import tiny_vit

TEXTS = ["guy", "the red cup on the left side", "Red cup"]
# MPNet and RoBERTa number positions after the padding id, which is 1.
WORDS = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", *"guy the red cup on left side find".split()]
SMALL = {
    "vocab_size": len(WORDS),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 24,
    "pad_token_id": 1,
}
DISTILLED = {
    "vocab_size": len(WORDS),
    "dim": 16,
    "hidden_dim": 32,
    "n_layers": 2,
    "n_heads": 2,
    "max_position_embeddings": 24,
    "pad_token_id": 1,
}
DECODER = {"vocab_size": len(WORDS), "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24}
FAMILIES = {
    "bert": lambda: BertModel(BertConfig(**SMALL)),
    "mpnet": lambda: MPNetModel(MPNetConfig(**SMALL)),
    "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(**SMALL)),
    "distilbert": lambda: DistilBertModel(DistilBertConfig(**DISTILLED)),
    "gpt2": lambda: GPT2Model(GPT2Config(**DECODER)),
}
FLAGS = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
FORMULAS = {
    "mean": lambda states: states.mean(axis=0),
    "cls": lambda states: states[0],
    "max": lambda states: states.max(axis=0),
    "lasttoken": lambda states: states[-1],
}


def write_transformer(folder: Path, family: str = "bert", **tokenizing) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        FAMILIES[family]().save_pretrained(folder)
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    side = "left" if family == "gpt2" else "right"
    BertTokenizer(vocab=vocabulary, padding_side=side, **tokenizing).save_pretrained(folder)
    return folder


def write_layout(folder: Path, pooling: str = "mean", **reading) -> Path:
    """Write the files that older releases of sentence-transformers write beside a transformer."""
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    flags = {flag: name == pooling for name, flag in FLAGS.items()}
    settings = {"word_embedding_dimension": 16} | flags
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    (folder / "sentence_bert_config.json").write_text(json.dumps(reading))
    return folder


@torch.no_grad()
def vectors(folder: Path, texts: list[str] = TEXTS) -> np.ndarray:
    encoder = open_sentence_encoder(str(folder))
    return encoder.encode_texts(encoder.tokenize(texts)).numpy()


@torch.no_grad()
def by_formula(folder: Path, pooling: str, texts: list[str] = TEXTS) -> np.ndarray:
    """Encode single texts, without padding, with the classes of transformers."""
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in texts:
        states = model(input_ids=tokenizer(text, return_tensors="pt")["input_ids"])
        row = FORMULAS[pooling](states.last_hidden_state[0].numpy().astype(np.float64))
        rows.append(row / np.sqrt((row**2).sum()))
    return np.array(rows)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", FLAGS)
def test_embeddings_agree_with_the_formula_for_single_texts(tmp_path, family, pooling):
    folder = write_layout(write_transformer(tmp_path, family), pooling)

    assert np.allclose(vectors(folder), by_formula(folder, pooling), atol=2e-6)


def test_a_folder_without_modules_uses_mean_pooling(tmp_path):
    folder = write_transformer(tmp_path)

    assert np.allclose(vectors(folder), by_formula(folder, "mean"), atol=2e-6)


def test_long_texts_are_truncated_keeping_the_end_token(tmp_path):
    folder = write_layout(write_transformer(tmp_path), max_seq_length=6, do_lower_case=False)

    token_ids, mask = open_sentence_encoder(str(folder)).tokenize(["red cup " * 9, "guy"])

    assert [WORDS[one] for one in token_ids[0]] == ["[CLS]", "red", "cup", "red", "cup", "[SEP]"]
    assert mask.sum(dim=1).tolist() == [6, 3]


@pytest.mark.parametrize(
    ("family", "tokens"), [("bert", 24), ("mpnet", 22), ("xlm-roberta", 22), ("gpt2", 24)]
)
def test_texts_are_limited_to_the_position_embeddings(tmp_path, family, tokens):
    folder = write_layout(write_transformer(tmp_path, family), max_seq_length=512)

    assert open_sentence_encoder(str(folder)).model.max_seq_length == tokens
    assert np.isfinite(vectors(folder, ["red cup " * 99])).all()


def test_texts_are_limited_by_the_tokenizer(tmp_path):
    folder = write_transformer(tmp_path, model_max_length=8)

    assert open_sentence_encoder(str(folder)).model.max_seq_length == 8


def test_texts_are_lowercased_if_configured(tmp_path):
    folder = write_layout(
        write_transformer(tmp_path, do_lower_case=False), max_seq_length=9, do_lower_case=True
    )

    assert np.array_equal(vectors(folder, ["RED Cup"]), vectors(folder, ["red cup"]))


def test_texts_are_stripped(tmp_path):
    folder = write_transformer(tmp_path)

    assert np.array_equal(vectors(folder, ["  red cup\n"]), vectors(folder, ["red cup"]))


@pytest.mark.parametrize("pools_prompt", [True, False])
def test_the_default_prompt_is_applied_as_the_library_does(tmp_path, pools_prompt):
    folder = write_layout(write_transformer(tmp_path))
    prompts = {"prompts": {"query": "find the "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    file = folder / "1_Pooling" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"include_prompt": pools_prompt}))

    expected = SentenceTransformer(str(folder)).encode(TEXTS, normalize_embeddings=True)

    assert np.allclose(vectors(folder), expected, atol=2e-6)
    if pools_prompt:
        by_hand = by_formula(folder, "mean", ["find the red cup"])
        assert np.allclose(vectors(folder, ["red cup"]), by_hand, atol=2e-6)


def test_loading_sets_evaluation_mode_and_keeps_the_global_generator(tmp_path):
    folder, state = write_transformer(tmp_path), torch.get_rng_state()

    encoder = load_text_encoder(f"sentence:{folder}", image_size=64)

    assert not any(part.training for part in encoder.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unused_pooler_may_be_missing(tmp_path):
    folder = write_transformer(tmp_path)
    expected = vectors(folder)
    BertModel.from_pretrained(folder, add_pooling_layer=False).save_pretrained(folder)

    assert np.array_equal(vectors(folder), expected)


def write_with_a_hole(folder: Path) -> Path:
    state = BertModel.from_pretrained(folder).state_dict()
    del state["encoder.layer.1.output.dense.weight"]
    BertModel(BertConfig(**SMALL)).save_pretrained(folder, state_dict=state)
    return folder


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path):
    folder = write_with_a_hole(write_transformer(tmp_path))

    with refused("1") as caught:
        open_sentence_encoder(str(folder))

    assert "encoder.layer.1.output.dense" in caught.value.problem


def test_missing_weights_in_a_subfolder_are_found(tmp_path):
    folder = write_layout(tmp_path)
    write_with_a_hole(write_transformer(tmp_path / "0_Transformer"))
    file = folder / "modules.json"
    modules = json.loads(file.read_text())
    modules[0]["path"] = "0_Transformer"
    file.write_text(json.dumps(modules))

    with refused("1"):
        open_sentence_encoder(str(folder))


def test_a_dense_layer_after_the_pooling_is_applied(tmp_path):
    transformer = Transformer(str(write_transformer(tmp_path / "bert")))
    model = SentenceTransformer(
        modules=[transformer, Pooling(16), Dense(16, 4, bias=False)], device="cpu"
    )
    model.save(str(tmp_path / "saved"), create_model_card=False)

    expected = model.encode(TEXTS, normalize_embeddings=True)

    assert np.allclose(vectors(tmp_path / "saved"), expected, atol=2e-6)


def test_the_encoder_of_a_t5_is_used_alone(tmp_path):
    folder = write_transformer(tmp_path)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(vocab_size=len(WORDS), **sizes)).save_pretrained(folder)
    model, tokenizer = T5EncoderModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

    with torch.no_grad():
        states = model(input_ids=tokenizer("red cup", return_tensors="pt")["input_ids"])
    expected = torch.nn.functional.normalize(states.last_hidden_state.mean(dim=1)).numpy()

    assert np.allclose(vectors(folder, ["red cup"]), expected, atol=2e-6)


def test_weights_in_a_pickle_are_refused(tmp_path):
    folder = write_transformer(tmp_path)
    torch.save(BertModel.from_pretrained(folder).state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()

    with pytest.raises(BadInputError) as caught:
        open_sentence_encoder(str(folder))

    assert caught.value.file == str(folder / "pytorch_model.bin")


def test_an_adapter_without_its_base_model_is_refused(tmp_path):
    folder = write_transformer(tmp_path)
    (folder / "adapter_config.json").write_text("{}")

    with refused("adapter"):
        open_sentence_encoder(str(folder))


def clip(folder: Path) -> None:
    tiny_vit(32).save(folder)


def unknown_family(folder: Path) -> None:
    config = json.loads((write_transformer(folder) / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoModel": "modeling.StrangeModel"}}
    (folder / "config.json").write_text(json.dumps(config))


def modules_with_code(folder: Path) -> None:
    file = write_layout(write_transformer(folder)) / "modules.json"
    modules = json.loads(file.read_text())
    modules[1]["type"] = "evil.Pooling"
    file.write_text(json.dumps(modules))


def no_padding_token(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(write_transformer(folder))
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)


def damaged_list_of_modules(folder: Path) -> None:
    (write_layout(write_transformer(folder)) / "modules.json").write_text("[{}]")


def empty_folder(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


@pytest.mark.parametrize(
    "write",
    [
        clip,
        unknown_family,
        modules_with_code,
        no_padding_token,
        damaged_list_of_modules,
        empty_folder,
    ],
)
def test_other_models_and_code_are_refused(tmp_path, write):
    trace = tmp_path / "code was run"
    for name in ("evil.py", "modeling.py"):
        (tmp_path / name).write_text(f"open({str(trace)!r}, 'w').close()")
    write(tmp_path)

    with pytest.raises(BadInputError) as caught:
        open_sentence_encoder(str(tmp_path))

    assert caught.value.file == str(tmp_path)
    assert not trace.exists()


def test_a_name_that_is_neither_a_folder_nor_a_hub_id_is_refused():
    with pytest.raises(BadInputError) as caught:
        open_sentence_encoder("all-MiniLM-L6-v2")

    assert caught.value.file == "all-MiniLM-L6-v2"


def test_the_error_says_how_to_install_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(sentences, "find_spec", lambda _: None)

    with refused("sentence-transformers") as caught:
        open_sentence_encoder(str(tmp_path))

    assert caught.value.record == f"--model sentence:{tmp_path}"

"""Texts become what the model's own library and a formula on each text alone make of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
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
    T5Model,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from vg_mc.errors import BadInputError
from vg_mc.models.loading import load_text_encoder
from vg_mc.models.sentences import open_sentence_encoder, pooled
from vg_mc.models.tiny import tiny_vit

TEXTS = ["guy", "the red cup on the left side", "Red cup"]
# MPNet and RoBERTa count positions from the one behind their padding, whose id is 1.
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
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.{kind}"}
        for place, (kind, path) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    flags = {flag: name == pooling for name, flag in FLAGS.items()}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags))
    (folder / "sentence_bert_config.json").write_text(json.dumps(reading))
    return folder


@torch.no_grad()
def vectors(folder: Path, texts: list[str] = TEXTS) -> np.ndarray:
    encoder = open_sentence_encoder(str(folder))
    return encoder.encode_texts(encoder.tokenize(texts)).numpy()


@torch.no_grad()
def by_formula(folder: Path, pooling: str, texts: list[str] = TEXTS) -> np.ndarray:
    """Encode each text alone, without any padding, by the classes of transformers."""
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in texts:
        states = model(input_ids=tokenizer(text, return_tensors="pt")["input_ids"])
        row = FORMULAS[pooling](states.last_hidden_state[0].numpy().astype(np.float64))
        rows.append(row / np.sqrt((row**2).sum()))
    return np.array(rows)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", FLAGS)
def test_a_text_becomes_what_the_formula_makes_of_it_alone(tmp_path, family, pooling):
    folder = write_layout(write_transformer(tmp_path, family), pooling)

    assert np.allclose(vectors(folder), by_formula(folder, pooling), atol=2e-6)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (3, {"mean": [3, 4], "cls": [1, 9], "max": [6, 9], "lasttoken": [2, 3]}),
        (2, {"mean": [3.5, 4.5], "cls": [1, 9], "max": [6, 9], "lasttoken": [6, 0]}),
    ],
)
def test_tokens_are_pooled_as_counted_by_hand(tokens, expected):
    hidden = torch.tensor([[[1.0, 9.0], [6.0, 0.0], [2.0, 3.0]]])
    mask = torch.arange(3)[None] < tokens

    assert {name: pooled(hidden, mask, name)[0].tolist() for name in FLAGS} == expected


@pytest.mark.parametrize("pooling", FLAGS)
def test_nothing_on_padding_is_pooled(pooling):
    hidden = torch.randn((2, 5, 4), generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]).bool()
    padded = hidden.clone()
    padded[0, 3:] = float("nan")

    assert torch.equal(pooled(padded, mask, pooling), pooled(hidden, mask, pooling))
    assert torch.equal(
        pooled(hidden[:1, :3], mask[:1, :3], pooling)[0], pooled(padded, mask, pooling)[0]
    )


def test_a_transformer_without_a_layout_has_its_tokens_averaged(tmp_path):
    folder = write_transformer(tmp_path)

    assert np.allclose(vectors(folder), by_formula(folder, "mean"), atol=2e-6)


def test_a_long_text_is_cut_where_the_layout_says_and_keeps_its_end(tmp_path):
    folder = write_layout(write_transformer(tmp_path), max_seq_length=6, do_lower_case=False)

    token_ids, mask = open_sentence_encoder(str(folder)).tokenize(["red cup " * 9, "guy"])

    assert [WORDS[one] for one in token_ids[0]] == ["[CLS]", "red", "cup", "red", "cup", "[SEP]"]
    assert mask.sum(dim=1).tolist() == [6, 3]


@pytest.mark.parametrize(
    ("family", "tokens"), [("bert", 24), ("mpnet", 22), ("xlm-roberta", 22), ("gpt2", 24)]
)
def test_no_text_is_longer_than_the_positions_of_its_model(tmp_path, family, tokens):
    folder = write_layout(write_transformer(tmp_path, family), max_seq_length=512)

    assert open_sentence_encoder(str(folder)).maximal_tokens == tokens
    assert np.isfinite(vectors(folder, ["red cup " * 99])).all()


def test_the_tokenizer_limits_texts_where_the_layout_does_not(tmp_path):
    folder = write_transformer(tmp_path, model_max_length=8)

    assert open_sentence_encoder(str(folder)).maximal_tokens == 8


def test_texts_are_read_in_lower_case_where_the_layout_says_so(tmp_path):
    folder = write_layout(
        write_transformer(tmp_path, do_lower_case=False), max_seq_length=9, do_lower_case=True
    )

    assert np.array_equal(vectors(folder, ["RED Cup"]), vectors(folder, ["red cup"]))


def test_white_space_around_a_text_is_not_read(tmp_path):
    folder = write_transformer(tmp_path)

    assert np.array_equal(vectors(folder, ["  red cup\n"]), vectors(folder, ["red cup"]))


def test_the_prompt_of_the_model_stands_before_each_text(tmp_path):
    folder = write_layout(write_transformer(tmp_path))
    prompts = {"prompts": {"query": "find the "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))

    expected = by_formula(folder, "mean", ["find the red cup"])

    assert np.allclose(vectors(folder, ["red cup"]), expected, atol=2e-6)


def test_a_model_arrives_in_evaluation_mode_and_leaves_the_global_generator_alone(tmp_path):
    folder, state = write_transformer(tmp_path), torch.get_rng_state()

    encoder = load_text_encoder(f"sentence:{folder}", image_size=64)

    assert not any(part.training for part in encoder.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_pooler_that_is_not_looked_at_may_be_missing(tmp_path):
    folder = write_transformer(tmp_path)
    expected = vectors(folder)
    BertModel.from_pretrained(folder, add_pooling_layer=False).save_pretrained(folder)

    assert np.array_equal(vectors(folder), expected)


def test_a_checkpoint_with_holes_is_refused(tmp_path):
    folder = write_transformer(tmp_path)
    state = BertModel.from_pretrained(folder).state_dict()
    del state["encoder.layer.1.output.dense.weight"]
    BertModel(BertConfig(**SMALL)).save_pretrained(folder, state_dict=state)

    with pytest.raises(BadInputError, match=r"lacks 1 weights, .*encoder.layer.1.output.dense"):
        open_sentence_encoder(str(folder))


def test_weights_in_a_pickle_are_refused(tmp_path):
    folder = write_transformer(tmp_path)
    state = BertModel.from_pretrained(folder).state_dict()
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()

    with pytest.raises(BadInputError, match="safetensors weights"):
        open_sentence_encoder(str(folder))


def test_a_clip_is_sent_to_its_own_name(tmp_path):
    tiny_vit(32).save(tmp_path)

    with pytest.raises(BadInputError, match="sees pictures too: name it without 'sentence:'"):
        open_sentence_encoder(str(tmp_path))


def test_a_model_that_also_writes_is_refused(tmp_path):
    folder = write_transformer(tmp_path)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(vocab_size=len(WORDS), **sizes)).save_pretrained(folder)

    with pytest.raises(BadInputError, match="only reads texts, like a BERT, not a T5Model"):
        open_sentence_encoder(str(folder))


def test_a_family_that_only_the_folder_s_own_code_could_build_is_refused(tmp_path):
    folder = write_transformer(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoModel": "modeling.StrangeModel"}}
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(BadInputError, match=r"config.json: transformers has no family .*'strange'"):
        open_sentence_encoder(str(folder))


def test_a_tokenizer_that_cannot_pad_is_refused(tmp_path):
    folder = write_transformer(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)

    with pytest.raises(BadInputError, match="a tokenizer with a padding token"):
        open_sentence_encoder(str(folder))


def test_a_folder_without_a_model_and_a_name_without_a_folder_are_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"config.json"):
        open_sentence_encoder(str(tmp_path))
    with pytest.raises(BadInputError, match="expected a folder, or the id of a model on the hub"):
        open_sentence_encoder("all-MiniLM-L6-v2")

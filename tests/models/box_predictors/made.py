"""Small box predictors and inputs that the tests of this folder share."""

import open_clip
import torch

from vg_mc.models.box_predictors.building import build_predictor
from vg_mc.models.box_predictors.options import ClipVgOptions, HeadOptions, HrnetOptions
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPredictor, PredictorSettings
from vg_mc.models.loading import load_encoder
from vg_mc.models.openclip import OpenClipEncoder

SMALL = HeadOptions(
    HrnetOptions(hrnet="hrnet_w18_small"),
    ClipVgOptions(fusion_layers=2, fusion_width=32, fusion_heads=4),
)
MEAN_BOX = (0.5, 0.4, 0.3, 0.2)
TEXTS = ["the red one", "a dog", "the small blue square on the left of the green circle"]


def predictor(name: str, model: str = "tiny-vit", heads: HeadOptions = SMALL) -> BoxPredictor:
    """Build a predictor with a tiny encoder in evaluation mode."""
    settings = PredictorSettings(name, heads, "letterbox", 64)
    return build_predictor(load_encoder(model), settings, mean_box=MEAN_BOX)


def randomized(model: BoxPredictor) -> BoxPredictor:
    """Replace the last layer, which starts at the mean box, by one that depends on its input."""
    generator = torch.Generator().manual_seed(0)
    last = model.head.box[-1] if hasattr(model.head, "box") else model.head.layers[-1]
    with torch.no_grad():
        last.weight.copy_(torch.randn(last.weight.shape, generator=generator) / 4)
    return model


def inputs_of(
    model: BoxPredictor,
    pairs: list[tuple[int, int]],  # image and text of each expression
    *,
    images: int = 2,
    texts: list[str] = TEXTS,
) -> BoxInputs:
    """Return random images with padding on two sides."""
    side = model.encoder.image_size
    generator = torch.Generator().manual_seed(1)
    index = torch.tensor(pairs)
    return BoxInputs(
        images=torch.randint(
            0, 256, (images, 3, side, side), generator=generator, dtype=torch.uint8
        ),
        content=torch.tensor([[0.0, 0.25, 1.0, 0.75]]).expand(images, 4),
        tokens=model.encoder.tokenize(texts),
        image_index=index[:, 0],
        text_index=index[:, 1],
    )


def openclip_on_meta(architecture: str) -> OpenClipEncoder:
    """Build a large encoder without memory for its weights."""
    config = open_clip.get_model_config(architecture)
    with torch.device("meta"):
        model = open_clip.model.CLIP(**config)
    colours = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2)}
    side = config["vision_cfg"]["image_size"]
    open_clip.model.set_model_preprocess_cfg(model, {"size": side, "mode": "RGB", **colours})
    encoder = OpenClipEncoder(model, open_clip.get_tokenizer(architecture), config, architecture)
    return encoder.to("meta").eval()

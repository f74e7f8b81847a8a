import pytest
import torch

from vg_mc.models.preprocessing import PictureNormalizer

MEAN, STD = (0.5, 0.4, 0.3), (0.5, 0.25, 0.2)


def test_images_are_rescaled_and_normalised_per_channel():
    white_and_black = torch.stack([torch.full((3, 2, 2), 255), torch.zeros(3, 2, 2)]).byte()

    white, black = PictureNormalizer(2, MEAN, STD)(white_and_black)

    assert white[:, 0, 0].tolist() == pytest.approx([1.0, 2.4, 3.5])
    assert black[:, 1, 1].tolist() == pytest.approx([-1.0, -1.6, -1.5])


@pytest.mark.parametrize(
    "pictures",
    [torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 5).byte(), torch.zeros(3, 4, 4).byte()],
    ids=["floating point", "not of the model's size", "without a batch"],
)
def test_the_error_names_the_expected_shape(pictures):
    with pytest.raises(ValueError, match=r"\(N, 3, 4, 4\)"):
        PictureNormalizer(4, MEAN, STD)(pictures)


def test_the_state_dict_is_empty():
    assert not PictureNormalizer(4, MEAN, STD).state_dict()

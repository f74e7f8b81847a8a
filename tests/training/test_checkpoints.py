import copy

import pytest
import torch
from torch import nn

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.system.atomic import whole_folder
from vg_mc.training.checkpoints import (
    Progress,
    find_checkpoints,
    load_checkpoint,
    save_checkpoint,
    set_damaged_aside,
)


def stepped() -> tuple[nn.Module, torch.optim.Optimizer]:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def test_everything_comes_back(tmp_path):
    model, optimizer = stepped()
    progress = Progress(epoch=1, step=2, steps_taken=12, best_score=0.1 + 0.2)
    save_checkpoint(tmp_path, model, {"optimizer": optimizer}, progress, keep=2)
    other, other_optimizer = stepped()

    found = load_checkpoint(tmp_path / "step-00000012", other, {"optimizer": other_optimizer})

    assert found == progress
    assert torch.equal(model.weight, other.weight)
    mine, theirs = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    assert torch.equal(mine[0]["exp_avg"], theirs[0]["exp_avg"])


def test_the_scale_of_half_precision_comes_back(tmp_path):
    model, _ = stepped()
    scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
    scaler.scale(torch.ones(1))  # it has a scale from its first use on
    save_checkpoint(tmp_path, model, {"scaler": scaler}, Progress(steps_taken=1), keep=2)
    other = torch.amp.GradScaler("cpu")

    load_checkpoint(tmp_path / "step-00000001", model, {"scaler": other})

    assert other.get_scale() == 512.0


def test_the_newest_two_are_kept_oldest_first(tmp_path):
    model, optimizer = stepped()

    for steps in (5, 999, 1000, 100_000):
        save_checkpoint(
            tmp_path, model, {"optimizer": optimizer}, Progress(steps_taken=steps), keep=2
        )

    assert [path.name for path in find_checkpoints(tmp_path)] == ["step-00001000", "step-00100000"]


def test_half_a_checkpoint_is_none(tmp_path, monkeypatch):
    model, optimizer = stepped()
    save_checkpoint(tmp_path, model, {"optimizer": optimizer}, Progress(steps_taken=1), keep=2)
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(
                tmp_path, model, {"optimizer": optimizer}, Progress(steps_taken=2), keep=2
            )

    assert [path.name for path in find_checkpoints(tmp_path)] == ["step-00000001"]
    save_checkpoint(tmp_path, model, {"optimizer": optimizer}, Progress(steps_taken=2), keep=2)
    assert {path.name for path in tmp_path.iterdir()} == {"step-00000001", "step-00000002"}


def three_checkpoints(folder):
    model, optimizer = stepped()
    for steps in (1, 2, 3):
        save_checkpoint(
            folder, model, {"optimizer": optimizer}, Progress(steps_taken=steps), keep=3
        )
    return find_checkpoints(folder)


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("damage", [cut, flip_a_byte, lambda path: path.unlink()])
@pytest.mark.parametrize("file", ["model.safetensors", "states.pt", "progress.json", "files.json"])
def test_a_damaged_checkpoint_is_set_aside_for_an_older_one(tmp_path, capsys, damage, file):
    *others, newest = three_checkpoints(tmp_path)
    damage(newest / file)

    set_damaged_aside(tmp_path)

    assert find_checkpoints(tmp_path) == others
    assert (tmp_path / "damaged-step-00000003").is_dir()
    assert f"damaged ({file}" in capsys.readouterr().out


def test_undamaged_checkpoints_stay_and_nothing_is_said(tmp_path, capsys):
    checkpoints = three_checkpoints(tmp_path)
    set_damaged_aside(tmp_path)

    assert find_checkpoints(tmp_path) == checkpoints
    assert capsys.readouterr().out == ""


def test_only_damaged_checkpoints_are_refused_and_left_in_place(tmp_path):
    checkpoints = three_checkpoints(tmp_path)
    for checkpoint in checkpoints:
        cut(checkpoint / "states.pt")

    with refused("step-00000003"):
        set_damaged_aside(tmp_path)

    assert find_checkpoints(tmp_path) == checkpoints


def test_no_checkpoint_is_there_before_the_first(tmp_path):
    assert find_checkpoints(tmp_path / "checkpoints") == []


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
def test_a_saved_model_loads_as_it_was(name, tmp_path):
    encoder = load_encoder(name, image_size=32)
    before = copy.deepcopy(encoder.state_dict())

    with whole_folder(tmp_path / "run" / "best") as partial:
        encoder.save(partial)

    loaded = load_encoder(str(tmp_path / "run" / "best")).state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in before.items())

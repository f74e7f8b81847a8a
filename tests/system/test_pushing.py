"""A model is uploaded when somebody asks for it, by somebody whom the hub knows."""

from dataclasses import replace

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalTokenNotFoundError

from tests.refusals import refused
from vg_mc.commands.finetune import FinetuneConfig, run
from vg_mc.system.hub import push, require_login
from vg_mc.training.options import ScheduleOptions, TrainingOptions


class Hub:
    """Stands for the hub: keeps what it is told."""

    calls: list[tuple[str, object]]
    fails = False

    def whoami(self) -> dict[str, str]:
        if self.fails:
            raise LocalTokenNotFoundError("no token")
        self.calls.append(("whoami", ""))
        return {"name": "somebody"}

    def create_repo(self, hub_id: str, **details: bool) -> str:
        self.calls.append(("create_repo", (hub_id, details)))
        return f"https://huggingface.co/{hub_id}"

    def upload_folder(self, *, repo_id, folder_path, commit_message) -> None:
        assert commit_message
        if self.fails:
            raise ConnectionError("cut off")
        names = sorted(path.name for path in folder_path.iterdir())
        self.calls.append(("upload_folder", (repo_id, names)))


@pytest.fixture
def hub(monkeypatch) -> type[Hub]:
    monkeypatch.setattr(Hub, "calls", [], raising=False)
    monkeypatch.setattr(Hub, "fails", False)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    return Hub


@pytest.fixture
def config(coloured, tmp_path) -> FinetuneConfig:
    return FinetuneConfig(
        dataset=coloured.folder,
        model="tiny-vit",
        output=tmp_path / "run",
        training=TrainingOptions(schedule=ScheduleOptions(epochs=1)),
        num_workers=0,
        push_to_hub="somebody/pointer",
    )


def test_the_best_model_is_uploaded_with_its_card_into_a_private_repository(hub, config, capsys):
    run(config)

    assert [name for name, _ in hub.calls] == ["whoami", "create_repo", "upload_folder"]
    assert hub.calls[1][1] == ("somebody/pointer", {"private": True, "exist_ok": True})
    assert {"README.md", "config.json", "model.safetensors"} <= set(hub.calls[2][1][1])
    assert "uploaded to https://huggingface.co/somebody/pointer" in capsys.readouterr().out


def test_a_run_that_is_finished_can_be_uploaded_later(hub, config):
    run(replace(config, push_to_hub=None))
    assert hub.calls == []

    run(config)

    assert hub.calls[-1][0] == "upload_folder"


def test_who_is_not_logged_in_learns_it_before_the_training(hub, config):
    hub.fails = True

    with refused(record="--push-to-hub somebody/pointer"):
        run(config)

    assert not config.output.exists()


def test_a_name_that_is_none_is_told_without_asking_the_hub(hub):
    with refused("OWNER/NAME", record="--push-to-hub some body/pointer/model"):
        require_login("some body/pointer/model")

    assert hub.calls == []


def test_an_upload_that_fails_is_told_and_how_to_try_again(hub, tmp_path):
    hub.fails = True

    with refused("hf", "somebody/pointer"):
        push(tmp_path, "somebody/pointer")


def test_without_a_network_nobody_is_let_in():
    with refused("logged"):
        require_login("somebody/pointer")  # tests are offline

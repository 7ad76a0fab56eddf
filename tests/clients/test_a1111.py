"""webuiapi against the emulator of AUTOMATIC1111."""

from collections.abc import Callable, Iterator

import pytest
import webuiapi
from PIL import Image

from tests.emulators import Emulator


@pytest.fixture
def emulator(serve: Callable[[str], Emulator]) -> Emulator:
    return serve("a1111")


@pytest.fixture
def client(emulator: Emulator) -> Iterator[webuiapi.WebUIApi]:
    client = webuiapi.WebUIApi(baseurl=f"{emulator.base_url}/sdapi/v1")
    yield client
    client.session.close()


def test_pictures_come_with_their_seeds(client: webuiapi.WebUIApi, emulator: Emulator) -> None:
    result = client.txt2img(prompt="a fox", negative_prompt="blur", width=512, height=256, seed=7, batch_size=2)
    assert [image.size for image in result.images] == [(512, 256)] * 2
    assert result.info["all_seeds"] == [7, 8]
    assert emulator.orders[0].body["negative_prompt"] == "blur"
    assert not emulator.surprises


def test_a_picture_is_made_from_a_picture_and_a_mask(client: webuiapi.WebUIApi, emulator: Emulator) -> None:
    source, mask = Image.new("RGB", (256, 256)), Image.new("L", (256, 256))
    result = client.img2img(images=[source], mask_image=mask, prompt="a fox", denoising_strength=0.4)
    assert len(result.images) == 1
    assert (emulator.submits[0].path, emulator.orders[0].body["denoising_strength"]) == ("/sdapi/v1/img2img", 0.4)
    assert not emulator.surprises


def test_a_checkpoint_is_chosen_for_one_call(client: webuiapi.WebUIApi, emulator: Emulator) -> None:
    title = client.get_sd_models()[1]["title"]
    client.txt2img(prompt="a fox", override_settings={"sd_model_checkpoint": title})
    assert emulator.orders[0].model == title


@pytest.mark.parametrize("kind", ["400", "404", "500"])
def test_an_error_has_its_status(client: webuiapi.WebUIApi, emulator: Emulator, kind: str) -> None:
    emulator.fault(kind)
    with pytest.raises(RuntimeError) as caught:
        client.txt2img(prompt="a fox")
    assert caught.value.args[0] == int(kind)
    assert not emulator.submits


def test_state_and_choices_are_read(client: webuiapi.WebUIApi) -> None:
    assert client.get_progress()["progress"] == 0
    assert "sd_model_checkpoint" in client.get_options()
    assert "Euler" in {sampler["name"] for sampler in client.get_samplers()}
    assert client.interrupt() == {}

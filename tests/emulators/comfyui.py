"""ComfyUI's classic API: Comfy-Org/ComfyUI a125cd84 (v0.3.64, 2025-10-11) server.py, execution.py, nodes.py."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tests.emulators._emulator import route
from tests.emulators._faults import Fault
from tests.emulators._picture import measured
from tests.emulators._queue import QueueEmulator, Work
from tests.emulators._wire import Answer, Call, Declined, Order, Upload

Graph = Mapping[str, Mapping[str, Any]]
CHECKPOINTS = ["v1-5-pruned-emaonly-fp16.safetensors", "sd_xl_base_1.0.safetensors"]
SAMPLERS = ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "ddim", "lcm"]
SCHEDULERS = ["simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal"]
SIDE = (16, 16_384)
CONDITION = {"model", "positive", "negative", "latent_image"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A class of nodes: links and values that it requires, lists and ranges that bound the values."""

    links: frozenset[str] | set[str] = frozenset()
    values: frozenset[str] | set[str] = frozenset()
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    is_output: bool = False


SAMPLING: dict[str, tuple[float, float]] = {
    "seed": (0, 2**64 - 1),
    "steps": (1, 10_000),
    "cfg": (0, 100),
    "denoise": (0, 1),
}
NODES = {
    "CheckpointLoaderSimple": Node(lists={"ckpt_name": CHECKPOINTS}),
    "CLIPTextEncode": Node(links={"clip"}, values={"text"}),
    "EmptyLatentImage": Node(ranges={"width": SIDE, "height": SIDE, "batch_size": (1, 4096)}),
    "KSampler": Node(links=CONDITION, lists={"sampler_name": SAMPLERS, "scheduler": SCHEDULERS}, ranges=SAMPLING),
    "VAEDecode": Node(links={"samples", "vae"}),
    "VAEEncode": Node(links={"pixels", "vae"}),
    "VAEEncodeForInpaint": Node(links={"pixels", "vae", "mask"}, ranges={"grow_mask_by": (0, 64)}),
    "SetLatentNoiseMask": Node(links={"samples", "mask"}),
    "LoadImage": Node(values={"image"}),
    "LoadImageMask": Node(values={"image"}, lists={"channel": ["alpha", "red", "green", "blue"]}),
    "ImageScale": Node(
        links={"image"},
        values={"crop"},
        lists={"upscale_method": ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]},
        ranges={"width": (0, 16_384), "height": (0, 16_384)},
    ),
    "SaveImage": Node(links={"images"}, values={"filename_prefix"}, is_output=True),
    "PreviewImage": Node(links={"images"}, is_output=True),
}


class ComfyUI(QueueEmulator):
    """A graph is checked and queued, its history asked for, its picture fetched by name; no key and no filter."""

    name = "comfyui"
    needs_key: ClassVar[bool] = False
    hands_out_urls: ClassVar[bool] = False
    phases: ClassVar[tuple[str, ...]] = ("poll", "result")
    undocumented: ClassVar[frozenset[str]] = frozenset({"401", "402", "403", "404", "429", "quota", "503", "echo_key"})

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.inputs: dict[str, tuple[int, int]] = {}

    @property
    def supported_faults(self) -> frozenset[tuple[str, str]]:
        """The queue's, and a picture that is gone or empty."""
        return super().supported_faults | {("404", "result"), ("empty", "result")}

    def reset(self) -> None:
        """Forget the uploaded pictures too."""
        super().reset()
        self.inputs.clear()

    def failure(self, kind: str, message: str = "") -> Answer:
        """A graph that does not pass; everything else is aiohttp's plain text."""
        if kind == "400":
            return _invalid("invalid_prompt", message or "Cannot execute because a node is missing.")
        texts = {"404": "404: Not Found", "500": "500 Internal Server Error\n\nServer got itself in trouble"}
        return Answer(int(kind), texts[kind].encode(), media="text/plain; charset=utf-8")

    @route("POST", "/prompt", phase="submit")
    def prompt(self, call: Call) -> Order:
        """Check the graph and read from it what it draws."""
        if not isinstance(call.json, dict):
            raise self.decline("500")
        known = {"prompt", "client_id", "prompt_id", "number", "front", "extra_data", "partial_execution_targets"}
        graph = self.expect(call, known).get("prompt")
        if not isinstance(graph, dict):
            raise Declined(_invalid("no_prompt", "No prompt provided"))
        self._check(graph)
        return self._order(graph, call.json)

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """A client may choose the id."""
        return super().finish(call, replace(order, identifier=order.body.get("prompt_id") or order.identifier), fault)

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The id and the place in the queue."""
        return {"prompt_id": order.identifier, "number": len(self.work), "node_errors": {}}

    def pending(self, work: Work | None, call: Call) -> Answer:
        """There is no history before the end."""
        return Answer(200, {})

    @route("GET", "/history/{identifier}", phase="poll")
    def history(self, call: Call, identifier: str) -> Answer:
        """Empty for what is not known, and for what is not over."""
        work = self.work.get(identifier)
        if work is None or not work.look():
            return Answer(200, {})
        if work.is_canceled:
            messages: list[Any] = [["execution_interrupted", {"prompt_id": identifier, "node_id": "5"}]]
            return Answer(200, {identifier: _entry(work.order, "error", {}, messages)})
        names = [self.publish(call, each).rpartition("/")[2] for each in work.pictures]
        images = [{"filename": name, "subfolder": "", "type": "output"} for name in names]
        return Answer(200, {identifier: _entry(work.order, "success", {"7": {"images": images}}, [])})

    @route("GET", "/view", phase="result")
    def view(self, call: Call) -> Answer:
        """A picture by its name."""
        picture = self._files.get(call.query.get("filename", ""))
        if picture is None or call.query.get("type", "output") != "output":
            raise self.decline("404")
        return Answer(200, picture.data, media=picture.media)

    @route("POST", "/upload/image")
    def upload(self, call: Call) -> Answer:
        """A picture for LoadImage; a name that is taken gets a number unless it is to be overwritten."""
        files: list[Upload] = call.uploads.get("image", [])
        if not files:
            raise Declined(Answer(400))
        name = files[0].filename
        if name in self.inputs and call.fields.get("overwrite") not in ("true", "1"):
            stem, dot, ending = name.rpartition(".")
            name = f"{stem} ({len(self.inputs)}){dot}{ending}"
        self.inputs[name] = measured(files[0].data)
        return Answer(200, {"name": name, "subfolder": call.fields.get("subfolder", ""), "type": "input"})

    @route("GET", "/queue")
    def queue(self, call: Call) -> Answer:
        """What is at work and what waits."""
        running = [[0, identifier, {}, {}, []] for identifier, work in self.work.items() if work.polls_left >= 0]
        return Answer(200, {"queue_running": running[:1], "queue_pending": running[1:]})

    @route("POST", "/queue")
    def change_queue(self, call: Call) -> Answer:
        """Drops what waits; says nothing about it."""
        for identifier in (call.json or {}).get("delete", []):
            self._stop(identifier)
        return Answer(200)

    @route("POST", "/interrupt", phase="cancel")
    def interrupt(self, call: Call) -> Answer:
        """Stops what is at work, or only the one that is named; says nothing about it."""
        named = (call.json or {}).get("prompt_id")
        for identifier in [named] if named else list(self.work):
            self._stop(identifier)
        return Answer(200)

    @route("GET", "/system_stats")
    def system(self, call: Call) -> Answer:
        """The version and the devices."""
        return Answer(200, {"system": {"comfyui_version": "0.3.64", "os": "posix"}, "devices": []})

    @route("GET", "/models/{folder}")
    def models(self, call: Call, folder: str) -> Answer:
        """File names."""
        return Answer(200, CHECKPOINTS if folder == "checkpoints" else [])

    def _stop(self, identifier: str) -> None:
        work = self.work.get(identifier)
        if work is not None and work.polls_left >= 0:
            work.is_canceled, work.polls_left = True, 0

    def _order(self, graph: Graph, body: Mapping[str, Any]) -> Order:
        sampler = next((node["inputs"] for node in graph.values() if node["class_type"] == "KSampler"), None)
        if sampler is None:
            raise self.decline("400", "the emulator only draws what a KSampler samples")
        latent = _followed(graph, sampler["latent_image"])
        width, height = self._size(graph, latent)
        model = next(node["inputs"] for node in graph.values() if node["class_type"] == "CheckpointLoaderSimple")
        negative = _followed(graph, sampler["negative"])["inputs"].get("text", "")
        return Order(
            model=model["ckpt_name"],
            prompt=_followed(graph, sampler["positive"])["inputs"].get("text", ""),
            width=width,
            height=height,
            number=latent["inputs"].get("batch_size", 1),
            seed=sampler["seed"],
            body={**body, "negative": negative},
        )

    def _size(self, graph: Graph, node: Mapping[str, Any]) -> tuple[int, int]:
        """From the empty latent, or back along the links to the picture that was loaded."""
        match node["class_type"]:
            case "EmptyLatentImage" | "ImageScale":
                return node["inputs"]["width"], node["inputs"]["height"]
            case "LoadImage":
                return self.inputs[node["inputs"]["image"]]
        link = next(node["inputs"][name] for name in ("pixels", "samples", "image") if name in node["inputs"])
        return self._size(graph, _followed(graph, link))

    def _check(self, graph: Graph) -> None:
        for identifier, node in graph.items():
            if node.get("class_type") not in NODES:
                raise self.decline("400", f"Cannot execute because node {node.get('class_type')} does not exist.")
            if not isinstance(node.get("inputs"), dict):
                raise self.decline("400", f"node {identifier} has no inputs")
        if not any(NODES[node["class_type"]].is_output for node in graph.values()):
            raise Declined(_invalid("prompt_no_outputs", "Prompt has no outputs"))
        errors = {
            identifier: found for identifier, node in graph.items() if (found := list(self._faults_of(graph, node)))
        }
        if errors:
            raise Declined(_invalid("prompt_outputs_failed_validation", "Prompt outputs failed validation", errors))

    def _faults_of(self, graph: Graph, node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind, inputs = NODES[node["class_type"]], node["inputs"]
        for name in sorted({*kind.links, *kind.values, *kind.lists, *kind.ranges} - inputs.keys()):
            yield _fault("required_input_missing", name)
        for name in sorted(kind.links & inputs.keys()):
            link = inputs[name]
            if not (isinstance(link, list) and len(link) == 2 and link[0] in graph):
                yield _fault("bad_linked_input", name)
        for name, values in kind.lists.items():
            if name in inputs and inputs[name] not in values:
                yield _fault("value_not_in_list", name, f"{name}: '{inputs[name]}' not in {values}")
        for name, (least, most) in kind.ranges.items():
            value = inputs.get(name, least)
            if not isinstance(value, int | float):
                yield _fault("invalid_input_type", name)
            elif not least <= value <= most:
                yield _fault("value_smaller_than_min" if value < least else "value_bigger_than_max", name)
        if node["class_type"].startswith("LoadImage") and inputs.get("image") not in self.inputs:
            yield _fault("custom_validation_failed", "image", f"image - Invalid image file: {inputs.get('image')}")


def _followed(graph: Graph, link: list[Any]) -> Mapping[str, Any]:
    return graph[link[0]]


def _fault(kind: str, name: str, details: str = "") -> dict[str, Any]:
    message = kind.replace("_", " ").capitalize()
    return {"type": kind, "message": message, "details": details or name, "extra_info": {"input_name": name}}


def _invalid(kind: str, message: str, errors: Mapping[str, Any] | None = None) -> Answer:
    told = {"type": kind, "message": message, "details": "", "extra_info": {}}
    nodes = {identifier: {"errors": found, "dependent_outputs": ["7"]} for identifier, found in (errors or {}).items()}
    return Answer(400, {"error": told, "node_errors": nodes})


def _entry(order: Order, status: str, outputs: Mapping[str, Any], messages: list[Any]) -> dict[str, Any]:
    told = {"status_str": status, "completed": status == "success", "messages": messages}
    prompt = [0, order.identifier, order.body["prompt"], {}, ["7"]]
    return {"prompt": prompt, "outputs": outputs, "status": told, "meta": {}}

"""The examples for several machines: what Kubernetes and Compose are told is what they take and what there is."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from imgforge_mcp.base.config import Config
from tests.cluster.required import skip

EXAMPLES = Path(__file__).parents[2] / "examples"
OTHERS = ("AWS_", "GEMINI_", "TOGETHER_", "OPENAI_")
PROBES = {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/health/ready"}


@pytest.fixture
def manifests() -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all((EXAMPLES / "cluster" / "kubernetes.yaml").read_text("utf-8")))


def test_kubernetes_takes_every_manifest(manifests: list[dict[str, Any]]) -> None:
    try:
        import kubernetes_validate
    except ImportError:
        skip("kubernetes-validate is not installed (the extra servers)")
    for manifest in manifests:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_manifests_fit_together(manifests: list[dict[str, Any]]) -> None:
    kinds = {manifest["kind"]: manifest for manifest in manifests}
    pod = kinds["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert kinds["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert kinds["Service"]["spec"]["selector"] == labels
    assert kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert kinds["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == kinds["Deployment"]["metadata"]["name"]
    [container] = pod["spec"]["containers"]
    assert {probe: container[probe]["httpGet"]["path"] for probe in PROBES} == PROBES
    assert container["args"][0] == "serve"
    folders = {volume["name"] for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == folders
    check_settings(kinds["ConfigMap"]["data"])


def test_compose_names_what_is_there() -> None:
    folder = EXAMPLES / "cluster"
    compose = YAML(typ="safe").load((folder / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    for name in ("migrate", "imgforge"):
        service = services[name]
        assert (folder / service["build"]["context"]).resolve() == EXAMPLES.parent
        assert (EXAMPLES.parent / service["build"]["dockerfile"]).is_file()
        assert service["build"]["args"] == {"EXTRAS": "cluster"}
        assert service["depends_on"].keys() <= services.keys()
        check_settings(service["environment"])
    named = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert named == compose["volumes"].keys()


def check_settings(environment: dict[str, str]) -> None:
    known = Config.variables()
    assert [name for name in environment if name not in known and not name.startswith(OTHERS)] == []
    assert {"IMGFORGE_STORE_URL"} <= environment.keys()

"""The examples for several machines: what Kubernetes and Compose are told is what they take and what there is."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from imgforge_mcp.base.config import Config
from imgforge_mcp.cli.parser import build_parser
from imgforge_mcp.http.metrics import Known
from imgforge_mcp.storage.registry.contract import Figures
from tests import recipes
from tests.cluster.postgres import Postgres
from tests.cluster.required import skip
from tests.cluster.s3 import Bucket
from tests.e2e._program import fresh_account

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
    by_name = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
    assert len(by_name) == len(manifests)
    pods = {}
    for name, command in (("imgforge", "serve"), ("imgforge-worker", "worker")):
        deployment = by_name["Deployment", name]
        pods[command] = pod = deployment["spec"]["template"]
        assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
        target = by_name["HorizontalPodAutoscaler", name]["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("Deployment", name)
        [container] = pod["spec"]["containers"]
        assert {probe: container[probe]["httpGet"]["path"] for probe in PROBES} == PROBES
        assert {container[probe]["httpGet"]["port"] for probe in PROBES} == {container["ports"][0]["name"]}
        build_parser().parse_args(container["args"])
        assert container["args"][0] == command
        folders = {volume["name"] for volume in pod["spec"]["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == folders
    labels = pods["serve"]["metadata"]["labels"]
    assert labels != pods["worker"]["metadata"]["labels"]
    assert by_name["Service", "imgforge"]["spec"]["selector"] == labels
    assert by_name["PodDisruptionBudget", "imgforge"]["spec"]["selector"]["matchLabels"] == labels
    check_settings(by_name["ConfigMap", "imgforge"]["data"])


def test_workers_are_scaled_by_a_figure_that_servers_tell(manifests: list[dict[str, Any]]) -> None:
    scalers = [each for each in manifests if each["kind"] == "HorizontalPodAutoscaler"]
    [metric] = [each for scaler in scalers for each in scaler["spec"]["metrics"] if each["type"] == "External"]
    figures = Figures(jobs={}, leases=0, calls=(), longest_wait=0.0, workers=0, places=0)
    assert metric["external"]["metric"]["name"] in {told.name for told in Known(figures).collect()}


def test_compose_names_what_is_there() -> None:
    folder = EXAMPLES / "cluster"
    compose = YAML(typ="safe").load((folder / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    for name in ("migrate", "imgforge", "worker"):
        service = services[name]
        assert (folder / service["build"]["context"]).resolve() == EXAMPLES.parent
        assert (EXAMPLES.parent / service["build"]["dockerfile"]).is_file()
        assert service["build"]["args"] == {"EXTRAS": "cluster"}
        assert service["depends_on"].keys() <= services.keys()
        check_settings(service["environment"])
    named = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert named == compose["volumes"].keys()


def test_the_recipe_for_a_cluster_runs_on_one(postgres: Postgres, bucket: Bucket, tmp_path: Path) -> None:
    store = {"IMGFORGE_STORE_URL": bucket.place(), **bucket.environment}
    account = fresh_account(tmp_path / "somebody", IMGFORGE_DATABASE_URL=postgres.database(), **store)
    (tmp_path / "work").mkdir()
    answer = recipes.run(recipes.commands_of("6-cluster"), account, tmp_path / "work")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (tmp_path / "work" / "harbour.png").is_file()


def check_settings(environment: dict[str, str]) -> None:
    known = Config.variables()
    assert [name for name in environment if name not in known and not name.startswith(OTHERS)] == []
    assert {"IMGFORGE_STORE_URL"} <= environment.keys()

"""The manifests for Kubernetes, as far as they can be judged without a cluster."""

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.end_time import longest_end
from tests.fork_server import REPOSITORY
from tests.system.manifest import DEPLOY, configuration, documents

FOLDER = DEPLOY / "kubernetes"
VERSIONS = ("1.30", "1.37")
LABELS = {"app.kubernetes.io/name": "rtserver"}
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")


def objects() -> Iterator[dict[str, Any]]:
    """Every object of the folder."""
    (kustomization,) = documents("kubernetes/kustomization.yaml")
    for name in kustomization["resources"]:
        yield from documents(f"kubernetes/{name}")


def named(kind: str, name: str = "rtserver") -> dict[str, Any]:
    (found,) = (each for each in objects() if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


@pytest.fixture
def pod() -> dict[str, Any]:
    template: dict[str, Any] = named("StatefulSet")["spec"]["template"]
    return template


@pytest.fixture
def server(pod: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod["spec"]["containers"][0]
    return found


@pytest.fixture
def config(server: dict[str, Any]) -> Config:
    own = {variable["name"]: variable.get("value", "a-name") for variable in server["env"]}
    return configuration({**named("ConfigMap")["data"], **own}, server["args"])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_of_its_schema(version: str) -> None:
    for each in objects():
        kubernetes_validate.validate(each, version, strict=True)


def test_a_misspelled_field_would_be_seen() -> None:
    budget = named("PodDisruptionBudget")
    budget["spec"]["maxUnavailible"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(budget, VERSIONS[-1], strict=True)


def test_the_kustomization_names_every_file() -> None:
    (kustomization,) = documents("kubernetes/kustomization.yaml")
    assert {file.name for file in FOLDER.glob("*.yaml")} == {"kustomization.yaml", *kustomization["resources"]}


def test_whatever_selects_pods_selects_the_servers(pod: dict[str, Any]) -> None:
    assert pod["metadata"]["labels"] == LABELS
    selectors = [
        named("StatefulSet")["spec"]["selector"]["matchLabels"],
        named("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        named("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(named("Service", name)["spec"]["selector"] for name in ("rtserver", "rtserver-pods")),
        *(each["labelSelector"]["matchLabels"] for each in pod["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector == LABELS for selector in selectors)
    assert named("StatefulSet")["spec"]["serviceName"] == "rtserver-pods"


def test_ports_lead_from_the_ingress_to_what_the_server_listens_on(
    pod: dict[str, Any], server: dict[str, Any], config: Config
) -> None:
    ports = {port["name"]: port["containerPort"] for each in pod["spec"]["containers"] for port in each["ports"]}
    assert (ports["http"], ports["tce"]) == (config.port, config.tce_port)
    service_ports = {port["name"]: port["targetPort"] for port in named("Service")["spec"]["ports"]}
    assert set(service_ports.values()) <= {port["name"] for port in server["ports"]}
    (rule,) = named("Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["path"] == config.path
    assert path["backend"]["service"]["name"] == named("Service")["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] in service_ports
    allowed = {port["port"] for rule in named("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]}
    assert allowed == set(ports)


def test_probes_and_the_proxy_of_metrics_ask_the_supervisor_at_its_port(
    pod: dict[str, Any], server: dict[str, Any], config: Config
) -> None:
    assert config.workers != 1
    for name, page in (("startupProbe", "readyz"), ("readinessProbe", "readyz"), ("livenessProbe", "healthz")):
        command = server[name]["exec"]["command"]
        assert f"http://127.0.0.1:{config.admin_port}/{page}" in command[-1]
        compile(command[-1], name, "exec")
    proxy = named("ConfigMap", "metrics-proxy")["data"]["default.conf"]
    assert f"proxy_pass http://127.0.0.1:{config.admin_port}/metrics;" in proxy
    port = pod["metadata"]["annotations"]["prometheus.io/port"]
    assert f"listen {port};" in proxy


def test_a_pod_is_not_killed_before_the_longest_end_is_over(
    pod: dict[str, Any], server: dict[str, Any], config: Config
) -> None:
    program, seconds = server["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert pod["spec"]["terminationGracePeriodSeconds"] > int(seconds) + longest_end(config)


def test_volumes_maps_and_secrets_that_are_named_exist(pod: dict[str, Any], config: Config) -> None:
    claims = {claim["metadata"]["name"] for claim in named("StatefulSet")["spec"]["volumeClaimTemplates"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounts = {mount["name"] for each in pod["spec"]["containers"] for mount in each["volumeMounts"]}
    assert mounts == claims | volumes.keys()
    maps = {each["metadata"]["name"] for each in objects() if each["kind"] == "ConfigMap"}
    assert {volume["configMap"]["name"] for volume in volumes.values() if "configMap" in volume} <= maps
    for container in pod["spec"]["containers"]:
        assert {source["configMapRef"]["name"] for source in container.get("envFrom", [])} <= maps
        paths = {mount["mountPath"] for mount in container["volumeMounts"]}
        if container["name"] == "rtserver":
            assert config.var_dir in paths
            items = {item["path"] for item in volumes["secrets"]["secret"]["items"]}
            files = {config.redis_password_file, config.queue_secret_file}
            assert files == {f"/run/secrets/rtserver/{item}" for item in items}
            assert "/run/secrets/rtserver" in paths


def test_the_secret_is_made_by_the_command_of_the_operations_page(
    pod: dict[str, Any], server: dict[str, Any]
) -> None:
    wanted = {item["key"] for volume in pod["spec"]["volumes"] for item in volume.get("secret", {}).get("items", [])}
    references = [each["valueFrom"].get("secretKeyRef") for each in server["env"] if "valueFrom" in each]
    wanted |= {reference["key"] for reference in references if reference}
    command = re.search(r"kubectl -n rtserver create secret generic rtserver((?:.*\\\n)*.*)\n", OPERATIONS)
    assert command is not None
    assert set(re.findall(r"--from-(?:file|literal)=([\w-]+)=", command[1])) == wanted


def test_the_number_of_pods_follows_a_metric_that_there_is() -> None:
    scaler = named("HorizontalPodAutoscaler")["spec"]
    target = named("StatefulSet")
    assert scaler["scaleTargetRef"] == {
        "apiVersion": target["apiVersion"],
        "kind": target["kind"],
        "name": target["metadata"]["name"],
    }
    assert "replicas" not in target["spec"]
    (metric,) = scaler["metrics"]
    name = metric["pods"]["metric"]["name"]
    measures = (REPOSITORY / "rtserver" / "bootstrap" / "measures.py").read_text(encoding="utf-8")
    assert f'"gauge", "{name.removeprefix("rtserver_")}"' in measures
    assert f"seriesQuery: '{name}{{" in OPERATIONS

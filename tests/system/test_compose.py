"""The compose file, judged without an engine: what it names exists, and its parts fit together."""

import re
from pathlib import Path
from string import Template
from typing import Any

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.end_time import longest_end
from tests.redis_process import RedisProcess
from tests.system.manifest import DEPLOY, configuration, documents

TOP = {"name", "services", "networks", "volumes"}
SERVICE = {
    *("build", "command", "depends_on", "environment", "healthcheck", "image", "networks", "ports", "restart"),
    *("stop_grace_period", "ulimits", "volumes"),
}
"""Of the keys of the specification, those that are in use: another one is a slip, or is to be added here."""


@pytest.fixture
def compose() -> dict[str, Any]:
    return documents("compose.yaml")[0]


@pytest.fixture
def services(compose: dict[str, Any]) -> dict[str, Any]:
    services: dict[str, Any] = compose["services"]
    return services


@pytest.fixture
def config(services: dict[str, Any]) -> Config:
    return configuration(services["rtserver"]["environment"], services["rtserver"]["command"])


def test_only_known_keys_are_used(compose: dict[str, Any], services: dict[str, Any]) -> None:
    assert compose.keys() <= TOP
    for service in services.values():
        assert service.keys() <= SERVICE
        assert ("image" in service) != ("build" in service)


def test_volumes_networks_and_services_that_are_named_exist_and_none_is_left_over(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    mounts = [mount.partition(":")[0] for service in services.values() for mount in service["volumes"]]
    files = {mount for mount in mounts if mount.startswith(".")}
    assert all((DEPLOY / file).is_file() for file in files)
    assert set(mounts) - files == set(compose["volumes"])
    assert {name for service in services.values() for name in service["networks"]} == set(compose["networks"])
    build = services["rtserver"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_who_waits_for_a_healthy_service_waits_for_one_that_has_a_health_check(services: dict[str, Any]) -> None:
    own_image = "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text()
    waits = [(name, how) for service in services.values() for name, how in service.get("depends_on", {}).items()]
    assert waits
    for name, how in waits:
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in services[name] or ("build" in services[name] and own_image)


def test_the_server_finds_redis_keeps_its_place_and_has_time_to_end(services: dict[str, Any], config: Config) -> None:
    assert config.redis_url == "redis://redis:6379/0"
    assert "redis" in services
    assert config.workers == 2
    assert config.worker
    assert int(services["rtserver"]["stop_grace_period"].removesuffix("s")) > longest_end(config)
    assert config.var_dir in [mount.partition(":")[2] for mount in services["rtserver"]["volumes"]]


def test_the_proxies_that_are_believed_are_the_network_that_nginx_is_in(
    compose: dict[str, Any], services: dict[str, Any], config: Config
) -> None:
    (network,) = services["nginx"]["networks"]
    subnets = [each["subnet"] for each in compose["networks"][network]["ipam"]["config"]]
    assert list(config.trusted_proxies) == subnets


def test_nginx_is_given_each_of_its_variables_and_leads_to_the_servers_port(
    services: dict[str, Any], config: Config
) -> None:
    given = services["nginx"]["environment"]
    template = (DEPLOY / "nginx" / "rtserver.conf.template").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", template)) == given.keys()
    assert given["NGINX_RTSERVER"] == f"rtserver:{config.port}"
    (published,) = services["nginx"]["ports"]
    assert published == f"127.0.0.1:8080:{given['NGINX_LISTEN']}"
    assert "$http_upgrade" in Template(template).safe_substitute(given)


def test_a_real_redis_takes_its_options_and_keeps_what_it_is_given(services: dict[str, Any], tmp_path: Path) -> None:
    program, *options = services["redis"]["command"]
    assert program == "redis-server"
    with RedisProcess(tmp_path, *options) as server, server.client() as client:
        said = client.config_get("appendonly", "maxmemory-policy", "appendfsync")
    assert said == {"appendonly": "yes", "maxmemory-policy": "noeviction", "appendfsync": "everysec"}

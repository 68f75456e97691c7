"""`docs/operations.md` and `deploy/` against the catalogues of settings and metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from chatcore.config import HANDED_DOWN, NAMES
from chatcore.telemetry import Metric, Metrics

ROOT = Path(__file__).parents[3]
DEPLOY = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SERIES = ("_bucket", "_count", "_sum")


def rows(prefix: str) -> dict[str, list[str]]:
    """Cells of each table row whose first cell is a name in backquotes."""
    found = re.findall(rf"^\| `({prefix}[A-Za-z_]+)` \|(.*)\|$", OPERATIONS, re.MULTILINE)
    assert len(found) == len(dict(found)), "a name stands in two rows"
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in found}


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(rows("CHAT_")) == set(NAMES) - HANDED_DOWN
    assert all(name in OPERATIONS for name in HANDED_DOWN)


def test_every_metric_is_documented_with_its_labels() -> None:
    documented = {name: {label for label in cells[0].split(", ") if label} for name, cells in rows("chat_").items()}
    metrics = Metrics()
    exported = {}
    for attribute in vars(metrics).values():
        if hasattr(attribute, "_labelnames"):
            name = attribute.describe()[0].name
            exported[f"{name}_total" if attribute._type == "counter" else name] = set(attribute._labelnames)
    assert documented == exported
    assert set(documented) == {metric.value for metric in Metric}


@pytest.mark.parametrize("path", DEPLOY, ids=lambda path: path.name)
def test_deployment_files_use_known_settings_and_metrics(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bCHAT_[A-Z_]+", text)) <= set(NAMES)
    for name in re.findall(r"\bchat_[a-z_]+", text):
        assert name in set(Metric) or any(name.removesuffix(end) in set(Metric) for end in SERIES), name


def test_the_compose_file_is_consistent() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for dependency, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_completed_successfully":
                assert services[dependency]["restart"] == "on-failure"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / "deploy" / source).exists(), volume
    upstreams = re.findall(r"server ([\w-]+):8080", (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8"))
    assert upstreams == sorted(name for name in services if name.startswith("gateway"))
    assert (ROOT / "deploy" / services["migrate"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["migrate"]["build"]["dockerfile"]).exists()


def test_the_example_environment_sets_what_the_compose_file_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)[:}]", (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")))
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_alert_rules_are_well_formed() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in rules)

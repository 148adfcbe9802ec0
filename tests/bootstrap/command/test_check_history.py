"""Findings of ``rtserver check`` about the memory that quotes need."""

from rtserver.bootstrap.command.check_history import HistoryPlan, check_history
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.finding import Severity

GIGABYTE = 1 << 30


def details(config: Config, plan: HistoryPlan, machine: int = 16 * GIGABYTE) -> list[str]:
    found = list(check_history(config, plan, lambda: machine))
    assert {(finding.severity, finding.subject) for finding in found} == {(Severity.OK, "history")}
    return [finding.detail for finding in found]


def test_without_a_number_of_quotes_it_says_how_many_have_room() -> None:
    [text] = details(Config(), HistoryPlan(0, 504, 390))
    assert text == "20,000 ticks of a quote take 0.6 MB; history_mb, 1,638.4 MB, has room for 2,962 such quotes"


def test_a_number_of_quotes_is_compared_with_the_budget() -> None:
    _, memory, redis = details(Config(), HistoryPlan(5_000, 504, 390))
    assert memory == (
        "5,000 quotes need up to 2,765.7 MB in memory, more than that: those that nobody watches stay in Redis"
    )
    assert redis == (
        "5,000 quotes need up to 24.7 GB in Redis for 504 days of 390 minutes each, "
        "and 2,765.7 MB if the bars are in a database"
    )


def test_the_days_are_those_that_the_configuration_keeps() -> None:
    plan = HistoryPlan(1, None, 390)
    assert " for 521 days of 390 minutes each" in details(Config(history_days_1m=730), plan)[2]
    assert " for 2,607 days of 390 minutes each" in details(Config(history_days_1m=0), plan)[2]


def test_a_budget_of_the_configuration_counts_in_place_of_the_machines_memory() -> None:
    first, memory, _ = details(Config(history_mb=100, history_ticks=1_000), HistoryPlan(2_000, 1, 390))
    assert "history_mb, 100.0 MB, has room for 2,184" in first
    assert memory.endswith("in memory, which is there")

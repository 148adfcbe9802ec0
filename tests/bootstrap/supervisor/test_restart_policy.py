"""Waits between a death and the next start."""

from rtserver.bootstrap.supervisor.restart_policy import RestartPolicy


def test_the_wait_doubles_up_to_half_a_minute() -> None:
    policy = RestartPolicy()
    assert [policy.on_death(0.0, None) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_three_deaths_before_it_is_ready_are_hopeless() -> None:
    policy = RestartPolicy()
    seen = []
    for _ in range(3):
        policy.on_death(0.0, None)
        seen.append(policy.is_hopeless)
    assert seen == [False, False, True]


def test_who_was_ready_in_between_is_not_hopeless() -> None:
    policy = RestartPolicy()
    for _ in range(2):
        policy.on_death(0.0, None)
    policy.on_ready()
    policy.on_death(1.0, 0.5)
    policy.on_death(2.0, None)
    assert not policy.is_hopeless


def test_who_was_ready_for_a_moment_only_waits_longer_each_time() -> None:
    policy = RestartPolicy()
    assert [policy.on_death(10.0, 9.0) for _ in range(3)] == [11, 12, 14]


def test_who_has_lived_for_long_waits_a_second_again() -> None:
    policy = RestartPolicy()
    for _ in range(5):
        policy.on_death(0.0, None)
    assert policy.on_death(100.0, 70.0) == 101

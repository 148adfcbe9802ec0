"""Number of calls that a reader takes at once."""

from tcelib.service.pull_window import QUICK_SECONDS, PullWindow


def test_a_reader_whose_servants_begin_at_once_takes_more_and_more() -> None:
    window, sizes = PullWindow(50), []
    for _ in range(8):
        sizes.append(window.size)
        window.begun(QUICK_SECONDS / 10)
    assert sizes == [1, 2, 4, 8, 16, 32, 50, 50]


def test_a_reader_whose_servants_block_it_soon_takes_one_at_a_time() -> None:
    window = PullWindow(50)
    window.size = 50
    for _ in range(6):
        window.begun(10.0)
    assert window.size == 1

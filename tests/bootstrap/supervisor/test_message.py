"""Messages between supervisor and worker."""

from rtserver.bootstrap.supervisor.message import LineReader, line_of


def test_messages_survive_any_cut() -> None:
    stream = line_of("up", port=1, version="1") + line_of("failed", reason="a\nb") + line_of("closed")
    reader = LineReader()
    found = [message for byte in stream for message in reader.feed(bytes([byte]))]
    assert found == LineReader().feed(stream)
    assert found == [
        {"type": "up", "port": 1, "version": "1"},
        {"type": "failed", "reason": "a\nb"},
        {"type": "closed"},
    ]


def test_half_a_message_is_none() -> None:
    assert LineReader().feed(line_of("closed")[:-1]) == []

"""Inputs made of inputs: bytes changed, cut, doubled, put in, words of the language, and pieces of other inputs."""

import random
from collections.abc import Callable, Sequence

EDGES = (
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x93\x88",
    b"\n",
    b"\r\n",
)
NUMBERS = (b"0", b"-1", b"1e308", b"1e999", b"0.1", b"9007199254740993", b"18446744073709551616", b"1" * 400, b"NaN")


class Mutator:
    """Makes an input out of others. The same ``seed`` leads to the same series."""

    def __init__(self, seed: int, words: Sequence[bytes] = (), max_bytes: int = 4_096) -> None:
        self._chance = random.Random(seed)
        self._words = (*words, *EDGES, *NUMBERS)
        self._max_bytes = max_bytes

    def mutate(self, corpus: Sequence[bytes]) -> bytes:
        """One of the corpus, with something done to it; seldom nothing at all."""
        data = bytearray(self._chance.choice(corpus))
        for _ in range(self._chance.choice((0, 1, 1, 1, 2, 2, 3, 5, 10))):
            self._chance.choice(MUTATIONS)(self, data, corpus)
        return bytes(data[: self._max_bytes])

    def _change_byte(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        if data:
            data[self._chance.randrange(len(data))] = self._chance.randrange(256)

    def _flip_bit(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        if data:
            data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)

    def _cut_off(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        del data[self._place(data) :]

    def _cut_out(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        place = self._place(data)
        del data[place : place + self._length()]

    def _double(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        place = self._place(data)
        piece = data[place : place + self._length()]
        data[place:place] = piece * self._chance.choice((1, 1, 2, 10, 500))
        del data[self._max_bytes :]

    def _put_in_noise(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        place = self._place(data)
        data[place:place] = self._chance.randbytes(self._chance.randrange(1, 9))

    def _put_in_word(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        place = self._place(data)
        data[place:place] = self._chance.choice(self._words)

    def _put_word_over(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        place = self._place(data)
        data[place : place + self._length()] = self._chance.choice(self._words)

    def _replace_word(self, data: bytearray, _corpus: Sequence[bytes]) -> None:
        present = [word for word in self._words if word in data]
        if present:
            old = self._chance.choice(present)
            data[:] = data.replace(old, self._chance.choice(self._words), self._chance.choice((1, -1)))

    def _splice(self, data: bytearray, corpus: Sequence[bytes]) -> None:
        other = self._chance.choice(corpus)
        data[self._place(data) :] = other[self._chance.randrange(len(other) + 1) :]

    def _place(self, data: bytearray) -> int:
        return self._chance.randrange(len(data) + 1)

    def _length(self) -> int:
        return self._chance.choice((1, 1, 2, 4, 8, 16, 64))


MUTATIONS: tuple[Callable[[Mutator, bytearray, Sequence[bytes]], None], ...] = (
    Mutator._change_byte,
    Mutator._flip_bit,
    Mutator._cut_off,
    Mutator._cut_out,
    Mutator._double,
    Mutator._put_in_noise,
    Mutator._put_in_word,
    Mutator._put_word_over,
    Mutator._replace_word,
    Mutator._splice,
)

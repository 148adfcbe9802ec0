"""Variables of services.xml: ``{name}`` in an endpoint's host, port and address."""

import re
from collections.abc import Mapping

from tcelib.gateway.config.finding import Findings, Place, quoted

LONGEST_VALUE = 4_096


class Variables:
    """Values by name. A value is taken as it stands: variables in it are not replaced, and are an error."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._values: dict[str, str] = {}
        self._places: dict[str, Place] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, name: str, value: str, place: Place) -> None:
        """Enter one variable. Of two with one name the last one counts."""
        if name in self._values:
            self._findings.warn(place, f"variable {quoted(name)} a second time: this one counts")
        if len(value) > LONGEST_VALUE:
            self._findings.error(place, f"the value of {quoted(name)} is longer than {LONGEST_VALUE} characters")
            value = ""
        if name:
            self._values[name] = value
            self._places[name] = place

    def close(self) -> None:
        """Check the values, after the last one was added."""
        names = "|".join(re.escape(name) for name in self._values)
        self._pattern = re.compile(rf"\{{({names})\}}") if names else None
        for name, value in self._values.items():
            match = self._pattern.search(value) if self._pattern else None
            if match:
                text = f"the value of {quoted(name)} has the variable {quoted(match[1])}, which is not replaced there"
                self._findings.error(self._places[name], text)

    def replace_in(self, fields: Mapping[str, str], names: tuple[str, ...], place: Place) -> dict[str, str]:
        """Return ``fields`` with the values in the place of the variables of those that are called ``names``."""
        return {name: self._replaced(text, place) if name in names else text for name, text in fields.items()}

    def _replaced(self, text: str, place: Place) -> str:
        if self._pattern is None:
            return text
        pieces: list[str] = []
        length = at = 0
        for match in self._pattern.finditer(text):
            pieces += (text[at : match.start()], self._values[match[1]])
            length += len(pieces[-1]) + len(pieces[-2])
            at = match.end()
            if length > LONGEST_VALUE:
                self._findings.error(place, f"with its variables longer than {LONGEST_VALUE} characters")
                return ""
        return "".join((*pieces, text[at:]))

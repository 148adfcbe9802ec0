"""Values of annotations: ``[index=7, comment="...", skeleton_js=false]``. TCE protocol, section 5.4."""

from dataclasses import dataclass

from tcelib.tmake.syntax.error import (
    BAD_INDEX,
    DUPLICATE_ANNOTATION,
    INDEX_OUT_OF_RANGE,
    UNKNOWN_ANNOTATION,
    Problem,
    did_you_mean,
)
from tcelib.tmake.syntax.tree import Annotation, Interface, Operation, Place

MAX_INDEX = 0xFFFF
LANGUAGES = ("as", "cpp", "csharp", "java", "js", "objc")
SKELETONS = {f"skeleton_{language}": language for language in LANGUAGES}
OPERATION_KEYS = frozenset({"index", "comment"})
INTERFACE_KEYS = OPERATION_KEYS | SKELETONS.keys()


@dataclass(frozen=True, slots=True)
class Annotations:
    """``without_servant`` are the languages whose ``skeleton_xxx`` is false."""

    index: int | None = None
    comment: str = ""
    without_servant: frozenset[str] = frozenset()


def annotations_of(annotated: Interface | Operation, problems: list[Problem]) -> Annotations:
    """Return the annotations of an interface or operation, as far as they make sense."""
    keys = INTERFACE_KEYS if isinstance(annotated, Interface) else OPERATION_KEYS
    said: dict[str, Annotation] = {}
    for annotation in annotated.annotations:
        key = annotation.key.text
        if key not in keys:
            problems.append(UNKNOWN_ANNOTATION.at(annotation.key.place, key, did_you_mean(key, keys)))
        elif key in said:
            problems.append(DUPLICATE_ANNOTATION.at(annotation.key.place, key))
        else:
            said[key] = annotation
    index = said.get("index")
    kind = "interface" if isinstance(annotated, Interface) else "operation"
    return Annotations(
        index=None if index is None else index_of(index.value, kind, annotated.name.text, index.place, problems),
        comment=said["comment"].value if "comment" in said else "",
        without_servant=frozenset(
            language for key, language in SKELETONS.items() if key in said and said[key].value.lower() == "false"
        ),
    )


def index_of(value: str, kind: str, name: str, place: Place, problems: list[Problem]) -> int | None:
    """The index that ``value`` says, or None with a problem more."""
    if not (value.isascii() and value.isdigit()):
        problems.append(BAD_INDEX.at(place, value))
        return None
    digits = value.lstrip("0") or "0"
    if len(digits) > len(str(MAX_INDEX)) or int(digits) > MAX_INDEX:
        problems.append(INDEX_OUT_OF_RANGE.at(place, kind, name, digits))
        return None
    return int(digits)

"""Names that users give: what they may look like, so that they are safe wherever they come out."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from simcluster.options import FieldError

#: A name that may become part of a path, a table or a page: it begins with a letter or digit, and holds nothing that
#: means anything to a shell, a spreadsheet, a browser or a file system.
NAME = r"^\w[\w .,+-]{0,99}$"
#: A layer or operation: never part of a path, so that ``block1/conv`` is allowed.
LABEL = r"^\w[\w .,+/:()\[\]-]{0,99}$"


def _matching(pattern: str, expected: str) -> Any:
    """Return a validator of texts; pydantic's own engine takes 20 ms to compile a pattern with so many letters."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern[1:-1], text):
            raise FieldError(expected)
        return text

    return AfterValidator(check)


Name = Annotated[
    str,
    _matching(NAME, "expected a name: at most 100 letters, digits, spaces and . , + - _, with a letter or digit first"),
    Field(json_schema_extra={"pattern": NAME}),
]
Label = Annotated[
    str,
    _matching(LABEL, "expected a name: at most 100 letters, digits, spaces and . , + - _ / : ( ), a letter first"),
    Field(json_schema_extra={"pattern": LABEL}),
]

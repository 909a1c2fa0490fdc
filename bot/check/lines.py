"""Where the entries of a catalog folder stand, for those who have to put them right."""

from pathlib import Path

import yaml

from bot.catalog.load import LOADER


class Places:
    """Where an entry stands in the YAML files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, yaml.Node | None] = {}

    def __call__(self, file: str, *steps: str) -> str:
        """`file:line` of the deepest of these keys that stands in the file."""
        if file not in self._read:
            text = (self._folder / file).read_text(encoding="utf-8")
            self._read[file] = yaml.compose(text, Loader=LOADER)
        node, line = self._read[file], 1
        for step in steps:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((key, value) for key, value in pairs if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return f"{self._folder / file}:{line}"

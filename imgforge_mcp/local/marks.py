"""What was painted where: a coarse map of the picture on which every part that was painted has a number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgforge_mcp.local.pixels import Array

_LONGEST = 192
_LEAST = 2
_CHANGED = 0.015
_SHOWN_SHARE = 0.12
Mask = NDArray[np.bool_]


class Marks:
    """The last part painted over a cell owns it; a veil (mist, rain, a style, an hour) is noted and owns nothing.

    One set of marks serves a picture in whatever size it is being worked on: cells are sampled, not counted out."""

    def __init__(self, height: int, width: int) -> None:
        share = min(1.0, _LONGEST / max(height, width))
        self.owner = np.zeros((max(1, round(height * share)), max(1, round(width * share))), np.int32)
        self.names: list[tuple[str, ...]] = [()]
        self._stamped: list[int] = [0]
        self._veils: dict[str, int] = {}

    def sampled(self, field: Array) -> Array:
        """The field at the cells' middles."""
        rows, columns = self._cells(field.shape[0], field.shape[1])
        return np.asarray(field[rows][:, columns])

    def changed(self, before: Array, after: Array) -> Mask:
        return np.asarray(np.abs(after - before).max(axis=-1) > _CHANGED)

    def own(self, names: Sequence[str], mask: Mask) -> None:
        """These cells now show one more thing, and nothing of what they showed before."""
        self.names.append(tuple(names))
        self._stamped.append(int(mask.sum()))
        self.owner[mask] = len(self.names) - 1

    def own_stamp(self, names: Sequence[str], alpha: Array, left: int, top: int, shape: tuple[int, int]) -> None:
        """As `own` for a cut-out laid over a picture of that shape."""
        mask = np.zeros(self.owner.shape, np.bool_)
        rows, columns = self._cells(*shape)
        inner_rows = np.nonzero((rows >= top) & (rows < top + alpha.shape[0]))[0]
        inner_columns = np.nonzero((columns >= left) & (columns < left + alpha.shape[1]))[0]
        if len(inner_rows) and len(inner_columns):
            part = alpha[rows[inner_rows] - top][:, columns[inner_columns] - left] > 0.5
            mask[np.ix_(inner_rows, inner_columns)] = part
        self.own(names, mask)
        whole = float((alpha > 0.5).sum()) * mask.size / max(1, shape[0] * shape[1])
        self._stamped[-1] = max(self._stamped[-1], round(whole))

    def veil(self, names: Sequence[str], cells: int) -> None:
        for name in names:
            self._veils[name] = max(self._veils.get(name, 0), cells)

    def shown(self) -> dict[str, int]:
        """Every part that can be seen, with the number of times that it can: three boats count three."""
        cells = np.bincount(self.owner.ravel(), minlength=len(self.names))
        found = {name: 1 for name, size in self._veils.items() if size >= _LEAST}
        for number in range(1, len(self.names)):
            if cells[number] >= max(_LEAST, _SHOWN_SHARE * self._stamped[number]):
                for name in self.names[number]:
                    found[name] = found.get(name, 0) + 1
        return found

    def _cells(self, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        tall, wide = self.owner.shape
        return (
            ((np.arange(tall) + 0.5) * height / tall).astype(np.int64),
            ((np.arange(wide) + 0.5) * width / wide).astype(np.int64),
        )

"""Nearest neighbours by cosine, exactly and in bounded memory.

Array letters: n source sentences, m target sentences, h hidden, k neighbours.

The similarities of two pools do not fit in memory (100,000 on each side: 40
GB), so they are made in blocks, and each block serves both directions. Memory
beside the embeddings is one block, the part of the embeddings that it is made
from, and what grows as (n + m) k.

Cosines are float32, as they are in the references. A matrix product may round
one cosine differently for another block size or another library by about
1e-7; so where two cosines are that close, which one ranks first may depend on
`block_bytes`. Equal cosines rank by the lower index whatever the block size.
"""

from typing import NamedTuple

import numpy as np

from stilts_keras.errors import InputError

BLOCK_BYTES = 64 * 2**20
# As in XTREME.
NUM_NEIGHBOURS = 4
SIDES = ("source", "target")
# Cosines per group: mostly only a group's highest is looked at. Block sides are
# multiples of it, since BLAS rounds narrow products in other ways than wide
# ones. Of 16 to 256 none was faster than 128, in blocks of 32 to 256 MiB.
GROUP = 128


class Neighbours(NamedTuple):
    """The nearest rows of the other side, from the nearest.

    Attributes:
        cosines: float32 array (n, k).
        indices: int64 array (n, k). Of equal cosines the lowest comes first.
    """

    cosines: np.ndarray
    indices: np.ndarray


def both_ways(
    source,
    target,
    *,
    num_neighbours=NUM_NEIGHBOURS,
    block_bytes=BLOCK_BYTES,
):
    """Finds the k nearest neighbours by cosine, exactly, in both directions.

    Args:
        source: float array (n, h).
        target: float array (m, h).
        num_neighbours: int. k; a side of fewer sentences offers all it has.
        block_bytes: int. Size of one block of cosines.

    Returns:
        Two `Neighbours`: of each source sentence (n, min(k, m)), and of each
        target sentence (m, min(k, n)).

    Raises:
        InputError: If shapes do not fit or a number is not finite.
    """
    if num_neighbours < 1:
        raise InputError(
            "Mining needs num_neighbours of at least 1; XTREME takes 4. "
            f"Received: {num_neighbours}."
        )
    source, target = _checked(source, target)
    forward = _none_yet(len(source), min(num_neighbours, len(target)))
    backward = _none_yet(len(target), min(num_neighbours, len(source)))
    for rows, columns, block in _blocks(source, target, block_bytes):
        _enter(
            block[: len(forward.cosines[rows])], columns.start, forward, rows
        )
        by_target = block.T[: len(backward.cosines[columns])]
        _enter(by_target, rows.start, backward, columns)
    return forward, backward


def nearest(queries, index, *, block_bytes=BLOCK_BYTES):
    """Finds the nearest row of an index by cosine, for each query.

    Args:
        queries: float array (n, h). For Tatoeba the English sentences.
        index: float array (m, h). For Tatoeba those of the other language.
        block_bytes: int. Size of one block of cosines.

    Returns:
        An int64 array (n,) of rows of `index`; of equals the lowest.

    Raises:
        InputError: If shapes do not fit, a number is not finite, or there are
            queries but nothing to find.

    Source: Artetxe and Schwenk, 2019, https://arxiv.org/abs/1812.10464.
    """
    names = ("query", "index")
    queries, index = _checked(queries, index, names)
    if len(queries) and not len(index):
        raise InputError(
            f"There are {len(queries)} queries but the index has 0 rows; it "
            "needs at least one."
        )
    found = np.zeros(len(queries), dtype=np.int64)
    highest = np.full(len(queries), -np.inf, dtype=np.float32)
    for rows, columns, block in _blocks(queries, index, block_bytes, names):
        block = block[: len(found[rows])]
        column = block.argmax(axis=1)
        value = block[np.arange(len(block)), column]
        # Strictly: columns come in ascending order, and equals stay first.
        better = value > highest[rows]
        highest[rows][better] = value[better]
        found[rows][better] = columns.start + column[better]
    return found


def highest(queries, index, num, *, block_bytes=BLOCK_BYTES):
    """Finds the rows of an index that are nearest to each query by cosine.

    Of equal cosines the HIGHER index comes first: as in LAReQA's reference,
    which reverses a stable ascending sort.

    Args:
        queries: float array (n, h).
        index: float array (m, h); may be a mapped file, of which a block at a
            time is read.
        num: int. k; an index of fewer rows offers all it has.
        block_bytes: int. Size of one block of cosines.

    Returns:
        `Neighbours` (n, min(k, m)).

    Raises:
        InputError: If shapes do not fit or a number is not finite.
    """
    names = ("query", "index")
    queries, index = _checked(queries, index, names)
    found = _none_yet(len(queries), min(num, len(index)))
    # Backwards: what enters first stays before its equals.
    backwards = _blocks(queries, index[::-1], block_bytes, names)
    for rows, columns, block in backwards:
        _enter(block[: len(found.cosines[rows])], columns.start, found, rows)
    return Neighbours(found.cosines, len(index) - 1 - found.indices)


def _checked(source, target, names=SIDES):
    """Returns both sides as arrays (n, h), (m, h), or raises."""
    sides = []
    for name, side in zip(names, (source, target), strict=True):
        side = np.asarray(side)
        if side.ndim != 2 or side.dtype.kind != "f":
            raise InputError(
                f"The {name} embeddings must be floats of shape (sentences, "
                f"hidden), such as float32. Received: {side.dtype} "
                f"{side.shape}."
            )
        sides.append(side)
    source, target = sides
    if source.shape[1] != target.shape[1]:
        raise InputError(
            f"The {names[0]} and {names[1]} embeddings must be of one model, "
            f"with one size. Received: {source.shape} and {target.shape}."
        )
    return source, target


def _blocks(source, target, block_bytes, names=SIDES):
    """Yields all cosines, a block at a time, columns within rows.

    Each block is overwritten by the next. Its sides are multiples of `GROUP`;
    what is beyond the last sentence is -inf, which is never a neighbour.

    Yields:
        Two slices, of source and of target, and a float32 array whose part
        [:rows, :columns] has their cosines.
    """
    if block_bytes < 4 * GROUP**2:
        raise InputError(
            f"block_bytes must be at least {4 * GROUP**2}, a block of {GROUP} "
            f"x {GROUP} cosines. Received: {block_bytes}."
        )
    if not len(source) or not len(target):
        return
    side = int((block_bytes / 4) ** 0.5)
    height = min(_whole_groups(len(source)), side // GROUP * GROUP)
    width = min(_whole_groups(len(target)), side // GROUP * GROUP)
    source_norms = _norms(source, names[0])
    target_norms = _norms(target, names[1])
    # Allocated once: fresh pages for every block take longer than to fill.
    space = np.empty(height * width, dtype=np.float32)
    source_space = np.empty((height, source.shape[1]), dtype=np.float32)
    target_space = np.empty((width, target.shape[1]), dtype=np.float32)
    for rows in _steps(len(source), height):
        x = _unit_rows(source, source_norms, rows, source_space)
        for columns in _steps(len(target), width):
            y = _unit_rows(target, target_norms, columns, target_space)
            block = space[: len(x) * len(y)].reshape(len(x), len(y))
            np.matmul(x, y.T, out=block)
            block[rows.stop - rows.start :] = -np.inf
            block[:, columns.stop - columns.start :] = -np.inf
            yield rows, columns, block


def _whole_groups(num):
    """Rounds up to a multiple of `GROUP`."""
    return -(-num // GROUP) * GROUP


def _steps(num, step):
    """Yields slices that cover range(num)."""
    for start in range(0, num, step):
        yield slice(start, min(start + step, num))


def _norms(embeddings, name):
    """Returns the lengths (n,) of rows, as float32; 1 for rows of zeros."""
    norms = np.empty(len(embeddings), dtype=np.float32)
    for rows in _steps(len(embeddings), 1024):
        with np.errstate(over="ignore"):
            part = embeddings[rows].astype(np.float32).astype(np.float64)
            norms[rows] = np.sqrt(np.einsum("ij,ij->i", part, part))
    wrong = np.flatnonzero(~np.isfinite(norms))
    if len(wrong):
        raise InputError(
            f"Embeddings must be finite, but {len(wrong)} {name} rows are "
            f"not, the first at {wrong[0]}. Look at the model that made them."
        )
    norms[norms == 0] = 1
    return norms


def _unit_rows(embeddings, norms, rows, space):
    """Writes some rows at length 1, and rows of zeros to a whole group."""
    num = rows.stop - rows.start
    unit = space[: _whole_groups(num)]
    np.divide(
        embeddings[rows].astype(np.float32, copy=False),
        norms[rows, None],
        out=unit[:num],
    )
    unit[num:] = 0
    return unit


def _none_yet(num, num_neighbours):
    """Returns `Neighbours` that any cosine replaces."""
    shape = num, num_neighbours
    return Neighbours(
        np.full(shape, -np.inf, dtype=np.float32),
        np.zeros(shape, dtype=np.int64),
    )


def _enter(block, start, neighbours, rows):
    """Lets the highest cosines of a block enter among the neighbours.

    Takes from each row its highest cosine while it is above the lowest that
    the row has, which is at most k times, and mostly not once. Sorting or
    partitioning whole blocks would take longer than to compute them.

    Args:
        block: float32 array (rows, columns), columns in whole groups. It may
            be a transposed view. Is as before at return.
        start: int. Index of the block's first column.
        neighbours: `Neighbours` from columns before `start`; changed.
        rows: slice. Rows of `neighbours` that the block's rows are.
    """
    cosines, indices = neighbours.cosines[rows], neighbours.indices[rows]
    groups = block.reshape(len(block), -1, GROUP)
    highest = np.ascontiguousarray(groups.max(axis=2))
    left = np.arange(len(block))
    taken = []
    for _ in range(cosines.shape[1]):
        group = highest[left].argmax(axis=1)
        value = highest[left, group]
        # Strictly: what is there has a lower index, and so has the first of
        # equals, which argmax takes.
        enters = value > cosines[left, -1]
        left, group, value = left[enters], group[enters], value[enters]
        if not len(left):
            break
        column = group * GROUP + groups[left, group].argmax(axis=1)
        all_cosines = np.column_stack([cosines[left], value])
        all_indices = np.column_stack([indices[left], start + column])
        order = np.argsort(-all_cosines, axis=1, kind="stable")[:, :-1]
        cosines[left] = np.take_along_axis(all_cosines, order, axis=1)
        indices[left] = np.take_along_axis(all_indices, order, axis=1)
        block[left, column] = -np.inf
        highest[left, group] = groups[left, group].max(axis=1)
        taken.append((left, column, value))
    for row, column, value in taken:
        block[row, column] = value

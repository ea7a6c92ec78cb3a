"""The Hub's layout: where a task's rows lie, and how they make one table."""

import collections
import functools

from stilts_keras.errors import InputError


def expected_places(task, language, split):
    """Names the files, in a data folder, of one language and split.

    Args:
        task: `Task`.
        language: str.
        split: str. `train`, `dev` or `test`.

    Returns:
        str. Paths below the folder, joined by `and` and `or`.
    """
    places = [
        " and ".join(
            f"{repository.id}/{config}/{name}.parquet"
            for config, name in pieces(repository, language, split)
        )
        for repository in task.repositories
        if repository.may_hold(language, split)
    ]
    return " or ".join(places)


def pieces(repository, language, split):
    """Lists what one language and split of a repository is made of.

    Args:
        repository: `Repository`.
        language: str.
        split: str. One that the repository has.

    Returns:
        List of (configuration, the repository's name of a split).
    """
    return [
        (config, name)
        for part in repository.parts or [None]
        for config in repository.configs_for(language, part)
        for name in repository.splits[split].split("+")
    ]


def with_task_columns(rows, repository):
    """Gives the columns of a repository the names that the Task has for them.

    Args:
        rows: `datasets.Dataset`.
        repository: `Repository` that they are from.

    Returns:
        A `datasets.Dataset`.
    """
    names = {
        theirs: ours
        for ours, theirs in repository.columns.items()
        if theirs in rows.column_names and ours not in rows.column_names
    }
    return rows.rename_columns(names) if names else rows


def language_of(value):
    """Reads the language from a row's value in the language column."""
    return str(value).partition("-")[0]


def field_values(values, path):
    """Takes a field of objects, such as `language` of `context.language`.

    Args:
        values: list. Of the column before the first `.`.
        path: str.

    Returns:
        List; None where there is no such field.
    """
    for name in path.split(".")[1:]:
        values = [
            item.get(name) if isinstance(item, dict) else None
            for item in values
        ]
    return values


def stack(tables):
    """Joins the parts of a task.

    The columns `part` and `part_row` tell which is which, and where a row
    stands in its own file.

    Args:
        tables: dict from a part's name to its `datasets.Dataset`; the one
            key None where the task has no parts.

    Returns:
        A `datasets.Dataset`.

    Raises:
        InputError: If columns of one name differ in type.
    """
    import datasets

    if list(tables) == [None]:
        return tables[None]
    tables = _with_ids_as_text(tables)
    named = [
        rows.add_column("part", [part] * len(rows)).add_column(
            "part_row", range(len(rows))
        )
        for part, rows in tables.items()
    ]
    try:
        return datasets.concatenate_datasets(named)
    except ValueError as error:
        kinds = "; ".join(
            f"{part}: {', '.join(f'{k} {v.dtype}' for k, v in found.items())}"
            for part, found in (
                (part, rows.features) for part, rows in tables.items()
            )
        )
        raise InputError(
            f"Columns of one name differ in type ({kinds}). Give all ids and "
            "sentences as text."
        ) from error


def select_language(rows, repository, language, task):
    """Keeps one language's rows where a configuration holds several.

    Args:
        rows: `datasets.Dataset`.
        repository: `Repository` that they are from.
        language: str.
        task: `Task`.

    Returns:
        A `datasets.Dataset`.

    Raises:
        InputError: If the column that names the languages is not there, or
            a row lacks it.
    """
    column = repository.language_column
    if not column:
        return rows
    whole = column.partition(".")[0]
    if whole not in rows.column_names:
        raise InputError(
            f"The rows of task {task.name!r} in {repository.id!r} have no "
            f"column {column!r}, which names each row's language. Give the "
            "Hub's columns."
        )
    name = repository.language_name(language)
    values = field_values(rows[whole][:], column)
    if None in values:
        raise InputError(
            f"Row {values.index(None)} of task {task.name!r} in "
            f"{repository.id!r} has null in {column}, which names each row's "
            "language. Mend the row."
        )
    return rows.select(
        [
            index
            for index, value in enumerate(values)
            if language_of(value) == name
        ]
    )


def select_split(rows, repository, split, task):
    """Keeps one split's rows where the data set has no official splits.

    Args:
        rows: `datasets.Dataset`.
        repository: `Repository` that they are from.
        split: str. `train`, `dev` or `test`.
        task: `Task`.

    Returns:
        A `datasets.Dataset`.

    Raises:
        InputError: If the column that decides is not there, or a row lacks it.
    """
    column = repository.split_column
    if not column:
        return rows
    if column not in rows.column_names:
        raise InputError(
            f"The rows of task {task.name!r} in {repository.id!r} have no "
            f"column {column!r}, which decides what split a row is in. Give "
            "the Hub's columns."
        )
    return rows.select(
        numbers_in_split(rows[column][:], repository, split, task)
    )


def numbers_in_split(values, repository, split, task):
    """Lists the numbers of the rows of one split; see `select_split`.

    Args:
        values: list. Of the column that decides.
        repository: `Repository` that they are from.
        split: str. `train`, `dev` or `test`.
        task: `Task`.

    Raises:
        InputError: If a row lacks a text.
    """
    for number, value in enumerate(values):
        if not isinstance(value, str):
            raise InputError(
                f"Row {number} of task {task.name!r} in {repository.id!r} has "
                f"{value!r} in {repository.split_column}, whose text decides "
                "what split a row is in. Mend the row."
            )
    return [
        number
        for number, value in enumerate(values)
        if repository.split_of(value) == split
    ]


def split_text(repository, split):
    """Says which share of the rows makes a split; for fingerprints.

    Args:
        repository: `Repository`.
        split: str. `train`, `dev` or `test`.

    Returns:
        str; empty where the data set has official splits.
    """
    if not repository.split_column:
        return ""
    shares = ",".join(f"{x}={n}" for x, n in repository.split_shares.items())
    return f" {split} of {shares} by the wording of {repository.split_column}"


def with_audio_of(rows, task):
    """Drops the audio columns that a task does not read; decodes none.

    `datasets` would decode each as soon as a row is looked at.

    Args:
        rows: `datasets.Dataset`.
        task: `Task`.

    Returns:
        A `datasets.Dataset` whose audio columns hold bytes and paths.
    """
    undecoded = {
        name: _undecoded(feature) for name, feature in rows.features.items()
    }
    audio = [name for name, found in undecoded.items() if found is not None]
    wanted = [name for name in audio if name in task.columns]
    rows = rows.remove_columns([name for name in audio if name not in wanted])
    for name in wanted:
        if undecoded[name] != rows.features[name]:
            rows = rows.cast_column(name, undecoded[name])
    return rows


def _undecoded(feature):
    """Returns an audio feature that decodes nothing; None for other ones."""
    import datasets

    if isinstance(feature, datasets.Audio):
        return datasets.Audio(decode=False)
    if isinstance(feature, datasets.List):
        inner = _undecoded(feature.feature)
        return None if inner is None else datasets.List(inner)
    # As files hold it that were not written by `datasets`.
    plain = {
        "bytes": datasets.Value("binary"),
        "path": datasets.Value("string"),
    }
    return feature if feature == plain else None


def _with_ids_as_text(tables):
    """Turns columns of numbers into text where another part has text."""
    import datasets

    kinds = collections.defaultdict(set)
    for rows in tables.values():
        for column, feature in rows.features.items():
            kinds[column].add(getattr(feature, "dtype", None))
    mixed = [
        column
        for column, found in kinds.items()
        if len(found) > 1 and found <= {"int32", "int64", "string"}
    ]
    text = datasets.Value("string")
    return {
        part: functools.reduce(
            lambda rows, column: rows.cast_column(column, text),
            [column for column in mixed if column in rows.features],
            rows,
        )
        for part, rows in tables.items()
    }

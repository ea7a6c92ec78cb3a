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

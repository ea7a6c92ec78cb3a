"""Which rows the queries of a target are searched among."""


def pool_of(task, data, split):
    """Lists the rows whose candidates make a target's one pool.

    Languages that are not evaluated are part of it: a smaller pool would be
    another task.

    Args:
        task: `Task`. The target.
        data: a data source of `data.sources`.
        split: str. What the target is evaluated on.

    Returns:
        List of (`Task`, language, split); empty where there is no pool of all
        languages.
    """
    if task.kind.pool != "all":
        return []
    if task.candidates is not None:
        return [(task.candidates, task.candidates.language, "test")]
    return [(task, language, split) for language in data.languages(task, split)]

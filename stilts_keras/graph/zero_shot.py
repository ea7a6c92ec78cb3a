"""Which languages stages were trained in: where a target is zero-shot."""


def trained_languages(target, stage):
    """Returns the languages that stages trained a target task in.

    Its training tasks, and tasks that share its head, count as the target
    task. Retrieval is never trained.

    Args:
        target: Task.
        stage: Stage or None. The last one before the evaluation.

    Returns:
        Set of str: where the target is not zero-shot.
    """
    if not target.kind.is_trained or stage is None:
        return set()
    return {
        source.language
        for earlier in stage.chain
        for source in earlier.sources
        if source.task.name
        in (target.name, target.train_task, *target.train_first)
        or source.task.head_key == target.head_key
    }


def seen_languages(stage):
    """Returns the languages of whatever stages trained, up to this one.

    What the backbone was pretrained on is not known here.

    Args:
        stage: Stage or None. The last one before the evaluation.

    Returns:
        Set of str.
    """
    return {
        source.language
        for earlier in (stage.chain if stage else ())
        for source in earlier.sources
    }

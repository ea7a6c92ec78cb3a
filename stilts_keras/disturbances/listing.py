"""What `stilts tasks` prints of disturbances."""

from stilts_keras.disturbances import DISTURBANCES


def lines(tasks):
    """Yields a line for each disturbance.

    Args:
        tasks: iterable of Task. Those that hold disturbed rows of another.
    """
    for disturbance in DISTURBANCES.values():
        settings = [disturbance.at(severity) for severity in range(1, 6)]
        *milder, last = [str(each).partition(": ")[2] for each in settings]
        numbers = [text.partition(" ")[0] for text in milder]
        yield f"disturbance {disturbance.name}: {', '.join(numbers)}, {last}"
    for task in tasks:
        if task.disturbs:
            yield f"disturbance {task.disturbance}@{task.disturbs}: {task.name}"

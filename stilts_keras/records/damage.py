"""What is done where a file does not match its checksum."""

from stilts_keras.errors import DamageError
from stilts_keras.errors import unknown

ON_DAMAGE = ("remake", "fail")


class Damages:
    """Takes note of damage, or raises it, as the user wants.

    Attributes:
        notes: list of str. What was found damaged and is made again.
    """

    def __init__(self, on_damage="remake"):
        """Has met no damage.

        Args:
            on_damage: str. `remake` or `fail`.

        Raises:
            InputError: If it is neither.
        """
        if on_damage not in ON_DAMAGE:
            raise unknown("on_damage", str(on_damage), ON_DAMAGE)
        self._is_raised = on_damage == "fail"
        self.notes = []

    def meet(self, error):
        """Notes what is to be made again.

        Args:
            error: DamageError.

        Raises:
            DamageError: If the user wants to know first.
        """
        if self._is_raised:
            raise DamageError(
                f"{error} Pass --on_damage=remake to have it made again."
            ) from error
        note = f"Damaged, and made again: {error}"
        if note not in self.notes:
            self.notes.append(note)

"""Examples that are disturbed as they are read."""

from stilts_keras.data.rows import ChangingReader


class DisturbingReader(ChangingReader):
    """Disturbs each Example that is read.

    Attributes:
        num_changed: int. How often a row that was read came out changed.
    """

    def __init__(self, reader, setting, **names):
        """Takes a reader and what disturbs.

        Args:
            reader: `RowReader`.
            setting: `disturbances.Setting`.
            **names: task, language and split, of which `setting` draws.
        """
        super().__init__(reader, setting.name)
        self._setting = setting
        self._names = names
        self.num_changed = 0

    def _changed(self, index, item, lightly):
        is_audio = self._reader.reads == "audio"
        if lightly and is_audio:
            # Nothing was decoded; it was disturbed when it was packed.
            self.num_changed += 1
            return item
        number = self._reader.number(index)
        changed = self._setting.apply(item, number=number, **self._names)
        # Recordings cannot be told alike by a comparison.
        self.num_changed += is_audio or changed != item
        return changed

    def notes(self, title, is_read):
        """Lists what is to be said: how much of what is changed.

        Args:
            title: str. Task, language and split.
            is_read: bool. Whether all rows have been read.
        """
        notes = [str(self._setting)]
        if is_read and self._setting.severity and not self.num_changed:
            name = self._setting.name
            notes.append(f"{name}: no row of {title} has what it changes")
        return notes

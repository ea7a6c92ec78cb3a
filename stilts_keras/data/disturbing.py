"""Examples that are disturbed as they are read."""

import dataclasses


class DisturbingReader:
    """A `RowReader` between whose reading and all else a disturbance stands.

    So features, gold and whatever is shown of a row are of one Example.

    Attributes:
        says: str. What is done to the rows, for messages.
        num_changed: int. How often a row that was read came out changed.
    """

    def __init__(self, reader, setting, **names):
        """Takes a reader and what disturbs.

        Args:
            reader: `RowReader`.
            setting: `disturbances.Setting`.
            **names: task, language and split, of which `setting` draws.
        """
        self._reader = reader
        self._setting = setting
        self._names = names
        self.num_changed = 0
        self.says = f"{reader.says}, {setting.name}"

    def __getattr__(self, name):
        """Gives all that the reader itself has."""
        return getattr(self._reader, name)

    def read(self, index, row, lightly=False):
        """Reads a row; see `RowReader.read`."""
        reading = self._reader.read(index, row, lightly)
        if reading.item is None:
            return reading
        is_audio = self._reader.reads == "audio"
        if lightly and is_audio:
            # Nothing was decoded; it was disturbed when it was packed.
            self.num_changed += 1
            return reading
        number = self._reader.number(index)
        item = self._setting.apply(reading.item, number=number, **self._names)
        # Recordings cannot be told alike by a comparison.
        self.num_changed += is_audio or item != reading.item
        return dataclasses.replace(reading, item=item)

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

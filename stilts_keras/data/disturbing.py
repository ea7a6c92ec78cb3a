"""Examples that are disturbed as they are read."""

import dataclasses


class DisturbingReader:
    """A `RowReader` between whose reading and all else a disturbance stands.

    So features, gold and whatever is shown of a row are of one Example.
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

    def __getattr__(self, name):
        """Gives all that the reader itself has."""
        return getattr(self._reader, name)

    def read(self, index, row, lightly=False):
        """Reads a row; see `RowReader.read`."""
        reading = self._reader.read(index, row, lightly)
        # What was not decoded has nothing to be disturbed.
        is_light = lightly and self._reader.reads == "audio"
        if reading.item is None or is_light:
            return reading
        number = self._reader.number(index)
        item = self._setting.apply(reading.item, number=number, **self._names)
        return dataclasses.replace(reading, item=item)

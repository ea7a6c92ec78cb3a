"""Amounts as plans write them; None is unknown."""


def _scaled(value, units):
    for unit in units[:-1]:
        if value < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:,.3g}{units[-1]}"


def short(value):
    """Writes a number such as `512k`."""
    if value is None:
        return "unknown"
    return _scaled(value, ("", "k", "M", "G", "T"))


def num_bytes(value):
    """Writes a number of bytes such as `1.11 GB`."""
    if value is None:
        return "unknown"
    return _scaled(value, (" B", " kB", " MB", " GB", " TB"))


def power(value):
    """Writes a number such as `2.6e+14`."""
    return "unknown" if value is None else f"{value:.1e}" if value else "0"

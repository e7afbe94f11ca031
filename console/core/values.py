"""Numbers as an operator reads them."""


def bare_number(value: float) -> str:
    """Return a number with about three significant digits, thousands separated: `5.42`, `0.017`, `231,880`."""
    size = abs(value)
    if size >= 1000 or value == int(value):
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    return f"{value:.2g}" if size < 0.001 else f"{value:.3f}".rstrip("0").rstrip(".")


def format_value(value: float, unit: str) -> str:
    """Return a value with its unit: `5.42 %`, `3.21 s`, `$0.02`, `12`."""
    number = bare_number(value)
    if unit == "$":
        return f"${number}"
    return f"{number} {unit}" if unit else number


def format_range(low: float, high: float, unit: str) -> str:
    """Return from what to what a value may be, with its unit: `0.005–1.4 %`."""
    return format_value(high, unit).replace(bare_number(high), f"{bare_number(low)}–{bare_number(high)}", 1)

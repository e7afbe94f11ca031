"""Say what was measured of a metric."""

from console.core.judging import Judged
from console.core.thresholds import Thresholds
from console.core.values import bare_number, format_value
from console.core.words import SHORT_MARK

BOUND_PERCENT = 10.0
"""What a rate of which no hit was seen may be at most is shown from here on; above, it says nothing."""


def shown_value(thresholds: Thresholds, judged: Judged) -> str:
    """Return the value as an operator reads it: `5.42 %`, `12/100 samples`, `0 of 18,204 (< 0.017 %)`, `no data`.

    A count of log lines says on how many lines only while it is 0; otherwise it would read as a share of them. Where
    lines may be missing, a count is `≥3 of 18,204` and any other value `5.42 %, short`.
    """
    if judged.value is None:
        return "0 of 0" if judged.samples == 0 else "no data"
    if judged.samples is not None and judged.samples < thresholds.min_samples and not judged.bad:
        return f"{judged.samples:,}/{thresholds.min_samples:,} samples"
    if thresholds.is_zero_tolerance and judged.samples is not None:
        hits = judged.bad if judged.bad is not None else round(judged.value)
        # Rule of three: with no hit in n, the rate is below 3/n with 95 % confidence.
        is_bounded = hits == 0 and 300 / judged.samples < BOUND_PERCENT and not judged.short and not judged.unread
        if hits and thresholds.counts_lines:
            return f"{SHORT_MARK if judged.short else ''}{format_value(judged.value, thresholds.unit)}"
        bound = f" (< {bare_number(300 / judged.samples)} %)" if is_bounded else ""
        return f"{SHORT_MARK if judged.short else ''}{hits:,} of {judged.samples:,}{bound}"
    return format_value(judged.value, thresholds.unit) + (", short" if judged.short else "")

"""Single settings of a recorded rollout."""

import pytest

from console.core.rollout import Rollout
from console.spec.changes import changed
from console.spec.load import load
from console.spec.problems import RolloutFileError


@pytest.fixture
def recorded() -> Rollout:
    """The shipped rollout as a session keeps it."""
    rollout = load("stateless-orchestration", {}).rollout
    return Rollout.model_validate(rollout.model_dump(mode="json", by_alias=True, exclude_unset=True))


def test_settings_change_keys_of_metrics_and_nothing_else(recorded: Rollout) -> None:
    made = changed(
        recorded,
        ["error_rate.critical=> 3%", "error_rate.for=5m", "error_rate.warning=null", "health.on={critical: hold}"],
    )

    metric = made.metrics["error_rate"]
    assert (metric.critical, metric.for_, metric.warning) == ("> 3%", 300.0, None)
    assert made.metrics["health"].on.critical == "hold"
    assert {name for name in made.metrics if made.metrics[name] != recorded.metrics[name]} == {"error_rate", "health"}
    assert made.phases == recorded.phases


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "error_rate.critical=> 3 parsecs",
            "metrics.error_rate.critical: parsecs cannot be compared with a metric in %",
        ),
        ("eror_rate.critical=> 3%", "eror_rate.critical: there is no metric eror_rate; did you mean error_rate?"),
        ("error_rate.critcal=> 3%", "metrics.error_rate.critcal: this key is not known here; did you mean critical?"),
        (
            "error_rate.for=5",
            "metrics.error_rate.for: found the number 5; expected a duration such as 500ms, 30s, 5m, 48h or 7d",
        ),
        ("error_rate.min_samples=x", "metrics.error_rate.min_samples: found 'x'; expected a whole number"),
        (
            "error_rate.target=< 3%",
            "metrics.error_rate.warning: a value can be on target and warning at once; change one of the two",
        ),
        ("error_rate", "this is no setting; write metric.key=value, such as error_rate.critical='> 3%'"),
        (
            "error_rate.window=1h",
            "metrics.error_rate.window: a query metric was measured then, and cannot be measured otherwise now; change"
            " its conditions; what is measured can be changed for metrics of events",
        ),
        ("\x1b[31m.critical=> 3%", "\\x1b[31m.critical: there is no metric"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_place_and_a_remedy(
    recorded: Rollout, setting: str, said: str
) -> None:
    with pytest.raises(RolloutFileError) as caught:
        changed(recorded, [setting])

    assert len(caught.value.problems) == 1
    assert said in str(caught.value)
    assert str(caught.value).startswith("--set ")
    assert "\x1b" not in str(caught.value)


def test_what_was_wrong_with_the_recorded_rollout_before_is_not_told(recorded: Rollout) -> None:
    http = recorded.metrics["health"].http
    assert http is not None
    masked = recorded.model_copy(
        update={
            "metrics": {
                **recorded.metrics,
                "health": recorded.metrics["health"].model_copy(
                    update={"http": http.model_copy(update={"url": "***"})}
                ),
            }
        }
    )

    assert changed(masked, ["health.for=2m"]).metrics["health"].for_ == 120.0

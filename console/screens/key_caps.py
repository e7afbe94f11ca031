"""Which keys the last line shows for a frame: the ways out first, then what else works now."""

from console.actions import KEYS, LADDER_KEYS, LADDER_ORDERS, NOT_IN_VIEWS, Key
from console.core.action_frame import ActionView, AttemptView
from console.core.frame import Frame
from console.core.verdict import Verdict
from widgets.key_bar import KeyCap

_WEIGHTS = {"rollback": 0, "step_down": 1, "advance": 2}


def ladder_keys(attempt: AttemptView) -> tuple[tuple[str, str], ...]:
    """Return the keys that steer the ladder of an attempt now, with their labels."""
    return tuple((key.shown, key.label) for key in LADDER_KEYS if LADDER_ORDERS[key.id] in attempt.orders)


def _action_cap(action: ActionView, frame: Frame) -> KeyCap:
    lit = [panel.verdict for panel in frame.panels for key in panel.keys if key.is_lit and key.action == action.action]
    worst = max(lit, key=lambda verdict: verdict.rank, default=None)
    is_early = action.kind == "advance" and not frame.phase.may_advance
    return KeyCap(
        key=action.key,
        label=action.title,
        weight=_WEIGHTS.get(action.kind, 4) if action.is_available else 11,
        is_dim=is_early or not action.is_available,
        lit=worst if worst in (Verdict.CRITICAL, Verdict.WARNING) and action.is_available else None,
    )


def _automatic_caps(key: Key, frame: Frame) -> list[KeyCap]:
    automatic = frame.automatic
    if automatic is None or not (automatic.metric or automatic.disarmed):
        return []
    if automatic.metric:
        return [KeyCap(key.shown, "Halt the rollback", 0, lit=Verdict.CRITICAL)]
    return [KeyCap(key.shown, "Arm again", 8)]


def key_caps(frame: Frame, *, may_act: bool, steered: AttemptView | None, is_view: bool = False) -> tuple[KeyCap, ...]:
    """Return the keys of the last line."""
    keyed = [action for action in frame.actions if action.key] if may_act else []
    caps = [_action_cap(action, frame) for action in keyed if not action.out_of_place]
    taken = {action.key for action in keyed}
    shown = {"has_views": frame.views, "has_kpis": frame.kpis, "has_matrix": frame.matrices}
    for key in KEYS:
        if key.weight is None or key.shown in taken or (is_view and key in NOT_IN_VIEWS):
            continue
        if key.guard == "is_holding" and (steered is None or LADDER_ORDERS[key.id] not in steered.orders):
            continue
        if key.guard == "is_automatic":
            caps += _automatic_caps(key, frame) if may_act else []
            continue
        if key.guard == "has_alerts" and not any(alert.key for alert in frame.alerts):
            continue
        if not shown.get(key.guard, True):
            continue
        if key.guard == "has_incidents" and all(found.is_settled for found in frame.incidents):
            continue
        caps.append(KeyCap(key.shown, key.label, key.weight))
    return tuple(caps)

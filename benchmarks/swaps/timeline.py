"""Which versions an answer may have come from, by when the route was changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

SEEN_WITHIN_S = 1.0  # a change is promised to be seen by every gateway process so soon after it was answered


@dataclass(slots=True)
class Change:
    """A change of all calls to one version: when it was asked for and when it was answered."""

    version: int
    asked: float
    answered: float | None = None


@dataclass(slots=True)
class Timeline:
    """Every change in its order; the first is the state at the beginning."""

    changes: list[Change] = field(default_factory=list)

    def begin(self, version: int, at: float) -> Change:
        change = Change(version, at)
        self.changes.append(change)
        return change

    def allowed(self, sent: float, received: float) -> set[int]:
        """The versions that a call may have been answered by that was sent and received at these moments: each that
        was the route at some time between, where a change may show from its asking on and must show by SEEN_WITHIN_S
        after its answer."""
        found = set()
        for i, change in enumerate(self.changes):
            following = self.changes[i + 1] if i + 1 < len(self.changes) else None
            ends = float("inf") if following is None or following.answered is None else (
                following.answered + SEEN_WITHIN_S)
            if change.asked <= received and ends >= sent:
                found.add(change.version)
        return found

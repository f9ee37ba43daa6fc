"""The tables of budgets: what may be spent in a window, and which alerts it fired. Part of `billing.models`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel import clock

__all__ = ["AlertFired", "Budget"]


class Budget(models.Model):
    """How much an organization, or one of its keys, means to spend in a day or a month.

    A hard budget is a limit that no call passes; a soft one only tells. `thresholds` are percents, ascending.
    """

    class Window(models.TextChoices):
        DAY = "day"
        MONTH = "month"

    organization = models.ForeignKey("accounts.Organization", on_delete=models.PROTECT, related_name="+")
    key_id = models.BigIntegerField(null=True, help_text="null: the whole organization")
    name = models.CharField(max_length=80)
    window = models.CharField(max_length=5, choices=Window, default=Window.MONTH)
    amount_minor = models.BigIntegerField()
    hard = models.BooleanField(default=False)
    thresholds = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "billing_budget"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="budget_amount", condition=Q(amount_minor__gte=0)),
            models.CheckConstraint(name="budget_window", condition=Q(window__in=["day", "month"])),
        ]


class AlertFired(models.Model):
    """A threshold that a budget reached in one of its windows. The unique index is why it is told once."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="alerts")
    period_start = models.DateField()
    threshold = models.PositiveIntegerField(help_text="percent")
    spent_minor = models.DecimalField(max_digits=38, decimal_places=12, help_text="exact, when it was noticed")
    fired_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "billing_alert_fired"
        ordering = ["-fired_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["budget", "period_start", "threshold"], name="alert_once")]

"""The portal's forms: they clean text; services decide."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.money import EXPONENTS
from kernel.problems import Problem
from marketplace.accounts.permissions import ROLE_PERMISSIONS, SCOPES

FIELD = {"class": "field field-lg"}
SMALL = {"class": "field"}
ROLES = {
    "owner": _("Owner: everything"), "admin": _("Admin: everything but ownership"),
    "developer": _("Developer: keys, calls, models"), "billing": _("Billing: usage, invoices, payments"),
    "viewer": _("Viewer: look only"),
}


class AddressForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({**FIELD, "autocomplete": "email"}))
    organization = forms.CharField(
        label=_("Organization"), max_length=120, widget=forms.TextInput({**FIELD, "autocomplete": "organization"})
    )


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 8 characters."),
        widget=forms.PasswordInput({**FIELD, "autocomplete": "new-password"}),
    )


class SignUpForm(NewPasswordForm, AddressForm):
    """All at once, where no letters go out: address, organization, password."""


class LoginForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({**FIELD, "autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput({**FIELD, "autocomplete": "current-password"})
    )


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What will call with it, such as “staging server”."),
        widget=forms.TextInput({**SMALL, "autocomplete": "off"})
    )
    mode = forms.ChoiceField(
        label=_("Mode"), choices=[("live", _("Live: calls are billed")), ("test", _("Test: calls are free"))],
        widget=forms.Select(SMALL)
    )
    scopes = forms.MultipleChoiceField(
        label=_("May do"), choices=[(scope, scope) for scope in SCOPES], initial=["predict"], required=False,
        widget=forms.CheckboxSelectMultiple
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({**SMALL, "autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=[(role, ROLES[role]) for role in ROLE_PERMISSIONS],
                             initial="developer", widget=forms.Select(SMALL))


class OrganizationForm(forms.Form):
    name = forms.CharField(label=_("Name of the organization"), max_length=120, widget=forms.TextInput(SMALL))


class PasswordForm(forms.Form):
    current = forms.CharField(label=_("Current password"),
                              widget=forms.PasswordInput({**SMALL, "autocomplete": "current-password"}))
    new = forms.CharField(label=_("New password"), help_text=_("At least 8 characters."),
                          widget=forms.PasswordInput({**SMALL, "autocomplete": "new-password"}))


def minor_units(raw: str, currency: str) -> int:
    """An amount that a person typed, in whole minor units: ``12.50`` is 1250. Problem validation_error otherwise."""
    try:
        minor = Decimal(raw.strip().replace(",", "")).scaleb(EXPONENTS[currency])
    except InvalidOperation:
        raise Problem("validation_error", str(_("An amount is a number such as 250."))) from None
    if not minor.is_finite() or minor != minor.to_integral_value() or not 0 <= minor < 10**12:
        raise Problem("validation_error", str(_("An amount is a number such as 250.")))
    return int(minor)

"""The portal's forms: they clean text; services decide."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

FIELD = {"class": "field field-lg"}


class SignUpForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({**FIELD, "autocomplete": "email"}))
    organization = forms.CharField(
        label=_("Organization"), max_length=120, widget=forms.TextInput({**FIELD, "autocomplete": "organization"})
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 8 characters."),
        widget=forms.PasswordInput({**FIELD, "autocomplete": "new-password"}),
    )


class LoginForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({**FIELD, "autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput({**FIELD, "autocomplete": "current-password"})
    )


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, widget=forms.TextInput({"class": "field", "autocomplete": "off"})
    )
    mode = forms.ChoiceField(
        label=_("Mode"), choices=[("live", _("Live")), ("test", _("Test"))], widget=forms.Select({"class": "field"})
    )
